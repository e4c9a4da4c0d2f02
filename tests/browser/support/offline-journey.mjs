// A statement on a bad line, in any browser: what is done to the page by keyboard, all that it tells people meanwhile,
// and the others who write in the same text. Playwright's and Puppeteer's pages have enough in common to be one here.

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { Proxy } from '../../interop/support/proxy.mjs'
import { BINARY, hasFaults } from '../../interop/support/server.mjs'
import { Demo } from './demo.mjs'
import { until } from '../../interop/support/until.mjs'

const TOLD = 'told:'

/** The demo's server behind a line that can be cut, and with a disk that can be held up. */
export class Place {
  faults = mkdtempSync(join(tmpdir(), 'plenary-faults-'))

  static async open() {
    if (!hasFaults()) {
      throw new Error(`no server with test hooks at ${BINARY}: cargo build -p plenary-cli --features plenary-cli/faults`)
    }
    const place = new Place()
    // The hooks of a binary built with `faults`; each server looks into the folder it was started with.
    process.env.PLENARY_FAULTS = place.faults
    place.demo = await Demo.start()
    const { demo } = place
    place.line = await Proxy.to({ get port() { return Number(new URL(demo.address).port) } })
    place.origin = `http://${place.line.address}`
    return place
  }

  /** The sign-in link of a person, by way of the line. */
  link(person) {
    return this.demo.people[person].replace(this.demo.address, this.origin)
  }

  /** From now on nothing reaches the disk of the server; returns what ends that and tells when it did. */
  holdFlush() {
    const file = join(this.faults, 'hold-flush')
    writeFileSync(file, '')
    return () => {
      rmSync(file, { force: true })
      return Date.now()
    }
  }

  /** As if the power failed, and came back. */
  async restart() {
    await this.demo.kill()
    await this.demo.start()
  }

  async stop() {
    this.line.stop()
    rmSync(join(this.faults, 'hold-flush'), { force: true })
    await this.demo.stop()
    rmSync(this.faults, { recursive: true, force: true })
  }
}

/**
 * Runs in the page, before anything of it: says on the console each state of the words, as hosts hear it and as people read it,
 * the moment it changes.
 */
export function observeWords() {
  const tell = entry => console.debug(`told:${JSON.stringify({ at: Date.now(), ...entry })}`)
  let last = null
  const look = () => {
    const bar = document.querySelector('plenary-editor')?.shadowRoot?.querySelector('plenary-status')?.shadowRoot
    const status = bar?.querySelector('.status')
    const words = status?.textContent.trim() || null
    if (words === last) return
    last = words
    tell({ words, tone: ['good', 'busy', 'warn', 'bad'].find(tone => status?.classList.contains(tone)) })
  }
  const observer = new MutationObserver(look)
  const attachShadow = Element.prototype.attachShadow
  Element.prototype.attachShadow = function (options) {
    const root = attachShadow.call(this, options)
    observer.observe(root, { subtree: true, childList: true, characterData: true, attributes: true })
    return root
  }
  addEventListener('plenary-save-state', ({ detail: { state, pending } }) => tell({ state, pending }))
}

// What the page says in each state of the words; where there is more than one, it depends on the line and on what is pending.
const WORDS = {
  'saved': ['Saved', 'Up to date', 'No connection to the server.'],
  'saving': ['Saving…', 'Opening…', 'No connection to the server.'],
  'on-this-device': ['Kept on this device only'],
  'not-kept': ['NOT kept: leave this page open'],
  'refused': ['Refused: here is your text'],
  'replaced': ['This text was replaced'],
  'unconfirmed': ['Sent; this server does not confirm'],
}

// What may still be read for a moment while a person types, so that the words do not change twice with each key: see
// packages/embed/src/steady-status.ts. Nothing here is called saved that is not.
const LATE = {
  'saving': ['Kept on this device only', 'No connection to the server.'],
  'saved': ['Saving…'],
}
// The longest of these moments is half a second; the rest is for a busy machine.
const LATE_MAX_MS = 5_000

/** All that a page told about the words in it. */
export class Told {
  entries = []
  #state = null
  #words = null
  /** Since when the words are those of a moment ago. */
  #lateSince = null

  constructor(page) {
    page.on('console', message => {
      if (!message.text().startsWith(TOLD)) return
      const entry = JSON.parse(message.text().slice(TOLD.length))
      this.entries.push(entry)
      if (entry.state) this.#state = entry.state
      else this.#words = entry.words
      this.#compare(entry)
    })
  }

