// The pages in the binary, on the demo, as the people who try it see them.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { frame, meaning } from '../../interop/support/codec.mjs'
import { Demo } from '../support/demo.mjs'
import { until } from '../../interop/support/until.mjs'
import { open, sameLines, showText, signIn, startBrowser, useLink, watch } from '../support/windows.mjs'

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

// What is named otherwise knows a device again, and says of nobody that they are signed in.
const SIGN_IN_COOKIE = 'plenary-development-http'
const signInCookies = async page => (await page.context().cookies()).filter(({ name }) => name === SIGN_IN_COOKIE)

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

/** Moves the demo's statement, as the coordinator whose window this is. */
function moveTo(window, stage) {
  return window.page.evaluate(async to => {
    const { statements } = await (await fetch('/api/v1/me')).json()
    const answer = await fetch(`/api/v1/statements/${statements[0].id}/stage`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to }),
    })
    if (!answer.ok) throw new Error(await answer.text())
  }, stage)
}

const editable = (window, value) =>
  until(`the text of ${window.person} is ${value === 'true' ? 'open' : 'fixed'}`, async () =>
    (await window.editor.getAttribute('contenteditable')) === value)

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
    await window.says('Kept on this device only')
    await window.page.getByText('What you write is kept on this device and goes to the server').waitFor()
  }
  // While both are alone: one types in a paragraph, the other makes it a heading.
  await typeWords(ilse, 'alone', 0, 10)
  await safiya.goToEndOf('This submission covers')
  await safiya.page.keyboard.press('Control+Alt+2')
  assert.equal((await ilse.text()).includes('safiya-39.'), false, 'the windows have no other way to each other')

  await demo.start()
  await Promise.all([ilse.saved(), safiya.saved()])
  const expected = [...words('ilse', 0, 40), ...words('safiya', 0, 40), ...words('alone', 0, 10)]
  await safiya.seesText('alone-9.')
  await ilse.seesText('safiya-39.')
  const lines = await sameLines(ilse, safiya)
  assertEachOnce(lines, expected)
  const heading = await ilse.editor.locator('h2', { hasText: 'This submission covers' }).textContent()
  assert.ok(heading.includes('alone-9.'), 'words and heading both stay')

  // What is said to be saved is on disk: killed again, it is all there for somebody who comes later.
  await demo.kill()
  await demo.start()
  const renee = await open(chromium, demo, 'renee')
  assert.deepEqual(await renee.lines(), lines)
  await close(ilse, safiya, renee)
})

test('the page starts without a server, with the list, the text and what was typed meanwhile', async () => {
  const ilse = await open(chromium, demo, 'ilse')
  await ilse.saved()
  await ilse.page.evaluate(() => navigator.serviceWorker.ready)
  await demo.kill()
  await ilse.goToEndOf('Two requests to visit')
  await ilse.type(' offline-one.')
  await ilse.says('Kept on this device only')
  await ilse.page.reload()
  const again = await showText(ilse.page, 'ilse')
  await again.seesText('offline-one.')
  await again.goToEndOf('Two requests to visit')
  await again.type(' offline-two.')
  await again.says('Kept on this device only')

  await again.page.getByRole('link', { name: 'All statements' }).click()
  await again.page.locator('.note', { hasText: 'No connection to the server.' }).waitFor()
  const entry = again.page.locator('a.statement')
  await entry.getByText('Kept on this device').waitFor()
  await entry.getByText('Has changes the server does not have yet').waitFor()
  await entry.click()
  const back = await showText(again.page, 'ilse')

  await demo.start()
  await back.saved()
  const renee = await open(chromium, demo, 'renee')
  await renee.seesText('offline-one. offline-two.')
  await close(back, renee)
})

