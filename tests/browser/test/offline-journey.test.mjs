// A co-author on a bad line, in Chromium, through the pages in the binary: nothing is lost, and what the page says about the
// words in it is true at every moment.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { ChromiumBrowser } from '../support/chromium.mjs'
import * as cases from '../support/offline-cases.mjs'
import { offlineJourney } from '../support/offline-journey.mjs'

test('Chromium: writing on a cut line, closing, reopening without one, and coming back to a text that others changed loses nothing', async t => {
  const steps = await offlineJourney(new ChromiumBrowser())
  for (const step of steps) t.diagnostic(step)
})

describe('Chromium', { concurrency: 1 }, () => {
  const browser = new ChromiumBrowser()
  before(() => browser.open())
  after(() => browser.stop())

  test('two tabs of one person show each other’s words without a line, and both keep them', () => cases.twoTabs(browser))
  test('two accounts in one browser never meet', () => cases.twoAccounts(browser))
  test('what is cleared underneath is kept again', () => cases.storageCleared(browser, clearStorage))
  test('a database that is deleted underneath is there again', () => cases.storageCleared(browser, cases.deleteDatabase))
  test('a full disk is told, and so is room on it', () => cases.fullDisk(browser, setQuota))
  test('a sign-out with unsaved words warns', () => cases.signOut(browser))
  test('who wrote in a paragraph that others removed meanwhile is told, with the words', () => cases.mergeReport(browser))
  test('words of one who may no longer write are a draft, and come in once it may be', () => cases.refused(browser, download))
  test('a shared computer keeps nothing on disk, and says so; one’s own does', () => cases.sharedComputer(browser))

  async function clearStorage(tab) {
    const devtools = await browser.devtools(tab.page)
    const origin = new URL(tab.url).origin
    await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'indexeddb' })
  }

  async function setQuota(tab, quotaSize) {
    const devtools = await browser.devtools(tab.page)
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: new URL(tab.page.url()).origin, ...(quotaSize ? { quotaSize } : {}) })
  }
})

test('Chromium: in a private window words are kept, and nothing outlives it', async () => {
  const browser = new ChromiumBrowser({ isPrivate: true })
  try {
    await browser.open()
    await cases.privateWindow(browser)
  } finally {
    await browser.stop()
  }
})

async function download(tab) {
  const [file] = await Promise.all([tab.page.waitForEvent('download'), tab.press('Download')])
  assert.match(file.suggestedFilename(), /^plenary-.*\.txt$/)
  return readFile(await file.path(), 'utf8')
}