  /** People and programs are told the same. */
  #compare({ at, state }) {
    const isTrue = !this.#words || WORDS[this.#state]?.includes(this.#words)
    // A new state comes before its words do, in the same moment.
    const isLate = LATE[this.#state]?.includes(this.#words) || state !== undefined
    if (this.#lateSince !== null && at - this.#lateSince > LATE_MAX_MS) {
      this.contradiction ??= `"${this.#words}" for ${at - this.#lateSince} ms, when it was no longer so`
    }
    if (isTrue) this.#lateSince = null
    else if (isLate) this.#lateSince ??= at
    else this.contradiction ??= `"${this.#words}" in the state "${this.#state}"`
  }

  /** The words are not those of a moment ago. */
  get isExact() {
    return WORDS[this.#state]?.includes(this.#words) ?? false
  }

  /** A mark in time, for `since`. */
  now() {
    return this.entries.length
  }

  /** What people could read since a mark, in short: of what came again and again, how often. */
  summary(mark) {
    const told = this.since(mark)
    const again = i => told[i] === told[i - 2] && told[i + 1] === told[i - 1]
    const shown = told.filter((_, i) => i < 2 || !(again(i) || again(i - 1)))
    return shown.join(' > ') + (shown.length < told.length ? ` (${told.length} times in all)` : '')
  }

  /** What people could read since a mark, without repetition in a row. */
  since(mark) {
    const words = this.entries.slice(mark).flatMap(({ words }) => (words ? [words] : []))
    return words.filter((word, i) => word !== words[i - 1])
  }

  /** The states that programs heard since a mark. */
  statesSince(mark) {
    return this.entries.slice(mark).flatMap(({ state }) => (state ? [state] : []))
  }
}

/** A tab of one person with the statement of the demo. */
export class Tab {
  static async on(page, who) {
    const tab = new Tab()
    Object.assign(tab, { page, who, told: new Told(page) })
    await (page.addInitScript ?? page.evaluateOnNewDocument).call(page, observeWords)
    return tab
  }

  // --- the way to the text ---

