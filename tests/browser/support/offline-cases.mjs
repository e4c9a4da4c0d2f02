// What may happen to words beside the journey, for any browser that is open. Each case has a server, and so an origin, of its own.

import assert from 'node:assert/strict'
import {
  assertEachOnce, assertTold, Coauthor, isOnDisk, KEPT, NO_LINE, NOT_KEPT, OPENING, Place, REFUSED, SAVED, SAVING, stored, Tab,
} from './offline-journey.mjs'
import { until } from '../../interop/support/until.mjs'

// Looked for on the disk. Browsers compress what they keep, but find nothing in these that they have seen before.
const SECRET = 'Xq7vKz9wPjRb'
const KEPT_WORD = 'Hd4mGs8cLtWf'

/** Runs `body` at a place of its own, and lets go of that and of all tabs. */
async function at(browser, body) {
  const place = await Place.open()
  try {
    await body(place)
  } finally {
    await browser.closeTabs()
    await place.stop()
  }
}

const newTab = async (browser, who) => Tab.on(await browser.page(), who)

/** Opens the statement as somebody at a place. */
async function enter(browser, place, person, options) {
  const tab = await newTab(browser, person)
  await tab.enter(place.link(person), options)
  return tab
}

/** Closes the tab; resolves to whether it asked before. `answer`: what the person says to that. */
async function asksBeforeClosing(browser, tab, answer = 'accept') {
  browser.warnings.length = 0
  browser.answer = answer
  await tab.page.close({ runBeforeUnload: true })
  await until(`the tab of ${tab.who} is closed or asks`, () => tab.page.isClosed() || browser.warnings.length > 0)
  if (answer === 'accept') await until(`the tab of ${tab.who} is closed`, () => tab.page.isClosed())
  browser.answer = 'accept'
  return browser.warnings.length > 0
}

/** The accounts with something in this browser, as the page's origin knows them. */
const accounts = tab => tab.page.evaluate(async () =>
  (await indexedDB.databases()).map(({ name }) => name).filter(name => name.startsWith('plenary:')))

/** How many rows of text the only account keeps. */
const rows = tab => tab.page.evaluate(async () => {
  const known = (await indexedDB.databases()).find(({ name }) => name.startsWith('plenary:'))
  if (!known) return 0
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(known.name)
    opening.onerror = () => reject(opening.error)
    opening.onsuccess = () => {
      const database = opening.result
      const end = count => (database.close(), resolve(count))
      if (!database.objectStoreNames.contains('updates')) return end(0)
      const counting = database.transaction('updates').objectStore('updates').count()
      counting.onsuccess = () => end(counting.result)
    }
  })
})

/** Two tabs of one person without a line show what each other writes, and both keep it. */
export const twoTabs = browser => at(browser, async place => {
  const one = await enter(browser, place, 'ilse')
  await one.canStartOffline()
  const two = await newTab(browser, 'ilse, in another tab')
  await two.goto(one.url)
  await two.says(SAVED)
  place.line.goDark()
  const marks = [one.told.now(), two.told.now()]
  await two.goToEndOf('Two requests to visit')
  await two.type(' from-two.')
  await one.seesText('from-two.')
  await one.goToEndOf('This submission covers')
  await one.type(' from-one.')
  await two.seesText('from-one.')
  await Promise.all([one.says(KEPT), two.says(KEPT)])
  assertTold(one, marks[0], [SAVING, NO_LINE, KEPT])
  assertTold(two, marks[1], [SAVING, NO_LINE, KEPT])
  assert.equal(await asksBeforeClosing(browser, one), false)
  assert.equal(await asksBeforeClosing(browser, two), false)

  const again = await newTab(browser, 'ilse, back')
  await again.goto(one.url)
  await again.says(KEPT)
  assertEachOnce(await again.text(), ['from-one.', 'from-two.'])
  place.line.comeBack()
  await again.hurry()
  await again.says(SAVED)
  assertTold(again, 0, [OPENING, KEPT, SAVING, SAVED])
  assertEachOnce((await stored(place.demo)).text, ['from-one.', 'from-two.'])
})

