// A co-author on a bad line, in Firefox ESR: the cases of `offline-journey.test.mjs`, as far as Firefox can be driven to them.
//
// Two of them differ. What is kept is cleared here by deleting the database alone: there is no tool to clear an origin's storage
// underneath a page that is open, as Chromium's has. And how much an origin may keep cannot be set while Firefox runs: the disk
// is made small before, and full by filling it up.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../../interop/support/until.mjs'
import { FirefoxBrowser } from '../support/firefox.mjs'
import * as cases from '../support/offline-cases.mjs'
import { offlineJourney } from '../support/offline-journey.mjs'

test('Firefox: writing on a cut line, closing, reopening without one, and coming back to a text that others changed loses nothing', async t => {
  const steps = await offlineJourney(new FirefoxBrowser())
  for (const step of steps) t.diagnostic(step)
})

describe('Firefox', { concurrency: 1 }, () => {
  const browser = new FirefoxBrowser()
  before(() => browser.open())
  after(() => browser.stop())

  test('two tabs of one person show each other’s words without a line, and both keep them', () => cases.twoTabs(browser))
  test('two accounts in one browser never meet', () => cases.twoAccounts(browser))
  test('a database that is deleted underneath is there again', () => cases.storageCleared(browser, cases.deleteDatabase))
  test('a sign-out with unsaved words warns', () => cases.signOut(browser))
  test('who wrote in a paragraph that others removed meanwhile is told, with the words', () => cases.mergeReport(browser))
  test('words of one who may no longer write are a draft, and come in once it may be', () => cases.refused(browser, download))
  test('a shared computer keeps nothing on disk, and says so; one’s own does', () => cases.sharedComputer(browser))

  async function download(tab) {
    const files = () => readdirSync(browser.downloads).filter(name => name.endsWith('.txt'))
    await tab.press('Download')
    const [name] = await until('the file is there', () => (files().length > 0 ? files() : null))
    assert.match(name, /^plenary-.*\.txt$/)
    return until('it is written', () => readFileSync(join(browser.downloads, name), 'utf8'))
  }
})

test('Firefox: a full disk is told, and so is room on it', async () => {
  const browser = new FirefoxBrowser({ preferences: { 'dom.quotaManager.temporaryStorage.fixedLimit': DISK_KIB } })
  try {
    await browser.open()
    await cases.fullDisk(browser, setRoom)
  } finally {
    await browser.stop()
  }
})

test('Firefox: in a private window words are kept, and nothing outlives it', async () => {
  const browser = new FirefoxBrowser({ isPrivate: true })
  try {
    await browser.open()
    await cases.privateWindow(browser)
  } finally {
    await browser.stop()
  }
})

// More than the page and its files take, and soon filled.
const DISK_KIB = 12 * 1024

/** Fills what the page's origin may keep to the last, or (`null`) makes room again. */
function setRoom(tab, bytes) {
  return tab.page.evaluate(async isFull => {
    const done = request => new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    if (!isFull) return void (await done(indexedDB.deleteDatabase('filler')))
    const open = () => {
      const opening = indexedDB.open('filler')
      opening.onupgradeneeded = () => opening.result.createObjectStore('rows', { autoIncrement: true })
      return done(opening)
    }
    let database = await open()
    // Down to a size that not even one key of a person's has room beside.
    for (let size = 1 << 20; size >= 64; ) {
      const rows = database.transaction('rows', 'readwrite', { durability: 'strict' }).objectStore('rows')
      const noise = new Uint8Array(size)
      for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536))
      const isKept = await new Promise(resolve => {
        rows.add(noise)
        rows.transaction.oncomplete = () => resolve(true)
        rows.transaction.onabort = () => resolve(false)
      })
      if (isKept) continue
      size /= 2
      // Firefox takes nothing more over a connection that met the limit.
      database.close()
      database = await open()
    }
    database.close()
  }, bytes !== null)
}
