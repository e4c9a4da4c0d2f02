// The offline store in Firefox: what another engine might do differently.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { FirefoxProfile, openDocument, rows, servePage } from '../support/store-page.mjs'
import { until } from '../../interop/support/until.mjs'

let site

before(async () => {
  site = await servePage()
})

after(() => site?.stop())

/** Runs `work` with a profile of its own. */
async function withProfile(preferences, work) {
  const profile = await new FirefoxProfile(preferences).start()
  try {
    await work(profile, (account, path) => openDocument(profile.tab(site.origin, path), account))
  } finally {
    await profile.stop()
  }
}

describe('the store in Firefox', { concurrency: 1 }, () => {
  test('a document outlives the browser, and opening it adds nothing', () =>
    withProfile({}, async (profile, open) => {
      const tab = await open('ana')
      assert.equal(await tab.draft(300, 2_000), 0)
      await tab.evaluate(() => plenary.opened.it.acknowledge())
      const text = await tab.text()
      const before = await rows(tab, 'ana')
      await profile.close()
      await profile.start()
      const again = await open('ana')
      for (let i = 0; i < 10; i++) {
        await again.reload()
        await again.evaluate(() => plenary.opened.it.acknowledge())
      }
      assert.equal(await again.text(), text)
      assert.deepEqual(await rows(again, 'ana'), before)
    }))

  test('two tabs write and merge, two accounts never meet, signing out empties both tabs', () =>
    withProfile({}, async (profile, open) => {
      const [one, two, other] = [await open('ana'), await open('ana'), await open('ben')]
      await Promise.all([one.draft(600, 20_000), two.draft(600, 20_000)])
      await until('both show the same', async () => (await two.text()) === (await one.text()))
      const text = await one.text()
      await two.reload()
      assert.equal(await two.text(), text)
      assert.equal(await other.text(), '')
      await other.type('of ben')
      await one.evaluate(() => plenary.account('ana').destroy())
      await until('the other tab says so', async () => (await two.troubles()).at(-1) === 'closed')
      assert.equal(await two.type('more'), 'closed')
      const names = await other.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))
      assert.deepEqual(names, ['plenary:ben'])
      await other.reload()
      assert.equal(await other.text(), 'of ben')
    }))

  test('storage cleared underneath is written again without an edit', () =>
    withProfile({}, async (profile, open) => {
      const tab = await open('ana')
      await tab.type('We, the undersigned')
      await tab.evaluate(() => new Promise(resolve => (indexedDB.deleteDatabase('plenary:ana').onsuccess = resolve)))
      await until('it is there', async () => (await rows(tab, 'ana').catch(() => ({}))).count > 0)
      await tab.reload()
      assert.equal(await tab.text(), 'We, the undersigned')
    }))

  test('a full disk is told at once, and what fits again later is whole', () =>
    // In KiB, for all sites together.
    withProfile({ 'dom.quotaManager.temporaryStorage.fixedLimit': 5 * 1024 }, async (profile, open) => {
      const tab = await open('ana')
      assert.equal(await tab.type('kept '), null)
      const fill = await tab.evaluate(async () => {
        const filler = await plenary.open('filler', 'doc')
        for (let i = 0; i < 100; i++) if ((await filler.typeNoise(100_000)) !== null) return filler.troubles
        return 'never full'
      })
      assert.deepEqual(fill, ['quota'])
      let end = null
      for (let i = 0; i < 100 && end === null; i++) end = await tab.evaluate(() => plenary.opened.it.typeNoise(50_000))
      assert.equal(end, 'quota')
      assert.deepEqual(await tab.troubles(), ['quota'])
      await tab.evaluate(() => plenary.account('filler').destroy())
      await until('all is kept again', async () => (await tab.troubles()).at(-1) === null, 60_000)
      const text = await tab.text()
      await tab.reload()
      assert.equal(await tab.text(), text)
    }))

  test('a private window keeps words until it is closed', () =>
    withProfile({ 'browser.privatebrowsing.autostart': true }, async (profile, open) => {
      const tab = await open('ana')
      const end = await tab.type('We')
      await tab.reload()
      // Kept while the window is open, or the person was told that it is not.
      assert.ok(end === null ? (await tab.text()) === 'We' : end === 'no-storage', String(end))
      await profile.close()
      await profile.start()
      assert.equal(await (await open('ana')).text(), '')
    }))

  test('where storage is forbidden the person is told', () =>
    withProfile({}, async (profile, open) => {
      const tab = await open('ana', '/sandboxed')
      assert.equal(await tab.loadFailed(), 'no-storage')
      assert.equal(await tab.type('We'), 'no-storage')
      assert.equal(await tab.text(), 'We')
    }))
})