test('on a shared computer nothing stays: no text, no name, and no session once the browser is closed', async () => {
  const ilse = await open(chromium, demo, 'ilse', { isShared: true })
  await ilse.saved()
  const left = await ilse.page.evaluate(async () => ({
    databases: (await indexedDB.databases()).map(({ name }) => name),
    stored: Object.keys(localStorage).sort(),
  }))
  assert.deepEqual(left, { databases: [], stored: ['plenary.device'] })
  // Not even the mark by which a device is known again.
  const cookies = await ilse.page.context().cookies()
  assert.deepEqual(cookies.map(({ name, expires }) => [name, expires]), [[SIGN_IN_COOKIE, -1]])
  await demo.kill()
  await ilse.goToEndOf('Two requests to visit')
  await ilse.type(' in-this-page.')
  await ilse.says('NOT kept: leave this page open')
  // By a link of ours and by the browser's own button: asked, and answered with no.
  let asked = 0
  ilse.page.on('dialog', dialog => {
    asked += 1
    return dialog.dismiss()
  })
  await ilse.page.getByRole('link', { name: 'All statements' }).click()
  await until('the person is asked', () => asked === 1)
  await ilse.page.evaluate(() => history.back())
  await until('the person is asked again', () => asked === 2)
  await ilse.seesText('in-this-page.')
  await demo.start()
  await ilse.saved()
  await close(ilse)
})

test('signing out warns about what the server does not have, and then leaves nothing behind', async () => {
  const ilse = await open(chromium, demo, 'ilse')
  await ilse.saved()
  await demo.kill()
  await ilse.goToEndOf('Two requests to visit')
  await ilse.type(' about-to-leave.')
  await ilse.says('Kept on this device only')
  await ilse.page.getByRole('button', { name: 'Sign out' }).click()
  const dialog = ilse.page.getByRole('dialog')
  await dialog.getByText('Joint stakeholder submission').waitFor()
  await dialog.getByRole('button', { name: 'Stay signed in' }).click()
  await ilse.seesText('about-to-leave.')

  await demo.start()
  await ilse.saved()
  await ilse.page.getByRole('button', { name: 'Sign out' }).click()
  await ilse.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await until('all is deleted', () =>
    ilse.page.evaluate(async () => (await indexedDB.databases()).length === 0 && localStorage.getItem('plenary.user') === null))
  await until('the session has ended', async () => (await signInCookies(ilse.page)).length === 0)
  await close(ilse)
})

test('a sign-out without a server is told to it before anything else', async () => {
  const page = await signIn(chromium, demo, 'ilse')
  await page.evaluate(() => navigator.serviceWorker.ready)
  await demo.kill()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  assert.equal((await signInCookies(page)).length, 1, 'which only the server can take away')
  await demo.start()
  await page.reload()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await until('the session has ended', async () => (await signInCookies(page)).length === 0)
  await page.context().close()
})

test('an observer reads along and is seen, but cannot type', async () => {
  const [ilse, jon] = await Promise.all([open(chromium, demo, 'ilse'), open(chromium, demo, 'jon')])
  await ilse.page.getByRole('button', { name: '2 people are here' }).click()
  await ilse.page.getByText('Jon Aruk', { exact: true }).waitFor()
  await ilse.page.keyboard.press('Escape')
  await jon.page.getByText('You can read along here while others write.').waitFor()
  assert.equal(await jon.editor.getAttribute('contenteditable'), 'false')

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
  await moveTo(ilse, 'frozen')
  await editable(safiya, 'false')
  await safiya.page.getByText('at the stage “Frozen”').waitFor()
  await moveTo(ilse, 'draft')
  await editable(safiya, 'true')
  await safiya.goToEndOf('Two requests to visit')
  await safiya.type(' Thawed.')
  await ilse.seesText('Thawed.')
  await safiya.saved()
  await close(ilse, safiya)
})

