// A co-author on a bad line, in Firefox ESR: as in `offline-journey.test.mjs`, as far as the browsers differ.

import { after, before, describe, test } from 'node:test'
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
  test('who wrote in a paragraph that others removed meanwhile is told, with the words', () => cases.mergeReport(browser))
  test('a shared computer keeps nothing on disk, and says so; one’s own does', () => cases.sharedComputer(browser))
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
