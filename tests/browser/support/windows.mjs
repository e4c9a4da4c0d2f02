// Browser windows, each a person of the demo in a profile of their own.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { until } from './until.mjs'

export const CHROMIUM =
  process.env.PLENARY_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path => existsSync(path))

// No sandbox, because tests in containers run as root; the rest keeps the browser from asking anything of anybody.
export const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A browser with an empty profile; `complaints` gathers errors of pages and requests to other origins. */
export async function startBrowser() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  return { browser, complaints: [], stop: () => browser.close() }
}

/** Opens `demo` as one of its people and waits for the text. */
export async function open({ browser, complaints }, demo, person, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  watch(page, person, demo, complaints)
  await page.goto(demo.people[person])
  const text = page.locator('.ql-editor')
  await text.waitFor()
  return new Window(page, text, person)
}

/** Notes what a page should never do. */
export function watch(page, who, demo, complaints) {
  page.on('pageerror', error => complaints.push(`${who}: ${error.stack}`))
  page.on('console', message => {
    // While the server is away requests fail, as they should.
    const isExpected = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket connection to|status of 401/.test(message.text())
    if (message.type() === 'error' && !isExpected) complaints.push(`${who}: ${message.text()}`)
  })
  const isForeign = url => !['data:', 'blob:'].includes(new URL(url).protocol) && new URL(url).host !== demo.listen
  page.on('request', request => isForeign(request.url()) && complaints.push(`${who} asked ${request.url()}`))
  page.on('websocket', socket => isForeign(socket.url()) && complaints.push(`${who} asked ${socket.url()}`))
}

export class Window {
  constructor(page, editor, person) {
    Object.assign(this, { page, editor, person })
  }

  /** The lines of the text, as a reader sees them. */
  lines() {
    return this.editor.evaluate(root =>
      [...root.querySelectorAll(':scope > :not(ol), li')].map(line => line.textContent.replaceAll('\uFEFF', '')),
    )
  }

  async text() {
    return (await this.lines()).join('\n')
  }

  /** Puts the cursor at the end of the line that holds `words`. */
  async goToEndOf(words) {
    await this.editor.evaluate((root, words) => {
      const line = [...root.querySelectorAll(':scope > :not(ol), li')].find(line => line.textContent.includes(words))
      root.focus()
      getSelection().selectAllChildren(line)
      getSelection().collapseToEnd()
    }, words)
  }

  type(text) {
    return this.page.keyboard.type(text)
  }

  /** What the page says about its connection. */
  connection() {
    return this.page.locator('.connection').textContent()
  }

  connected() {
    return until(`${this.person} is connected`, async () => (await this.connection()) === 'Connected')
  }

  seesText(words) {
    return until(`${this.person} sees "${words}"`, async () => (await this.text()).includes(words))
  }
}

/** All windows show the same lines; returns them. */
export async function sameLines(...windows) {
  let last = []
  await until('the windows show the same', async () => {
    last = await Promise.all(windows.map(window => window.lines()))
    return last.every(lines => JSON.stringify(lines) === JSON.stringify(last[0]))
  }).catch(error => {
    for (const lines of last) assert.deepEqual(lines, last[0], error.message)
    throw error
  })
  return last[0]
}