test('what came too late is refused, stays as a draft, and comes in once the text is reopened', async () => {
  const ilse = await open(chromium, demo, 'ilse')
  const context = await chromium.browser.newContext()
  const page = await context.newPage()
  watch(page, 'safiya', demo, chromium.complaints)
  // The server's word about the stage is held up, as on a poor line.
  let isHeld = false
  const held = []
  await page.routeWebSocket(/\/sync/, client => {
    const server = client.connectToServer()
    server.onMessage(message => (isHeld ? held.push(() => client.send(message)) : client.send(message)))
  })
  await useLink(page, demo.people.safiya)
  await page.locator('a.statement').click()
  const safiya = await showText(page, 'safiya')
  await safiya.saved()

  isHeld = true
  await moveTo(ilse, 'frozen')
  await safiya.goToEndOf('Mobile internet was switched off')
  await safiya.type(' Too late.')
  await until('the server has answered', () => held.length >= 2)
  isHeld = false
  for (const tell of held.splice(0)) tell()
  await safiya.says('Refused: here is your text')
  await page.getByText('The server did not take this text of yours.').waitFor()
  await page.locator('plenary-notices blockquote', { hasText: 'Too late.' }).waitFor()
  await editable(safiya, 'false')
  assert.ok(!(await ilse.text()).includes('Too late.'))

  await moveTo(ilse, 'draft')
  await editable(safiya, 'true')
  await ilse.seesText('Too late.')
  await safiya.saved()
  await until('the draft is gone', async () => (await page.locator('plenary-notices blockquote').count()) === 0)
  await close(ilse, safiya)
})

/** A server that takes nothing more once it `refuses`: each change is answered with "refused", as malformed. */
async function refusing(page) {
  const it = { refuses: false }
  await page.routeWebSocket(/\/sync/, client => {
    const server = client.connectToServer()
    let ordinal = 0
    client.onMessage(message => {
      const said = meaning('hocuspocus', new Uint8Array(message))
      if (said.type === 'hello') ordinal = 0
      if (said.type === 'sync-step-2' || said.type === 'update') ordinal += 1
      if (!it.refuses || said.type !== 'update') return server.send(message)
      client.send(Buffer.from(frame(said.address, 110, 4, ordinal, 1, 'not as it should be')))
    })
  })
  return it
}

test('refused words are put back at the cursor, by mouse and by keyboard, however far down that is', async () => {
  const context = await chromium.browser.newContext({ viewport: { width: 1280, height: 720 } })
  const page = await context.newPage()
  watch(page, 'safiya', demo, chromium.complaints)
  const server = await refusing(page)
  await useLink(page, demo.people.safiya)
  await page.locator('a.statement').first().click()
  const safiya = await showText(page, 'safiya')
  await safiya.saved()
  server.refuses = true
  await safiya.goToEndOf('Mobile internet was switched off')
  await safiya.type(' Refused words.')
  await safiya.says('Refused: here is your text')
  const panel = page.locator('plenary-notices')
  await panel.locator('blockquote', { hasText: 'Refused words.' }).waitFor()
  const line = words => safiya.editor.locator('> *', { hasText: words })

  await line('Fund at least 300 shelter places').click()
  await page.keyboard.press('End')
  const insert = panel.getByRole('button', { name: 'Insert at the cursor' })
  assert.ok((await insert.boundingBox()).y >= 0, 'it is in sight, far down in the text')
  await insert.click()
  await line('Fund at least 300 shelter places').getByText('Refused words.').waitFor()
  await panel.locator('.what', { hasText: 'Inserted: it is in the text now.' }).waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('role')), 'textbox')
  await safiya.type(' And on.')
  await line('Refused words. And on.').waitFor()

  await line('Publish every twelve months').click()
  await page.keyboard.press('End')
  const name = () => page.evaluate(() => {
    let element = document.activeElement
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
    return element?.textContent.trim() ?? ''
  })
  // Past the outline.
  await page.keyboard.press('Shift+F6')
  await page.keyboard.press('Shift+F6')
  await until('the notices have the focus', async () => (await name()).startsWith('Go on with the server'))
  for (let i = 0; i < 10 && (await name()) !== 'Insert at the cursor'; i++) await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await line('Publish every twelve months').getByText('Refused words.').waitFor()
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => axe.run())
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), [])
  // Folded away it takes one line.
  await panel.locator('summary').first().click()
  assert.equal(await insert.isVisible(), false)
  page.on('dialog', dialog => dialog.accept())
  await context.close()
})