  /** Signs in by a link and goes to the first statement, as a person does; waits until all is saved. */
  async enter(link, { isShared = false } = {}) {
    await this.page.goto(link)
    await this.press('Sign in', { first: () => this.#choose(isShared) })
    await this.press('Joint stakeholder submission')
    await this.shows()
    await this.says('Saved')
  }

  /** Opens the statement by its address. */
  async goto(url) {
    await this.page.goto(url)
    await this.shows()
  }

  /** Waits for the text. */
  async shows() {
    await until(`the text is shown to ${this.who}`, () => this.page.evaluate(() =>
      (document.querySelector('.plenary-text:not(.plenary-note) > .ProseMirror')?.children.length ?? 0) > 0))
    this.url = await this.page.evaluate(() => location.href)
  }

  /** The page starts without a line from now on. */
  canStartOffline() {
    return this.page.evaluate(() => navigator.serviceWorker.ready.then(() => true))
  }

  // --- what a person does ---

  /** Puts the cursor at the end of the line that holds `words`. */
  goToEndOf(words) {
    return this.page.evaluate(words => {
      const root = document.querySelector('.plenary-text:not(.plenary-note) > .ProseMirror')
      root.focus()
      getSelection().selectAllChildren([...root.children].find(line => line.textContent.includes(words)))
      getSelection().collapseToEnd()
      // The editor hears of it in a task of its own; a key must not come first.
      return new Promise(resolve => setTimeout(resolve))
    }, words)
  }

  type(words) {
    return this.page.keyboard.type(words)
  }

  /** Puts words in at once, as a dictation does, after a key: browsers ask before a page is left only if there was one. */
  async insert(words) {
    await this.type(' ')
    await this.page.evaluate(words => document.execCommand('insertText', false, words), words)
  }

  /** Presses the button or link that begins with `label`, wherever it is. */
  async press(label, { first } = {}) {
    await until(`${this.who} finds "${label}"`, () => this.#find(label, false))
    await first?.()
    await this.#find(label, true)
  }

  /** Presses `Try now` where it is offered: with some luck the page was faster. */
  hurry() {
    return this.#find('Try now', true)
  }

  #find(label, isPressed) {
    return this.page.evaluate(([label, isPressed]) => {
      const seek = root => [...root.querySelectorAll('*')].reduce((found, node) =>
        found ?? (node.matches('button, a') && node.checkVisibility() && node.textContent.trim().startsWith(label) ? node : null) ??
        (node.shadowRoot ? seek(node.shadowRoot) : null), null)
      const found = seek(document)
      if (isPressed) found?.click()
      return found !== null
    }, [label, isPressed])
  }

  /** The page suggests what was chosen the last time. */
  #choose(isShared) {
    return this.page.evaluate(isShared => {
      const box = document.querySelector('input[type=checkbox]')
      if (box.checked !== isShared) box.click()
    }, isShared)
  }

  /** Asks the editor, as a host does, to send what waits. */
  flush(timeoutMs) {
    return this.page.evaluate(timeoutMs => document.querySelector('plenary-editor').flush(timeoutMs), timeoutMs)
  }

  // --- what a person sees ---

  /** What the status line says now. */
  words() {
    return this.page.evaluate(() => document.querySelector('plenary-editor')?.shadowRoot
      ?.querySelector('plenary-status')?.shadowRoot?.querySelector('.status')?.textContent.trim())
  }

  /** Waits for the status line, until we were told of it, and until it is true to the letter. */
  async says(words, deadlineMs) {
    const isSaid = async () => (await this.words()) === words && this.told.since(0).at(-1) === words && this.told.isExact
    await until(`${this.who} is told "${words}"`, isSaid, deadlineMs).catch(error => {
      throw new Error(`${error.message}; was told ${this.told.since(0).slice(-8).join(', ')}`)
    })
    assert.equal(this.told.contradiction, undefined)
  }

  /** All that can be read on the page outside of the text, shadows included. */
  notices() {
    return this.page.evaluate(() => {
      const read = root => [...root.querySelectorAll('*')].map(node =>
        [...node.childNodes].filter(child => child.nodeType === 3).map(child => child.data).join('') +
        (node.shadowRoot ? read(node.shadowRoot) : '')).join('\n')
      return read(document.querySelector('plenary-notices')?.shadowRoot ?? document.createElement('p'))
    })
  }

  reads(words) {
    return until(`${this.who} reads "${words}"`, async () => (await this.notices()).includes(words))
  }

  /** The text as it stands on the page. */
  text() {
    return this.page.evaluate(() => {
      const root = document.querySelector('.plenary-text:not(.plenary-note) > .ProseMirror')
      return [...(root?.children ?? [])].map(line => {
        const copy = line.cloneNode(true)
        for (const widget of copy.querySelectorAll('.ProseMirror-widget')) widget.remove()
        return copy.textContent.replaceAll('\uFEFF', '')
      }).join('\n')
    })
  }

  seesText(words) {
    return until(`${this.who} sees "${words}"`, async () => (await this.text()).includes(words))
  }

  /** The shared text beneath the page. */
  delta() {
    return this.page.evaluate(() => JSON.stringify(document.querySelector('plenary-editor').content.doc.getText('body').toDelta()))
  }
}

/** Somebody with another editor, straight at the server: nothing of ours but the server is between them and the text. */
export class Coauthor {
  static async open(demo, person) {
    const coauthor = new Coauthor()
    coauthor.person = person
    coauthor.demo = demo
    const secret = new URLSearchParams(new URL(demo.people[person]).hash.slice(1)).get('sign-in')
    const signedIn = await fetch(new URL('/api/v1/session/link', demo.address), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ secret }),
    })
    const headers = { cookie: signedIn.headers.getSetCookie()[0].split(';')[0], origin: demo.address }
    coauthor.headers = headers
    coauthor.me = await coauthor.ask('GET', '/api/v1/me')
    coauthor.statement = coauthor.me.statements[0]
    coauthor.doc = new Y.Doc()
    coauthor.provider = new WebsocketProvider(
      `${demo.address.replace('http', 'ws')}/sync`,
      coauthor.statement.documents.body,
      coauthor.doc,
      {
        WebSocketPolyfill: class extends WebSocket {
          constructor(url, protocols) {
            super(url, protocols, { headers })
            this.on('error', () => {})
          }
        },
        disableBc: true,
        maxBackoffTime: 200,
      },
    )
    await until(`${person} has the text`, () => coauthor.provider.synced)
    return coauthor
  }

  async ask(method, path, body) {
    const answer = await fetch(new URL(path, this.demo.address), {
      method,
      headers: { ...this.headers, ...(body ? { 'content-type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.status === 204 ? undefined : answer.json()
  }

  get body() {
    return this.doc.getText('body')
  }

  /** An embed is one character long, as U+FFFC is. */
  get text() {
    return this.body.toDelta().map(({ insert }) => (typeof insert === 'string' ? insert : '\uFFFC')).join('')
  }

  /** The line that holds `words`, from and to, its break not counted. */
  #line(words) {
    const at = this.text.indexOf(words)
    assert.ok(at >= 0, `${this.person} has "${words}"`)
    return { from: this.text.lastIndexOf('\n', at) + 1, to: this.text.indexOf('\n', at) }
  }

  /** Writes at the end of the line that holds `words`. */
  write(words, more) {
    this.body.insert(this.#line(words).to, more)
  }

  /** Takes out the line that holds `words`, its break too. */
  remove(words) {
    const { from, to } = this.#line(words)
    this.body.delete(from, to + 1 - from)
  }

  /** Makes a heading of the line that holds `words`. */
  makeHeading(words) {
    this.body.format(this.#line(words).to, 1, { header: 2 })
  }

  sees(words) {
    return until(`${this.person} sees "${words}"`, () => this.text.includes(words))
  }

  delta() {
    return JSON.stringify(this.body.toDelta())
  }

  setRole(name, role) {
    const { id } = this.statement.group
    return this.ask('GET', `/api/v1/groups/${id}/members`).then(({ members }) => {
      const { user } = members.find(member => member.user.name.startsWith(name))
      return this.ask('PATCH', `/api/v1/groups/${id}/members/${user.id}`, { role })
    })
  }

  leave() {
    this.provider.destroy()
    this.doc.destroy()
  }
}

/** What is on the server's disk, told to somebody who was never there before. */
export async function stored(demo) {
  const late = await Coauthor.open(demo, 'jon')
  const { text } = late
  const delta = late.delta()
  late.leave()
  return { text, delta }
}

/** `ilse-0. ilse-1.`: each word can be told from all others. */
export const words = (who, from, to) => Array.from({ length: to - from }, (_, i) => `${who}-${from + i}.`)

/** Each of the words is in the text exactly once. */
export function assertEachOnce(text, expected) {
  assert.deepEqual(expected.filter(word => text.split(word).length !== 2), [], 'each word is there exactly once')
}

/** Fails unless nothing but `allowed` was told since `mark`, and `last` in the end. */
export function assertTold(tab, mark, allowed, last = allowed.at(-1)) {
  const told = tab.told.since(mark)
  assert.deepEqual(told.filter(words => !allowed.includes(words)), [], `told only ${allowed.join(', ')}, not ${told.join(', ')}`)
  assert.equal(told.at(-1) ?? last, last)
  assert.equal(tab.told.contradiction, undefined)
}

/** Whether a file of a browser's profile holds `words`, as browsers write text: in one byte or two a letter. */
export function isOnDisk(folder, words) {
  const forms = [Buffer.from(words, 'utf8'), Buffer.from(words, 'utf16le')]
  return readdirSync(folder, { withFileTypes: true, recursive: true }).some(entry => {
    if (!entry.isFile()) return false
    try {
      const bytes = readFileSync(join(entry.parentPath ?? entry.path, entry.name))
      return forms.some(form => bytes.includes(form))
    } catch {
      // The browser took it away meanwhile.
      return false
    }
  })
}

export const SAVING = 'Saving…'
export const SAVED = 'Saved'
export const KEPT = 'Kept on this device only'
export const NOT_KEPT = 'NOT kept: leave this page open'
export const REFUSED = 'Refused: here is your text'
export const OPENING = 'Opening…'
export const NO_LINE = 'No connection to the server.'

// Long enough for a server whose disk is not held up to answer many times over.
const HELD_MS = 700

/**
 * The journey. `browser` is one browser with a profile on disk: `open()` starts it and resolves to a page, `close()` ends
 * it as a person does. Resolves to what the person was told, step by step.
 */
export async function offlineJourney(browser) {
  const steps = []
  const place = await Place.open()
  const { demo, line } = place
  const others = []
  try {
    let tab = await Tab.on(await browser.open(), 'ilse')
    let mark = 0
    const step = (what, allowed, last) => {
      steps.push(`${what}: ${tab.told.summary(mark)}`)
      assertTold(tab, mark, allowed, last)
      mark = tab.told.now()
    }

    await tab.enter(place.link('ilse'))
    await tab.canStartOffline()
    const [safiya, renee] = await Promise.all([Coauthor.open(demo, 'safiya'), Coauthor.open(demo, 'renee')])
    others.push(safiya, renee)
    step('opens', [OPENING, SAVED])

    // Nothing reaches the server's disk: nothing is called saved, and nobody else sees it.
    let release = place.holdFlush()
    await tab.goToEndOf('This submission covers')
    for (const word of words('held', 0, 6)) await tab.type(` ${word}`)
    assert.equal(await tab.flush(HELD_MS), 'pending')
    assert.ok(!tab.told.statesSince(mark).includes('saved'), 'nothing is saved while the disk is held')
    assert.ok(!safiya.text.includes('held-0.'))
    const releasedAt = release()
    await tab.says(SAVED)
    assert.ok(tab.told.entries.slice(mark).find(({ state }) => state === 'saved').at >= releasedAt)
    await Promise.all([safiya.sees('held-5.'), renee.sees('held-5.')])
    step('writes while the disk is held, then not', [SAVING, SAVED])

    // What was just called saved is on disk, whatever happens the next moment.
    await tab.type(' at-once.')
    await tab.says(SAVING)
    await tab.says(SAVED)
    await demo.kill()
    await demo.start()
    assert.ok((await stored(demo)).text.includes('at-once.'))
    step('the server is killed right after', [SAVING, NO_LINE, SAVED])

    line.goDark()
    await tab.type(' cut-0.')
    for (const word of words('cut', 1, 8)) await tab.type(` ${word}`)
    await tab.says(KEPT)
    await tab.reads('What you write is kept on this device and goes to the server when the connection is back.')
    await tab.goToEndOf('Two requests to visit')
    for (const word of words('apart', 0, 5)) await tab.type(` ${word}`)
    await tab.says(KEPT)
    step('writes without a line', [SAVING, KEPT])
    const { url } = tab
    assert.deepEqual(await browser.close(), [], 'no warning when it is closed, for nothing would be lost')

    // Meanwhile two others write, and the server is killed between them.
    safiya.write('This submission covers', ' safiya-before.')
    renee.makeHeading('Two requests to visit')
    await renee.sees('safiya-before.')
    await place.restart()
    safiya.write('Two requests to visit', ' safiya-after.')
    renee.write('This submission covers', ' renee-after.')
    await Promise.all([renee.sees('safiya-after.'), safiya.sees('renee-after.')])

    tab = await Tab.on(await browser.open(), 'ilse')
    mark = 0
    await tab.goto(url)
    await tab.seesText('apart-4.')
    await tab.says(KEPT)
    assertEachOnce(await tab.text(), [...words('cut', 0, 8), ...words('apart', 0, 5)])
    assert.ok(!(await tab.text()).includes('safiya-'))
    step('opens again without a line', [OPENING, SAVING, NO_LINE, KEPT])
    await tab.goToEndOf('This submission covers')
    const again = words('again', 0, 6)
    for (const word of again) await tab.type(` ${word}`)
    await tab.says(KEPT)
    // Calmly: a write that takes long is told, but not each key.
    const changes = tab.told.since(mark).length
    assert.ok(changes <= again.length, `the words under the text changed ${changes} times while ${again.join(' ').length} keys were pressed`)
    step('writes on without a line', [SAVING, KEPT])

    // Back, while the disk is held; and the server dies before it has written anything.
    release = place.holdFlush()
    line.comeBack()
    await tab.hurry()
    await tab.says(SAVING)
    assert.equal(await tab.flush(HELD_MS), 'pending')
    assert.ok(!tab.told.statesSince(mark).includes('saved'), 'nothing is saved while the disk is held')
    await demo.kill()
    release()
    await tab.says(KEPT)
    step('the line is back and the server dies at it', [SAVING, KEPT])
    await demo.start()
    await tab.says(SAVED)
    step('the server is back', [SAVING, KEPT, SAVED])

    const expected = [
      ...words('held', 0, 6), 'at-once.', ...words('cut', 0, 8), ...words('apart', 0, 5), ...words('again', 0, 6),
      'safiya-before.', 'safiya-after.', 'renee-after.',
    ]
    // Killed once more: what is called saved is there for somebody who comes later.
    await place.restart()
    const late = await stored(demo)
    assertEachOnce(late.text, expected)
    assert.ok(!(await tab.notices()).includes('While you were away'), 'others only added to what was there')
    await until('all have the same', async () =>
      [await tab.delta(), safiya.delta(), renee.delta()].every(delta => delta === late.delta)).catch(async error => {
      for (const delta of [await tab.delta(), safiya.delta(), renee.delta()]) assert.equal(delta, late.delta, error.message)
    })
    assertEachOnce(await tab.text(), expected)
    const isHeading = await tab.page.evaluate(() =>
      [...document.querySelectorAll('.ProseMirror h2')].some(line => line.textContent.includes('apart-4.')))
    assert.ok(isHeading, 'words and heading both stay')
    await browser.close()
    return steps
  } finally {
    for (const other of others) other.leave()
    await browser.stop()
    await place.stop()
  }
}