/** One person leaves words behind that the server does not have; the next one never meets them, and they go nowhere meanwhile. */
export const twoAccounts = browser => at(browser, async place => {
  const { demo, line } = place
  const ilse = await enter(browser, place, 'ilse')
  await ilse.canStartOffline()
  line.goDark()
  await ilse.goToEndOf('Two requests to visit')
  await ilse.type(' of-ilse.')
  await ilse.says(KEPT)
  assert.equal(await asksBeforeClosing(browser, ilse), false)

  line.comeBack()
  const safiya = await enter(browser, place, 'safiya')
  assert.ok(!(await safiya.text()).includes('of-ilse.'))
  await safiya.goToEndOf('This submission covers')
  await safiya.type(' of-safiya.')
  await safiya.says(SAVED)
  assert.equal((await accounts(safiya)).length, 2)
  const meanwhile = await stored(demo)
  assert.ok(meanwhile.text.includes('of-safiya.') && !meanwhile.text.includes('of-ilse.'))
  // Hers alone are deleted with her sign-out.
  await safiya.press('Sign out')
  await until('what she kept is deleted', async () => (await accounts(safiya)).length === 1)
  assert.equal(await asksBeforeClosing(browser, safiya), false)

  const back = await enter(browser, place, 'ilse')
  await back.seesText('of-ilse.')
  assertTold(back, 0, [OPENING, KEPT, SAVING, SAVED])
  assertEachOnce((await stored(demo)).text, ['of-ilse.', 'of-safiya.'])
})

/** What was kept is deleted while the page is open: it is kept again, and that alone is told. `clear(tab)` deletes it. */
export const storageCleared = (browser, clear) => at(browser, async place => {
  const tab = await enter(browser, place, 'ilse')
  await tab.canStartOffline()
  place.line.goDark()
  await tab.goToEndOf('Two requests to visit')
  await tab.type(' before-clearing.')
  await tab.says(KEPT)
  const mark = tab.told.now()
  await clear(tab)
  await until('it is kept again', async () => (await rows(tab)) > 0)
  await tab.says(KEPT)
  assertTold(tab, mark, [NOT_KEPT, SAVING, KEPT])
  await tab.type(' after-clearing.')
  await tab.says(KEPT)
  assert.equal(await asksBeforeClosing(browser, tab), false)

  const again = await newTab(browser, 'ilse, back')
  await again.goto(tab.url)
  await again.says(KEPT)
  assertEachOnce(await again.text(), ['before-clearing.', 'after-clearing.'])
  place.line.comeBack()
  await again.hurry()
  await again.says(SAVED)
  assertEachOnce((await stored(place.demo)).text, ['before-clearing.', 'after-clearing.'])
})

/** `indexedDB.deleteDatabase`, as an extension or a script of the page calls it. */
export const deleteDatabase = async tab => {
  const [name] = await accounts(tab)
  await tab.page.evaluate(name => new Promise((resolve, reject) => {
    const deleting = indexedDB.deleteDatabase(name)
    deleting.onsuccess = () => resolve()
    deleting.onerror = () => reject(deleting.error)
  }), name)
}

/**
 * On a shared computer nothing reaches the disk, the page says so, and closing it is warned about while something would
 * be lost and only then. On one's own computer, the measure for it, words do reach the disk.
 */
export const sharedComputer = browser => at(browser, async place => {
  const { line } = place
  const own = await enter(browser, place, 'safiya')
  await own.goToEndOf('This submission covers')
  await own.insert(KEPT_WORD)
  await own.says(SAVED)
  const before = await accounts(own)
  assert.equal(await asksBeforeClosing(browser, own), false)

  const tab = await enter(browser, place, 'ilse', { isShared: true })
  let mark = tab.told.now()
  const release = place.holdFlush()
  await tab.goToEndOf('Two requests to visit')
  await tab.insert(`${SECRET}0.`)
  await tab.says(SAVING)
  assert.equal(await asksBeforeClosing(browser, tab, 'dismiss'), true, 'what the server does not have yet would be lost')
  assertTold(tab, mark, [SAVING])
  release()
  await tab.says(SAVED)
  mark = tab.told.now()
  line.goDark()
  await tab.insert(`${SECRET}1.`)
  await tab.says(NOT_KEPT)
  await tab.reads('What you write is in this page only')
  assertTold(tab, mark, [SAVING, NOT_KEPT])
  assert.equal(await asksBeforeClosing(browser, tab, 'dismiss'), true)
  await tab.seesText(`${SECRET}1.`)
  line.comeBack()
  await tab.hurry()
  await tab.says(SAVED)
  assertTold(tab, mark, [SAVING, NOT_KEPT, SAVED])
  assert.deepEqual(await accounts(tab), before)
  assert.equal(await asksBeforeClosing(browser, tab), false, 'all of it is saved')
  await browser.close()
  assert.equal(isOnDisk(browser.folder, KEPT_WORD), true)
  assert.equal(isOnDisk(browser.folder, SECRET), false)
  await browser.open()
})