test('from a text that holds refused words one goes on with that of the server, and keeps the words', async () => {
  const context = await chromium.browser.newContext()
  const page = await context.newPage()
  watch(page, 'safiya', demo, chromium.complaints)
  const server = await refusing(page)
  await useLink(page, demo.people.safiya)
  await page.locator('a.statement').first().click()
  const safiya = await showText(page, 'safiya')
  await safiya.saved()
  const before = await safiya.text()
  server.refuses = true
  await safiya.goToEndOf('Mobile internet was switched off')
  await safiya.type(' Not for the server.')
  await safiya.says('Refused: here is your text')
  await page.getByRole('button', { name: 'Go on with the server’s text' }).click()
  await safiya.saved()
  server.refuses = false
  assert.equal(await safiya.text(), before)
  await page.locator('plenary-notices blockquote', { hasText: 'Not for the server.' }).waitFor()
  // The copy on this device is the server's, too, and the words are still there.
  await page.reload()
  await safiya.saved()
  assert.equal(await safiya.text(), before)
  await page.locator('plenary-notices blockquote', { hasText: 'Not for the server.' }).waitFor()
  await safiya.goToEndOf('Mobile internet was switched off')
  await safiya.type(' For the server.')
  await safiya.saved()
  page.on('dialog', dialog => dialog.accept())
  await context.close()
})

test('whoever returns to a paragraph that others removed is shown the words written there', async () => {
  const safiya = await open(chromium, demo, 'safiya')
  const context = await chromium.browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
  const page = await context.newPage()
  watch(page, 'ilse', demo, chromium.complaints)
  let isCut = false
  const lines = new Set()
  await page.routeWebSocket(/\/sync/, client => {
    if (isCut) return client.close()
    client.connectToServer()
    lines.add(client)
  })
  await useLink(page, demo.people.ilse)
  await page.locator('a.statement').click()
  const ilse = await showText(page, 'ilse')
  await safiya.goToEndOf('Two requests to visit')
  await safiya.page.keyboard.press('Enter')
  await safiya.type('A paragraph to be removed.')
  await ilse.seesText('A paragraph to be removed.')

  isCut = true
  for (const line of lines) await line.close()
  await ilse.goToEndOf('A paragraph to be removed.')
  await ilse.type(' Written alone.')
  await ilse.says('Kept on this device only')
  await safiya.editor.evaluate(root => {
    root.focus()
    getSelection().selectAllChildren([...root.children].find(line => line.textContent.includes('A paragraph to be removed.')))
    return new Promise(resolve => setTimeout(resolve))
  })
  await safiya.page.keyboard.press('Delete')
  await safiya.saved()

  isCut = false
  await page.getByText('Others removed the paragraph in which you wrote.').waitFor()
  const words = page.locator('plenary-notices blockquote').first()
  assert.match(await words.textContent(), /Written alone\./)
  await page.locator('plenary-notices').getByRole('button', { name: 'Copy' }).first().click()
  await until('the words are copied', async () => (await page.evaluate(() => navigator.clipboard.readText())).includes('Written alone.'))
  await page.locator('plenary-notices summary', { hasText: 'The paragraph as it was' }).click()
  await page.getByText('A paragraph to be removed.').waitFor()
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => axe.run())
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), [])
  await page.getByRole('button', { name: 'Show in the text' }).click()
  assert.equal(await page.evaluate(() => getSelection().toString().trim()), 'Written alone.')
  await page.locator('plenary-notices').getByRole('button', { name: 'Close' }).click()
  assert.equal(await page.locator('plenary-notices blockquote').count(), 0)
  await ilse.seesText('Written alone.')
  await sameLines(ilse, safiya)
  await close(ilse, safiya)
})

