// Serves the page of the store's tests, bundled anew, and opens it in a browser profile on disk.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { FirefoxBrowser } from './firefox.mjs'
import { CHROMIUM, FLAGS, START_WITHIN_MS } from './windows.mjs'

const WEB_CLIENT = fileURLToPath(new URL('../../../web-client/', import.meta.url))

async function bundle() {
  const vite = createRequire(join(WEB_CLIENT, 'package.json')).resolve('vite')
  const { build } = await import(pathToFileURL(vite))
  const yjs = createRequire(join(WEB_CLIENT, 'package.json')).resolve('yjs').replace(/\.cjs$/, '.mjs')
  const entry = fileURLToPath(new URL('store-page.ts', import.meta.url))
  const built = await build({
    root: WEB_CLIENT,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: { yjs } },
    build: { write: false, lib: { entry, formats: ['es'], fileName: 'page' } },
  })
  return [built].flat()[0].output[0].code
}

/** The page at an address of its own; `/sandboxed` is the same page where storage is forbidden. */
export async function servePage() {
  const script = await bundle()
  const server = createServer((request, response) => {
    if (request.url === '/page.js') {
      return response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' }).end(script)
    }
    const policy = request.url === '/sandboxed' ? { 'content-security-policy': 'sandbox allow-scripts' } : {}
    response.writeHead(200, { 'content-type': 'text/html', ...policy })
    response.end('<!doctype html><title>store</title><script type="module" crossorigin src="/page.js"></script>')
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${server.address().port}`
  return { origin, stop: () => server.close() }
}

/** A browser profile on disk that can be closed and opened again. */
export class Profile {
  folder = mkdtempSync(join(tmpdir(), 'plenary-profile-'))

  async start() {
    this.context = await chromium.launchPersistentContext(this.folder, { executablePath: CHROMIUM, args: FLAGS, timeout: START_WITHIN_MS })
    return this
  }

  /** A tab on the page, ready. */
  async tab(origin, path = '/') {
    const page = await this.context.newPage()
    return ready(page, origin + path)
  }

  /** What IndexedDB has on the disk. */
  diskBytes() {
    const sizeOf = path =>
      statSync(path).isDirectory()
        ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
        : statSync(path).size
    return sizeOf(join(this.folder, 'Default', 'IndexedDB'))
  }

  close() {
    return this.context.close()
  }

  /** The whole browser goes down in the middle of what it does. */
  async crash(page) {
    const ended = new Promise(resolve => this.context.once('close', resolve))
    const devtools = await this.context.newCDPSession(page)
    devtools.send('Browser.crash').catch(() => {})
    await ended
  }

  async stop() {
    await this.context.close().catch(() => {})
    // A process of the browser's may still be ending, and write.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** The same in Firefox, with settings of its own. */
export class FirefoxProfile extends FirefoxBrowser {
  constructor(preferences = {}) {
    super()
    Object.assign(this.preferences, preferences)
  }

  async start() {
    await this.open()
    return this
  }

  async tab(origin, path = '/') {
    return ready(await this.page(), origin + path)
  }
}

/** Brings the page up; resolves to it. */
export async function ready(page, url) {
  await page.goto(url)
  await page.waitForFunction(() => window.plenary)
  return page
}

/** Rows and bytes of an account, counted past the store. */
export const rows = (tab, account) => tab.evaluate(account => plenary.rows(account), account)

/** A tab that shows `document` of `account` as `plenary.opened.it`; of either browser's driver. */
export async function openDocument(page, account, document = 'doc') {
  const tab = await page
  const reopen = () =>
    tab.evaluate(async ([account, document]) => {
      plenary.opened.it = await plenary.open(account, document)
    }, [account, document])
  await reopen()
  return {
    page: tab,
    text: () => tab.evaluate(() => plenary.opened.it.text()),
    troubles: () => tab.evaluate(() => plenary.opened.it.troubles),
    loadFailed: () => tab.evaluate(() => plenary.opened.it.loadFailed),
    type: words => tab.evaluate(words => plenary.opened.it.type(words), words),
    draft: (edits, lengthMax) => tab.evaluate(args => plenary.opened.it.draft(...args), [edits, lengthMax]),
    evaluate: (work, argument) => tab.evaluate(work, argument),
    reload: async () => {
      await ready(tab, tab.url())
      await reopen()
    },
    close: () => tab.close(),
  }
}