/** A sign-out that would lose work says what, can be taken back, and does what it said. */
export const signOut = browser => at(browser, async place => {
  const tab = await enter(browser, place, 'ilse')
  await tab.canStartOffline()
  place.line.goDark()
  await tab.goToEndOf('Two requests to visit')
  await tab.type(' about-to-leave.')
  await tab.says(KEPT)
  const dialog = () => tab.page.evaluate(() => document.querySelector('plenary-dialog dialog[open]')?.innerText ?? '')
  // Seen from within the page: what this test and the browser take on their way to each other is not its affair.
  await tab.page.evaluate(() => {
    const times = (globalThis.warning = {})
    addEventListener('click', () => (times.pressedAt ??= performance.now()), { capture: true })
    new MutationObserver(() => {
      if (document.querySelector('plenary-dialog dialog[open]')) times.shownAt ??= performance.now()
    }).observe(document, { subtree: true, childList: true, attributes: true })
  })
  await tab.press('Sign out')
  await until('it warns', async () => /lose work[^]*Joint stakeholder submission/.test(await dialog()))
  // With a line it waits four seconds for the last words; without, there is nothing to wait for.
  const waited = await tab.page.evaluate(() => warning.shownAt - warning.pressedAt)
  assert.ok(waited < 3_000, `it warns at once, not after ${waited} ms`)
  await tab.press('Stay signed in')
  await until('the warning is gone', async () => (await dialog()) === '')
  await tab.seesText('about-to-leave.')
  assert.equal((await accounts(tab)).length, 1)
  await tab.press('Sign out')
  await until('it warns again', async () => (await dialog()) !== '')
  await tab.press('Sign out and delete')
  await until('it is deleted', async () => (await accounts(tab)).length === 0)
  place.line.comeBack()
  const back = await enter(browser, place, 'ilse')
  assert.ok(!(await back.text()).includes('about-to-leave.'))
  // What was saved a moment ago is nothing to warn of.
  await back.goToEndOf('Two requests to visit')
  for (const word of [' saved-first.', ' saved-last.']) {
    await back.type(word)
    await back.says(SAVING)
    await back.says(SAVED)
  }
  await back.press('Sign out')
  await until('it is deleted without a question', async () => (await accounts(back)).length === 0)
})

/** Others take out the paragraph in which one wrote without a line: the words stay, and one is told. */
export const mergeReport = browser => at(browser, async place => {
  const tab = await enter(browser, place, 'ilse')
  await tab.canStartOffline()
  place.line.goDark()
  await tab.goToEndOf('Two requests to visit')
  await tab.type(' Written in the train.')
  await tab.says(KEPT)
  assert.equal(await asksBeforeClosing(browser, tab), false)
  const safiya = await Coauthor.open(place.demo, 'safiya')
  safiya.remove('Two requests to visit')
  await until('it is gone', async () => !(await stored(place.demo)).text.includes('Two requests to visit'))

  const again = await newTab(browser, 'ilse, back')
  await again.goto(tab.url)
  await again.says(KEPT)
  place.line.comeBack()
  await again.hurry()
  await again.says(SAVED)
  await again.reads('While you were away, others changed text you had worked on')
  await again.reads('Others removed the paragraph in which you wrote.')
  await again.reads('Written in the train.')
  await again.reads('Two requests to visit')
  await again.reads('Copy')
  await safiya.sees('Written in the train.')
  await again.seesText('Written in the train.')
  assert.ok(!(await again.text()).includes('Two requests to visit'))
  assert.equal(await again.delta(), safiya.delta())
  await again.press('Close')
  await until('it is put away', async () => !(await again.notices()).includes('While you were away'))
  safiya.leave()
})