/** Where something is in the window: how far under what stays above, and over what stays below, in px. */
async function clearance(window, locator) {
  const { y: top, height } = await locator.boundingBox()
  const { y: headTop, height: headHeight } = await window.page.locator('plenary-editor .head').boundingBox()
  const { y: foot } = await window.page.locator('plenary-status').boundingBox()
  return { above: top - headTop - headHeight, below: foot - top - height }
}

test('far down in the text the tools, the outline and the notices are in sight, and what is looked for is not behind them', async () => {
  const place = await Demo.start()
  try {
    for (const options of [{ viewport: { width: 1280, height: 720 } }, { viewport: { width: 390, height: 700 }, hasTouch: true, isMobile: true }]) {
      const ilse = await open(chromium, place, 'ilse', options)
      const { page } = ilse
      const inSight = async (what, locator) => {
        let last
        await until(`${what} is in sight`, async () => {
          last = await clearance(ilse, locator)
          return last.above >= 0 && last.below >= 0
        }).catch(error => assert.fail(`${error.message}: ${JSON.stringify(last)}`))
      }
      const outline = page.getByRole('button', { name: 'Outline', exact: true })
      if ((await outline.getAttribute('aria-pressed')) !== 'true') await outline.click()
      await page.getByRole('button', { name: /^VII\. Health/ }).click()
      const heading = ilse.editor.locator('h2', { hasText: 'VII. Health' })
      await inSight('the heading that was jumped to', heading)
      // The outline itself, at the place where one is now.
      if ((await outline.getAttribute('aria-pressed')) !== 'true') await outline.click()
      await inSight('the outline', page.locator('plenary-sidebar header'))
      await page.locator('plenary-sidebar').getByRole('button', { name: 'Close' }).click()

      await page.keyboard.press('Control+f')
      await inSight('what is looked for', page.locator('plenary-find input').first())
      await page.keyboard.type('Established in 2014')
      await inSight('what was found', ilse.editor.locator('.plenary-found-now'))
      await page.keyboard.press('Escape')

      // The cursor, up and down the text, and with a banner above.
      await place.kill()
      await page.locator('plenary-notices .banner').waitFor()
      const caret = { boundingBox: () => page.evaluate(() => {
        const { x, y, width, height } = getSelection().getRangeAt(0).getBoundingClientRect()
        return { x, y, width, height }
      }) }
      await ilse.goToEndOf('Established in 2014')
      for (let i = 0; i < 25; i++) await page.keyboard.press('ArrowDown')
      // No spaces: behind one, at the end of a line, a range is measured where the cursor is not.
      await ilse.type('down')
      await inSight('the cursor below', caret)
      for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowUp')
      await ilse.type('up')
      await inSight('the cursor above', caret)
      const { y } = await page.locator('plenary-notices .banner').boundingBox()
      assert.ok(y >= 0, 'the banner is in sight')
      await place.start()
      await ilse.saved()
      await close(ilse)
    }
  } finally {
    await place.stop()
  }
})

