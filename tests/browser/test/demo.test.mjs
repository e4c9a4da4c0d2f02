// The demo, as the people who try it see it.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { Demo } from '../support/demo.mjs'
import { until } from '../support/until.mjs'
import { open, sameLines, startBrowser, watch } from '../support/windows.mjs'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

let demo, chromium

before(async () => {
  ;[demo, chromium] = await Promise.all([Demo.start(), startBrowser()])
})

after(async () => {
  await chromium?.stop()
  await demo?.stop()
  assert.deepEqual(chromium?.complaints, [], 'no page erred, broke its content policy or asked another origin')
})

const close = (...windows) => Promise.all(windows.map(window => window.page.context().close()))

/** `ilse-0 ilse-1 …`: each word can be told from all others. */
const words = (who, from, to) => Array.from({ length: to - from }, (_, i) => `${who}-${from + i}.`)

async function typeWords(window, who, from, to) {
  for (const word of words(who, from, to)) await window.type(` ${word}`)
}

function assertEachOnce(lines, expected) {
  const text = lines.join('\n')
  const counts = expected.map(word => text.split(word).length - 1)
  assert.deepEqual(expected.filter((_, i) => counts[i] !== 1), [], 'each word is there exactly once')
}

test('two windows write at once, the server is killed meanwhile, and nothing typed is lost', async () => {
  const [ilse, safiya] = await Promise.all([open(chromium, demo, 'ilse'), open(chromium, demo, 'safiya')])
  await ilse.goToEndOf('This submission covers')
  await safiya.goToEndOf('Each section below')

  // Before, across, and after the kill: both keep typing all the time.
  const writing = [typeWords(ilse, 'ilse', 0, 40), typeWords(safiya, 'safiya', 0, 40)]
  await safiya.seesText('ilse-5.')
  await demo.kill()
  await Promise.all(writing)
  for (const window of [ilse, safiya]) {
    await until('the page says that it keeps the words', async () =>
      (await window.connection()).startsWith('Reconnecting: your words are kept in this page'),
    )
  }
  // While both are alone: one types in a paragraph, the other makes it a heading.
  await typeWords(ilse, 'alone', 0, 10)
  await safiya.goToEndOf('This submission covers')
  await safiya.page.getByLabel('Kind of line').selectOption('Heading')
  assert.equal((await ilse.text()).includes('safiya-39.'), false, 'the windows have no other way to each other')

  await demo.start()
  await Promise.all([ilse.connected(), safiya.connected()])
  const expected = [...words('ilse', 0, 40), ...words('safiya', 0, 40), ...words('alone', 0, 10)]
  await safiya.seesText('alone-9.')
  await ilse.seesText('safiya-39.')
  const lines = await sameLines(ilse, safiya)
  assertEachOnce(lines, expected)
  const heading = await ilse.editor.locator('h2', { hasText: 'This submission covers' }).textContent()
  assert.ok(heading.includes('alone-9.'), 'words and heading both stay')

  // What they see now is on disk: killed again, it is all there for somebody who comes later.
  await demo.kill()
  await demo.start()
  const renee = await open(chromium, demo, 'renee')
  assert.deepEqual(await renee.lines(), lines)
  await close(ilse, safiya, renee)
})

test('an observer reads along and is seen, but cannot type', async () => {
  const [ilse, jon] = await Promise.all([open(chromium, demo, 'ilse'), open(chromium, demo, 'jon')])
  await until('Ilse sees that Jon is here', () => ilse.page.locator('.presence', { hasText: 'Jon Aruk' }).count())
  assert.match(await jon.page.locator('.note').textContent(), /You are an observer here/)
  assert.equal(await jon.editor.getAttribute('contenteditable'), 'false')
  assert.equal(await jon.page.getByRole('toolbar').count(), 0)

  const before = await jon.lines()
  await jon.goToEndOf('Two requests to visit')
  await jon.type('scribble')
  await jon.page.keyboard.press('Backspace')
  assert.deepEqual(await jon.lines(), before)

  await ilse.goToEndOf('Two requests to visit')
  await ilse.type(' Read along.')
  await jon.seesText('Read along.')
  assert.ok(!(await sameLines(ilse, jon)).join('\n').includes('scribble'))
  await close(ilse, jon)
})