/**
 * Who may no longer write learns at the return that the server does not take the words; they are a draft to copy and to
 * keep, and come in by themselves once it may be. `download(tab)` resolves to the file that `Download` makes.
 */
export const refused = (browser, download) => at(browser, async place => {
  const { demo, line } = place
  const ilse = await Coauthor.open(demo, 'ilse')
  const tab = await enter(browser, place, 'safiya')
  await tab.canStartOffline()
  line.goDark()
  await tab.goToEndOf('Two requests to visit')
  await tab.type(' Written too late.')
  await tab.says(KEPT)
  await ilse.setRole('Safiya', 'observer')
  const mark = tab.told.now()
  line.comeBack()
  await tab.hurry()
  await tab.says(REFUSED)
  assertTold(tab, mark, [SAVING, KEPT, REFUSED])
  await tab.reads('The server did not take this text of yours.')
  await tab.reads('Written too late.')
  await tab.reads('Copy')
  await tab.reads('Download')
  if (download) assert.equal(await download(tab), ' Written too late.')
  assert.ok(!(await stored(demo)).text.includes('Written too late.'))
  // It is a draft on this device, too.
  assert.equal(await asksBeforeClosing(browser, tab), false)
  const again = await newTab(browser, 'safiya, back')
  await again.goto(tab.url)
  await again.says(REFUSED)
  assert.ok(!again.told.since(0).includes(SAVED))
  await again.reads('Written too late.')

  await ilse.setRole('Safiya', 'drafter')
  await again.says(SAVED)
  await ilse.sees('Written too late.')
  await until('the draft is gone', async () => !(await again.notices()).includes('Written too late.'))
  ilse.leave()
})

/** In a private window words outlive the page, as it says, and nothing outlives the window. */
export const privateWindow = browser => at(browser, async place => {
  const tab = await enter(browser, place, 'ilse')
  await tab.canStartOffline()
  place.line.goDark()
  await tab.goToEndOf('Two requests to visit')
  await tab.insert(SECRET)
  await tab.says(KEPT)
  const mark = tab.told.now()
  await tab.page.reload()
  await tab.seesText(SECRET)
  await tab.says(KEPT)
  assertTold(tab, mark, [OPENING, KEPT])
  await browser.close()
  await browser.open()
  place.line.comeBack()
  const later = await newTab(browser, 'somebody later')
  await later.page.goto(place.origin)
  await until('nobody is signed in', () => later.page.evaluate(() => document.querySelector('input[type=password]') !== null))
  assert.deepEqual(await accounts(later), [])
  assert.equal(isOnDisk(browser.folder, SECRET), false)
})

/**
 * A full disk is told at once, with a warning before words would be lost; so is the room there is later.
 * `setQuota(tab, bytes)` says how much the page's origin may keep, `null` as much as there is.
 */
export const fullDisk = (browser, setQuota) => at(browser, async place => {
  const tab = await newTab(browser, 'ilse')
  await tab.page.goto(place.origin)
  await tab.canStartOffline()
  // Before anything is kept: browsers believe their last look at the disk for half a minute.
  await setQuota(tab, 1)
  await tab.enter(place.link('ilse'))
  await tab.reads('This device has no space left')
  const mark = tab.told.now()
  place.line.goDark()
  await tab.goToEndOf('Two requests to visit')
  await tab.type(' nowhere-else.')
  await tab.says(NOT_KEPT)
  await tab.reads('What you write is in this page only')
  assertTold(tab, mark, [SAVING, NOT_KEPT])
  assert.equal(await asksBeforeClosing(browser, tab, 'dismiss'), true)
  await setQuota(tab, null)
  // Without another word: the page tries again by itself.
  await tab.says(KEPT)
  await until('the notice is gone', async () => !(await tab.notices()).includes('This device has no space left'))
  assert.equal(await asksBeforeClosing(browser, tab), false)

  const again = await newTab(browser, 'ilse, back')
  await again.goto(tab.url)
  await again.says(KEPT)
  assertEachOnce(await again.text(), ['nowhere-else.'])
})
