// Serves the page of the store's tests, bundled anew, and opens it in a browser profile on disk.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { CHROMIUM, FLAGS } from './windows.mjs'

const WEB_CLIENT = fileURLToPath(new URL('../../../web-client/', import.meta.url))

async function bundle() {
  const vite = createRequire(join(WEB_CLIENT, 'package.json')).resolve('vite')
  const { build } = await import(pathToFileURL(vite))
  const yjs = createRequire(join(WEB_CLIENT, 'package.json')).resolve('yjs').replace(/\.cjs$/, '.mjs')
  const [output] = [
    await build({
      root: WEB_CLIENT,
      configFile: false,
      logLevel: 'error',
      resolve: { alias: { yjs } },
      build: {
        write: false,
        lib: { entry: fileURLToPath(new URL('store-page.ts', import.meta.url)), formats: ['es'], fileName: 'page' },
      },
    }),
  ].flat()
  return output.output[0].code
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
    this.context = await chromium.launchPersistentContext(this.folder, { executablePath: CHROMIUM, args: FLAGS })
    return this
  }

  /** A tab on the page, ready. */
  async tab(origin, path = '/') {
    const page = await this.context.newPage()
    return ready(page, origin + path)
  }

  /** What IndexedDB has on the disk. */
  diskBytes() {
    const sizes = path => (statSync(path).isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizes(join(path, name)), 0) : statSync(path).size)
    return sizes(join(this.folder, 'Default', 'IndexedDB'))
  }

  close() {
    return this.context.close()
  }

  async stop() {
    await this.context.close().catch(() => {})
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export async function ready(page, url) {
  await page.goto(url)
  await page.waitForFunction(() => window.plenary)
  return page
}
