// Browser windows, each a person of the demo in a profile of their own.

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import { until } from '../../interop/support/until.mjs'

export const CHROMIUM =
  process.env.PLENARY_CHROMIUM ??
  ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(path => existsSync(path))

/** How long a browser may take until it is there; on a busy machine that is long. */
export const START_WITHIN_MS = 120_000

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

const STATES = { 'Saved': 'saved', 'Kept on this device only': 'on-this-device', 'NOT kept: leave this page open': 'not-kept' }

/** A browser with an empty profile; `complaints` gathers errors of pages and requests to other origins. */
export async function startBrowser() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS, timeout: START_WITHIN_MS })
  return { browser, complaints: [], stop: () => browser.close() }
}

/** Signs in by the link of one of the demo's people and shows the list of statements. */
export async function signIn({ browser, complaints }, demo, person, { isShared = false, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  watch(page, person, demo, complaints)
  await useLink(page, demo.people[person], isShared)
  return page
}

/** Follows a sign-in link and says whose computer this is. */
export async function useLink(page, link, isShared = false) {
  await page.goto(link)
  if (isShared) await page.getByRole('checkbox').check()
  await page.locator('form button.primary').click()
  await page.locator('main.list h1').waitFor()
}

/** Opens the statement of the demo as one of its people and waits for the text. */
export async function open(chromium, demo, person, options = {}) {
  const page = await signIn(chromium, demo, person, options)
  await page.locator('a.statement').first().click()
  return showText(page, person)
}

/** The window of a page that shows a statement, once its text is there. */
export async function showText(page, person) {
  const text = page.locator('.plenary-text:not(.plenary-note) > .ProseMirror')
  await text.waitFor()
  return new Window(page, text, person)
}

/** Notes what a page should never do. `also`: another host that it may ask. */
export function watch(page, who, demo, complaints, also = '') {
  page.on('pageerror', error => complaints.push(`${who}: ${error.stack}`))
  page.on('console', message => {
    // While the server is away requests fail, as they should.
    const isExpected = /ERR_CONNECTION|ERR_EMPTY_RESPONSE|WebSocket connection to|status of 401/.test(message.text())
    if (message.type() === 'error' && !isExpected) complaints.push(`${who}: ${message.text()}`)
  })
  const isForeign = url => !['data:', 'blob:'].includes(new URL(url).protocol) && ![demo.listen, also].includes(new URL(url).host)
  page.on('request', request => isForeign(request.url()) && complaints.push(`${who} asked ${request.url()}`))
  page.on('websocket', socket => isForeign(socket.url()) && complaints.push(`${who} asked ${socket.url()}`))
}

export class Window {
  constructor(page, editor, person) {
    Object.assign(this, { page, editor, person })
  }

  /** The lines of the text, as a reader sees them, without the names at others' cursors. */
  lines() {
    return this.editor.evaluate(root =>
      [...root.children].map(line => {
        const copy = line.cloneNode(true)
        for (const widget of copy.querySelectorAll('.ProseMirror-widget')) widget.remove()
        return copy.textContent.replaceAll('\uFEFF', '')
      }),
    )
  }

  async text() {
    return (await this.lines()).join('\n')
  }

  /** Puts the cursor at the end of the line that holds `words`. */
  async goToEndOf(words) {
    await this.editor.evaluate((root, words) => {
      const line = [...root.children].find(line => line.textContent.includes(words))
      root.focus()
      getSelection().selectAllChildren(line)
      getSelection().collapseToEnd()
      // The editor hears of it in a task of its own; a key must not come first.
      return new Promise(resolve => setTimeout(resolve))
    }, words)
  }

  type(text) {
    return this.page.keyboard.type(text)
  }

  /** What the page says about the words in it. */
  status() {
    return this.page.locator('plenary-status .status').textContent().then(words => words.trim())
  }

  /** Waits for the words, and until they are true to the letter: a write that has just begun changes none of them. */
  says(words) {
    const state = STATES[words]
    const isSo = () => this.page.evaluate(state => document.querySelector('plenary-editor').saveState === state, state)
    return until(`${this.person} is told "${words}"`, async () => (await this.status()) === words && (!state || (await isSo())))
  }

  saved() {
    return this.says('Saved')
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