test('a statement is begun from the list by keyboard alone, by those who may', async () => {
  const place = await Demo.start()
  try {
    const page = await signIn(chromium, place, 'safiya')
    const { keyboard } = page
    await page.getByRole('button', { name: 'New statement' }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'New statement in' })
    await dialog.waitFor()
    await page.evaluate(AXE)
    const { violations } = await page.evaluate(() => axe.run())
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), [])
    await keyboard.press('Enter')
    assert.equal(await dialog.isVisible(), true, 'without a title there is nothing to begin')
    await keyboard.type('Oral statement on item 6')
    await keyboard.press('Tab')
    await keyboard.press('o')
    await keyboard.press('Tab')
    await keyboard.press('Enter')
    const safiya = await showText(page, 'safiya')
    await page.getByRole('heading', { name: 'Oral statement on item 6' }).waitFor()
    await page.locator('.facts', { hasText: 'Oral statement' }).waitFor()
    await until('its text is empty', async () => JSON.stringify(await safiya.lines()) === '[""]')
    await safiya.editor.focus()
    await keyboard.type('Mr President,')
    await safiya.saved()
    const jon = await signIn(chromium, place, 'jon')
    await jon.locator('a.statement', { hasText: 'Oral statement on item 6' }).waitFor()
    assert.equal(await jon.getByRole('button', { name: 'New statement' }).count(), 0)
    await jon.context().close()
    // Escape leaves everything as it is.
    await page.getByRole('link', { name: 'All statements' }).click()
    await page.getByRole('button', { name: 'New statement' }).press('Enter')
    await dialog.waitFor()
    await keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await page.locator('a.statement').count(), 2)
    await close(safiya)
  } finally {
    await place.stop()
  }
})

test('a page as wide as one that is enlarged four times needs no scrolling sideways', async () => {
  const page = await signIn(chromium, demo, 'ilse', { viewport: { width: 320, height: 640 } })
  const overflow = () => page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth)
  assert.ok((await overflow()) <= 0, 'the list')
  await page.locator('a.statement').first().click()
  const ilse = await showText(page, 'ilse')
  assert.ok((await overflow()) <= 0, 'a statement')
  await close(ilse)
})

test('on a phone a text is as wide as the screen in every language', async () => {
  for (const locale of ['en', 'ar', 'es', 'fr']) {
    for (const width of [360, 390, 430]) {
      const options = { locale, viewport: { width, height: 800 }, hasTouch: true, isMobile: true }
      const { page } = await open(chromium, demo, 'ilse', options)
      const wide = await page.evaluate(() => Math.max(innerWidth, document.scrollingElement.scrollWidth))
      assert.equal(wide, width, `${locale} on ${width} px`)
      const signOut = await page.locator('.account button').boundingBox()
      assert.ok(signOut.x >= 0 && signOut.x + signOut.width <= width, `one can sign out in ${locale} on ${width} px`)
      await page.context().close()
    }
  }
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
  await until('the own words are gone', async () => !(await ilse.text()).includes('mine-one'))
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
    await ilse.editor.locator('.locked[data-locked*="chart"]').waitFor()

    await ilse.goToEndOf('Needle exchange was suspended')
    await ilse.type(' Typed beside it.')
    await until('the other editor has it', () => text.toString().includes('Typed beside it.'))
    // A window that is opened when the unknown is there already loads it the other way.
    const renee = await open(chromium, demo, 'renee')
    await renee.editor.locator('.locked[data-locked*="chart"]').waitFor()
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
  // The note in the paragraph's first sentence: its left side, then its right side.
  await ilse.editor.evaluate(root => {
    const note = [...root.querySelectorAll('sup[data-footnote]')].find(node =>
      node.closest('p').textContent.includes('Valdoria ratified the Convention'))
    root.focus()
    getSelection().collapse(note.previousSibling, note.previousSibling.length)
    return new Promise(resolve => setTimeout(resolve))
  })
  await ilse.type('(before)')
  await ilse.page.keyboard.press('ArrowRight')
  await ilse.type('(behind)')
  await safiya.seesText('(before)')
  await safiya.seesText('(behind)')
  await sameLines(ilse, safiya)
  assert.equal(await safiya.editor.locator('sup[data-footnote]').count(), 8, 'and the note is still there')
  await close(ilse, safiya)
})