test('a text that is frozen can no longer be changed in open windows, and can again once it is reopened', async () => {
  const [ilse, safiya] = await Promise.all([open(chromium, demo, 'ilse'), open(chromium, demo, 'safiya')])
  const moveTo = stage =>
    ilse.page.evaluate(async to => {
      const { statements } = await (await fetch('/api/v1/me')).json()
      const answer = await fetch(`/api/v1/statements/${statements[0].id}/stage`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ to }),
      })
      if (!answer.ok) throw new Error(await answer.text())
      // The page asks every 20 s and when somebody comes back to it.
      document.dispatchEvent(new Event('visibilitychange'))
    }, stage)
  const comeBack = () => safiya.page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
  const isEditable = async value => {
    await comeBack()
    return (await safiya.editor.getAttribute('contenteditable')) === value
  }

  await moveTo('frozen')
  await safiya.goToEndOf('Mobile internet was switched off')
  await safiya.type(' Too late.')
  await until('the text is fixed', () => isEditable('false'))
  assert.match(await safiya.page.locator('.note').textContent(), /at the stage “Frozen”/)
  await safiya.page.locator('.note', { hasText: 'came after that and were not taken' }).waitFor()
  assert.ok(!(await ilse.text()).includes('Too late.'))
  await moveTo('draft')
  await until('the text is open again', () => isEditable('true'))
  await safiya.connected()
  await ilse.seesText('Too late.')
  await safiya.goToEndOf('Two requests to visit')
  await safiya.type(' Thawed.')
  await ilse.seesText('Thawed.')
  await sameLines(ilse, safiya)
  await close(ilse, safiya)
})

test('undo takes back one’s own words only', async () => {
  const [ilse, safiya] = await Promise.all([open(chromium, demo, 'ilse'), open(chromium, demo, 'safiya')])
  await ilse.goToEndOf('Mobile internet was switched off')
  await ilse.type(' mine-one')
  await safiya.seesText('mine-one')
  await safiya.goToEndOf('Mobile internet was switched off')
  await safiya.type(' hers')
  await ilse.seesText('hers')
  await ilse.page.getByRole('button', { name: 'Undo' }).click()
  const lines = await sameLines(ilse, safiya)
  assert.ok(!lines.join('\n').includes('mine-one') && lines.join('\n').includes(' hers'))
  await close(ilse, safiya)
})

test('what the page does not know stays in the text', async () => {
  const ilse = await open(chromium, demo, 'ilse')
  const link = new URL(demo.people.safiya)
  const secret = new URLSearchParams(link.hash.slice(1)).get('sign-in')
  const signedIn = await fetch(new URL('/api/v1/session/link', demo.address), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ secret }),
  })
  const cookie = signedIn.headers.getSetCookie()[0].split(';')[0]
  const me = await (await fetch(new URL('/api/v1/me', demo.address), { headers: { cookie } })).json()
  class Socket extends WebSocket {
    constructor(url, protocols) {
      // With a cookie the server wants to know which page asks.
      super(url, protocols, { origin: demo.address, headers: { cookie } })
    }
  }
  const doc = new Y.Doc()
  const provider = new WebsocketProvider(`${demo.address.replace('http', 'ws')}/sync`, me.statements[0].documents.body, doc, {
    WebSocketPolyfill: Socket,
    disableBc: true,
  })
  try {
    const text = doc.getText('body')
    await until('the other editor has the text', () => provider.synced)
    // An embed is one character long, as U+FFFC is.
    const spelled = text.toDelta().map(({ insert }) => (typeof insert === 'string' ? insert : '\uFFFC')).join('')
    const at = spelled.indexOf('Needle exchange was suspended')
    const extent = delta => JSON.stringify(delta.filter(({ insert, attributes }) => insert.chart || attributes?.speaker))
    text.applyDelta([
      { retain: at },
      { insert: { chart: { year: 2026, rows: [1, 2] } } },
      { insert: 'Spoken. ', attributes: { speaker: 'Aruk' } },
    ])
    const before = extent(text.toDelta())
    assert.match(before, /chart.*speaker/)
    await ilse.seesText('Spoken.')
    await ilse.editor.locator('.locked', { hasText: 'chart' }).waitFor()

    await ilse.goToEndOf('Needle exchange was suspended')
    await ilse.type(' Typed beside it.')
    await until('the other editor has it', () => text.toString().includes('Typed beside it.'))
    // A window that is opened when the unknown is there already loads it the other way.
    const renee = await open(chromium, demo, 'renee')
    await renee.editor.locator('.locked', { hasText: 'chart' }).waitFor()
    await renee.goToEndOf('Needle exchange was suspended')
    await renee.type(' And here.')
    await until('the other editor has it', () => text.toString().includes('And here.'))
    assert.equal(extent(text.toDelta()), before)
    await sameLines(ilse, renee)
    await close(renee)
  } finally {
    provider.destroy()
    await close(ilse)
  }
})

