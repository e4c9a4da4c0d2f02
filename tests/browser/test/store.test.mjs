// The offline store in a real browser, on a real disk.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openDocument, Profile, ready, rows, servePage } from '../support/store-page.mjs'
import { until } from '../../interop/support/until.mjs'
import { startBrowser } from '../support/windows.mjs'

let site, profile

before(async () => {
  ;[site, profile] = await Promise.all([servePage(), new Profile().start()])
})

after(async () => {
  await profile?.stop()
  site?.stop()
})

let accounts = 0
/** Each test has an account of its own. */
const newAccount = () => `account-${++accounts}`

const open = (account, document, { path, page } = {}) => openDocument(page ?? profile.tab(site.origin, path), account, document)

describe('the store in Chromium', { concurrency: 1 }, () => {
  test('a document outlives the browser', async () => {
    const account = newAccount()
    const tab = await open(account)
    assert.equal(await tab.type('We, the undersigned'), null)
    await profile.close()
    await profile.start()
    assert.equal(await (await open(account)).text(), 'We, the undersigned')
  })

  test('what it said it kept is there after the browser crashed, and known to be unsaved', async () => {
    const account = newAccount()
    const tab = await open(account)
    await tab.type('Confirmed. ')
    await tab.evaluate(() => plenary.opened.it.acknowledge())
    await tab.type('Never confirmed. ')
    const typing = tab.evaluate(() => {
      plenary.kept = 0
      for (let i = 0; i < 10_000; i++) plenary.opened.it.type('.').then(end => end === null && (plenary.kept += 1))
    })
    await typing
    const kept = await until('some of it is kept', () => tab.evaluate(() => plenary.kept))
    await profile.crash(tab.page)
    await profile.start()
    const again = await open(account)
    const text = await again.text()
    assert.ok(text.startsWith('Confirmed. Never confirmed. ') && text.length >= 28 + kept, `${kept} kept, ${text.length} there`)
    const unsaved = await again.evaluate(account => plenary.account(account).unsaved(), account)
    assert.deepEqual(unsaved.map(({ document, hasChanges }) => [document, hasChanges]), [['doc', true]])
  })

  test('fifty opens without an edit add no byte', async () => {
    const account = newAccount()
    const tab = await open(account)
    await tab.type('We, the undersigned')
    await tab.evaluate(async account => {
      await plenary.opened.it.acknowledge()
      await plenary.account(account).remember('doc', { title: 'Joint statement' })
    }, account)
    const before = { ...(await rows(tab, account)), disk: profile.diskBytes() }
    for (let i = 0; i < 50; i++) {
      await tab.reload()
      await tab.evaluate(async account => {
        await plenary.opened.it.acknowledge()
        await plenary.account(account).remember('doc', { title: 'Joint statement' })
      }, account)
    }
    const after = { ...(await rows(tab, account)), disk: profile.diskBytes() }
    console.log(`50 opens: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`)
    assert.deepEqual([after.count, after.bytes], [before.count, before.bytes])
    await tab.close()
  })

  test('a document of 28 KB after ten thousand edits takes less than four times its state', async () => {
    const account = newAccount()
    const tab = await open(account)
    const started = Date.now()
    assert.equal(await tab.draft(10_000, 28_000), 0)
    const seconds = (Date.now() - started) / 1000
    const state = await tab.evaluate(() => plenary.opened.it.stateBytes())
    const kept = await rows(tab, account)
    const text = await tab.text()
    await profile.close()
    await profile.start()
    const again = await open(account)
    const disk = profile.diskBytes()
    const usage = await again.evaluate(async () => (await navigator.storage.estimate()).usage)
    console.log(`10,000 edits in ${seconds} s: text ${text.length}, state ${state}, rows ${JSON.stringify(kept)}, disk ${disk}, usage ${usage}`)
    assert.equal(await again.text(), text)
    assert.ok(text.length > 27_000)
    assert.ok(kept.bytes < 4 * state, `${kept.bytes} bytes in rows, state ${state}`)
    await again.close()
  })

  test('two tabs show what each other writes, and both keep it', async () => {
    const account = newAccount()
    const [one, two] = [await open(account), await open(account)]
    await one.type('one ')
    await until('the second tab shows it', async () => (await two.text()) === 'one ')
    await two.type('two ')
    await until('the first tab shows it', async () => (await one.text()) === 'one two ')
    await Promise.all([one.draft(600, 20_000), two.draft(600, 20_000)])
    const text = await one.text()
    await until('both show the same', async () => (await two.text()) === (await one.text()))
    await two.reload()
    assert.equal(await two.text(), await one.text())
    assert.ok(text.length > 4_000)
    await Promise.all([one.close(), two.close()])
  })

  test('a tab that opens while another writes ends with every word', async () => {
    const account = newAccount()
    const writer = await open(account)
    const writing = writer.draft(400, 50_000)
    const tabs = await Promise.all([0, 1].map(() => open(account)))
    assert.equal(await writing, 0)
    for (const tab of tabs) await until('all words are there', async () => (await tab.text()) === (await writer.text()))
    await Promise.all([writer, ...tabs].map(tab => tab.close()))
  })

  test('two accounts in one browser never meet', async () => {
    const [ana, ben] = [newAccount(), newAccount()]
    const [ofAna, ofBen] = [await open(ana), await open(ben)]
    await ofAna.type('of ana')
    await ofBen.type('of ben')
    assert.deepEqual([await ofAna.text(), await ofBen.text()], ['of ana', 'of ben'])
    await ofAna.evaluate(account => plenary.account(account).destroy(), ana)
    const names = await ofBen.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))
    assert.ok(!names.includes(`plenary:${ana}`) && names.includes(`plenary:${ben}`))
    await ofBen.reload()
    assert.equal(await ofBen.text(), 'of ben')
    await Promise.all([ofAna.close(), ofBen.close()])
  })

  test('signing out in one tab empties the other, and nothing comes back', async () => {
    const account = newAccount()
    const [one, two] = [await open(account), await open(account)]
    await one.type('one ')
    await two.type('two ')
    await one.evaluate(account => plenary.account(account).destroy(), account)
    await until('the other tab says so', async () => (await two.troubles()).at(-1) === 'closed')
    assert.equal(await two.type('three'), 'closed')
    const names = await two.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name))
    assert.ok(!names.includes(`plenary:${account}`))
    await Promise.all([one.close(), two.close()])
  })

  test('a full disk is told at once and nothing is lost when there is room again', async () => {
    const account = newAccount()
    const tab = await open(account)
    assert.equal(await tab.type('kept '), null)
    const devtools = await profile.context.newCDPSession(tab.page)
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: site.origin, quotaSize: 1 })
    // Chromium believes its last look at the disk for up to half a minute.
    const ends = []
    await until('the disk is full', async () => {
      ends.push(await tab.type('more '))
      return ends.at(-1) !== null
    }, 60_000)
    assert.equal(ends.at(-1), 'quota')
    assert.equal(await tab.type('refused '), 'quota')
    assert.deepEqual(await tab.troubles(), ['quota'])
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: site.origin })
    // Without an edit: the store tries again on its own.
    await until('all is kept again', async () => (await tab.troubles()).at(-1) === null, 60_000)
    const text = await tab.text()
    await tab.reload()
    assert.equal(await tab.text(), text)
    assert.match(text, /refused $/)
    await tab.close()
  })

  test('storage cleared underneath is written again without an edit', async () => {
    const account = newAccount()
    const tab = await open(account)
    await tab.type('We, ')
    await tab.type('the undersigned')
    const devtools = await profile.context.newCDPSession(tab.page)
    await devtools.send('Storage.clearDataForOrigin', { origin: site.origin, storageTypes: 'indexeddb' })
    await until('the document is written again', async () => (await rows(tab, account).catch(() => ({}))).count > 0)
    await until('no trouble is left', async () => ((await tab.troubles()).at(-1) ?? null) === null)
    await tab.reload()
    assert.equal(await tab.text(), 'We, the undersigned')
    // And once more, by any program that deletes databases.
    await tab.evaluate(account => new Promise(resolve => (indexedDB.deleteDatabase(`plenary:${account}`).onsuccess = resolve)), account)
    await until('it is there', async () => (await rows(tab, account).catch(() => ({}))).count > 0)
    await tab.reload()
    assert.equal(await tab.text(), 'We, the undersigned')
    await tab.close()
  })

  test('a private window keeps words until it is closed', async () => {
    const { browser, stop } = await startBrowser()
    try {
      const account = newAccount()
      const first = await browser.newContext()
      const tab = await open(account, 'doc', { page: await ready(await first.newPage(), `${site.origin}/`) })
      assert.equal(await tab.type('We'), null)
      await tab.reload()
      assert.equal(await tab.text(), 'We')
      assert.equal(await tab.evaluate(account => plenary.account(account).persist(), account), 'best-effort')
      await first.close()
      const later = await browser.newContext()
      const after = await open(account, 'doc', { page: await ready(await later.newPage(), `${site.origin}/`) })
      assert.equal(await after.text(), '')
    } finally {
      await stop()
    }
  })

  test('where storage is forbidden the person is told, and typing goes on', async () => {
    const tab = await open(newAccount(), 'doc', { path: '/sandboxed' })
    assert.equal(await tab.loadFailed(), 'no-storage')
    assert.equal(await tab.type('We'), 'no-storage')
    assert.equal(await tab.text(), 'We')
    assert.deepEqual(await tab.troubles(), ['no-storage'])
    await tab.close()
  })
})