test('every note and table of the sample is shown', async () => {
  const jon = await open(chromium, demo, 'jon')
  await until('the notes are listed', async () => (await jon.page.locator('.notes li').count()) === 8)
  assert.equal(await jon.editor.locator('sup[data-footnote]').count(), 8)
  assert.deepEqual(await jon.editor.locator('tr').last().locator('td').allTextContents(), [
    'Bridge for Rights International',
    'international NGO, ECOSOC special status',
    'Renée Aubry, geneva@bridge.example',
    'named',
  ])
  await jon.editor.locator('sup[data-footnote]').nth(3).click()
  await until('the note is shown', async () =>
    /Insulted Dignity/.test(await jon.page.locator('.plenary-note').innerText()))
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
  await useLink(other, demo.people.safiya)
  await ilse.page.getByText('Another account was signed in in this browser.').waitFor()
  await editable(ilse, 'false')
  await ilse.page.getByRole('button', { name: 'Reload' }).click()
  await ilse.page.locator('.account', { hasText: 'Safiya Orrin' }).waitFor()
  await close(ilse)
})

test('a sign-in that ended stops nobody from writing, and what was written is saved once it is there again', async () => {
  const ilse = await open(chromium, demo, 'ilse')
  await ilse.saved()
  await ilse.page.context().clearCookies()
  await demo.kill()
  await demo.start()
  await ilse.page.getByText('Your sign-in has ended.').waitFor()
  await ilse.goToEndOf('Two requests to visit')
  await ilse.type(' While-signed-out.')
  await ilse.says('Kept on this device only')
  await ilse.page.getByRole('status').getByRole('button', { name: 'Sign in' }).click()
  await ilse.page.getByRole('dialog').getByLabel('E-mail').waitFor()
  const other = await ilse.page.context().newPage()
  watch(other, 'the other tab', demo, chromium.complaints)
  await useLink(other, demo.people.ilse)
  await ilse.page.bringToFront()
  await ilse.saved()
  assert.equal(await ilse.page.getByRole('dialog').count(), 0)
  await ilse.seesText('While-signed-out.')
  await close(ilse)
})

test('the secret of a sign-in link leaves the address at once, and a wrong one says so', async () => {
  const page = await signIn(chromium, demo, 'ilse')
  assert.equal(await page.evaluate(() => location.hash), '')
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await page.goto(`${demo.address}/#sign-in=${'0'.repeat(43)}`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await until('the page says so', async () => /not valid/.test(await page.locator('.problem').textContent()))
  await page.getByLabel('E-mail').fill('ilse@demo.example')
  await page.getByLabel('Password').fill('not this one')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await until('the form says so', async () => /do not belong together/.test(await page.locator('.problem').textContent()))
  await page.context().close()
})

test('the language that was chosen is there at the next visit, and Arabic turns the page round', async () => {
  const page = await signIn(chromium, demo, 'ilse')
  await page.getByLabel('Language').selectOption('ar')
  await page.getByRole('heading', { name: 'البيانات' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { name: 'البيانات' }).waitFor()
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), 'rtl')
  await page.locator('a.statement').click()
  const ilse = await showText(page, 'ilse')
  await ilse.says('محفوظ')
  await close(ilse)
})

test('the pages pass the accessibility rules, light and dark, in Arabic and on a phone', async () => {
  const check = async (page, what) => {
    await page.evaluate(AXE)
    const { violations } = await page.evaluate(() => axe.run())
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`)
    assert.deepEqual(found, [], what)
  }
  for (const [what, options] of Object.entries({
    'light': { colorScheme: 'light' },
    'dark': { colorScheme: 'dark' },
    'Arabic': { locale: 'ar' },
    'a phone': { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  })) {
    const page = await signIn(chromium, demo, 'ilse', options)
    await check(page, `the list, ${what}`)
    await page.locator('a.statement').click()
    const ilse = await showText(page, 'ilse')
    await ilse.page.locator('plenary-status .good').waitFor()
    await check(page, `a statement, ${what}`)
    const jon = await open(chromium, demo, 'jon', options)
    await jon.page.locator('plenary-status .good').waitFor()
    await check(jon.page, `a statement for an observer, ${what}`)
    await page.locator('.account button').click()
    await page.locator('main.card h1').waitFor()
    await check(page, `the form, ${what}`)
    await close(ilse, jon)
  }
})