test('words typed right before and behind a note are part of the text', async () => {
  const [ilse, safiya] = await Promise.all([open(chromium, demo, 'ilse'), open(chromium, demo, 'safiya')])
  await ilse.goToEndOf('Valdoria ratified the Convention')
  await ilse.page.keyboard.press('Home')
  // The note in the paragraph's first sentence: its left side, then its right side.
  await ilse.editor.evaluate(root => {
    const note = [...root.querySelectorAll('.footnote')].find(node => node.closest('li').textContent.includes('ratified'))
    getSelection().collapse(note.previousSibling, note.previousSibling.length)
  })
  await ilse.type('(before)')
  await ilse.page.keyboard.press('ArrowRight')
  await ilse.type('(behind)')
  await safiya.seesText('(before)(behind)')
  await sameLines(ilse, safiya)
  await close(ilse, safiya)
})

test('every note and table of the sample is shown', async () => {
  const jon = await open(chromium, demo, 'jon')
  assert.equal(await jon.page.locator('.notes li').count(), 8)
  assert.equal(await jon.editor.locator('.footnote button').count(), 8)
  assert.deepEqual(await jon.editor.locator('tr').last().locator('td').allTextContents(), [
    'Bridge for Rights International',
    'international NGO, ECOSOC special status',
    'Renée Aubry, geneva@bridge.example',
    'named',
  ])
  await jon.editor.getByRole('button', { name: 'Note 4' }).click()
  assert.match(await jon.page.locator('.notes li:focus').textContent(), /Insulted Dignity/)
  await close(jon)
})

test('an Arabic line runs from right to left, on a phone too', async () => {
  const ilse = await open(chromium, demo, 'ilse', { viewport: { width: 390, height: 844 } })
  await ilse.goToEndOf('I. Summary')
  await ilse.page.keyboard.press('Enter')
  await ilse.type('ينبغي لفالدوريا أن تلغي المادة 14 من قانون النظام العام بحلول نهاية عام 2028.')
  const direction = line => line.evaluate(node => getComputedStyle(node).direction)
  assert.equal(await direction(ilse.editor.locator('p', { hasText: 'فالدوريا' })), 'rtl')
  assert.equal(await direction(ilse.editor.locator('h2', { hasText: 'I. Summary' }).first()), 'ltr')
  const overflow = await ilse.page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth)
  assert.ok(overflow <= 0, `nothing reaches beyond the screen (${overflow} px)`)
  await close(ilse)
})

test('one who is signed out in another tab stops writing under the old name', async () => {
  const ilse = await open(chromium, demo, 'ilse')
  const other = await ilse.page.context().newPage()
  watch(other, 'the other tab', demo, chromium.complaints)
  await other.goto(demo.people.safiya)
  await other.locator('.ql-editor').waitFor()
  await until('the first tab ends', async () => (await ilse.connection()) === 'This browser is now signed in as Safiya Orrin.')
  assert.equal(await ilse.editor.getAttribute('contenteditable'), 'false')
  await close(ilse)
})

test('the secret of a sign-in link leaves the address at once, and a wrong one says so', async () => {
  const ilse = await open(chromium, demo, 'ilse')
  assert.equal(await ilse.page.evaluate(() => location.hash), '')
  await ilse.page.getByRole('button', { name: 'Sign out' }).click()
  await ilse.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await ilse.page.goto(`${demo.address}/#sign-in=${'0'.repeat(43)}`)
  await until('the page says so', async () => /not valid/.test(await ilse.page.locator('.problem').textContent()))
  await ilse.page.getByLabel('E-mail').fill('ilse@demo.example')
  await ilse.page.getByLabel('Password').fill('not this one')
  await ilse.page.getByRole('button', { name: 'Sign in' }).click()
  await until('the form says so', async () => /do not belong together/.test(await ilse.page.locator('.problem').textContent()))
  await close(ilse)
})

test('the pages pass the accessibility rules, light and dark', async () => {
  const check = async (page, what) => {
    await page.evaluate(AXE)
    const { violations } = await page.evaluate(() => axe.run())
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`)
    assert.deepEqual(found, [], what)
  }
  for (const colorScheme of ['light', 'dark']) {
    const [ilse, jon] = await Promise.all([
      open(chromium, demo, 'ilse', { colorScheme }),
      open(chromium, demo, 'jon', { colorScheme }),
    ])
    await ilse.goToEndOf('This submission covers')
    await check(ilse.page, `a statement, ${colorScheme}`)
    await check(jon.page, `a statement for an observer, ${colorScheme}`)
    await ilse.page.getByRole('button', { name: 'Sign out' }).click()
    await ilse.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await check(ilse.page, `the form, ${colorScheme}`)
    await close(ilse, jon)
  }
})
