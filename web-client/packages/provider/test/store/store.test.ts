import { describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import type { Draft } from '../../src/store/document-store.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { Device, Tab, done } from './device.ts'

const draft: Draft = { id: 'd1', document: 'doc', at: 7, why: 'refused', update: new Uint8Array([1]), text: 'My words' }

describe('keeping', () => {
  test('what was appended is there when the document is opened again', async () => {
    const device = new Device()
    const tab = await device.tab()
    expect(await tab.type('We, the undersigned')).toBeNull()
    const again = await device.tab()
    expect(again.text).toBe('We, the undersigned')
  })

  test('fifty opens without an edit write nothing', async () => {
    const device = new Device()
    const first = await device.tab()
    await first.type('We, the undersigned')
    await first.acknowledge()
    await first.account.remember('doc', { title: 'Joint statement' })
    const before = device.puts
    for (let i = 0; i < 50; i++) {
      const tab = await device.tab()
      await tab.acknowledge()
      await tab.account.remember('doc', { title: 'Joint statement' })
      await tab.store.close()
      expect(tab.text).toBe('We, the undersigned')
    }
    expect(device.puts).toBe(before)
    expect(await device.rows()).toHaveLength(1)
  })

  test('what is appended in one tick shares one transaction and one row', async () => {
    const device = new Device()
    const tab = await device.tab()
    const before = device.transactions.length
    for (const word of ['We, ', 'the ', 'undersigned']) void tab.type(word)
    expect(await Promise.all(tab.appends)).toEqual([null, null, null])
    expect(device.transactions.length - before).toBe(1)
    expect(await device.rows()).toHaveLength(1)
    expect((await device.tab()).text).toBe('We, the undersigned')
  })

  test('every write asks for strict durability', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('We')
    await tab.acknowledge()
    await tab.store.keepDraft(draft)
    await tab.account.remember('doc', { title: 'Joint statement' })
    const writes = device.transactions.filter(({ mode }) => mode === 'readwrite')
    expect(writes).toHaveLength(4)
    expect(writes.every(({ durability }) => durability === 'strict')).toBe(true)
  })

  test('a draft is kept, listed and dropped', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.store.keepDraft(draft)
    expect((await device.tab()).stored.drafts).toEqual([draft])
    expect(await tab.account.drafts()).toEqual([draft])
    expect(await tab.account.unsaved()).toMatchObject([{ document: 'doc', hasChanges: false, drafts: 1 }])
    await tab.store.dropDraft('d1')
    expect((await device.tab()).stored.drafts).toEqual([])
    expect(await tab.account.unsaved()).toEqual([])
  })

  test('a reset document starts from nothing and keeps its drafts', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('of the old document')
    await tab.acknowledge()
    await tab.store.keepDraft(draft)
    await tab.store.reset()
    expect(await tab.store.load(() => Y.encodeStateAsUpdate(new Y.Doc()))).toEqual({
      updates: [], acknowledged: null, drafts: [draft],
    })
    await tab.store.append(Y.encodeStateAsUpdate(tab.doc))
    expect((await device.tab()).text).toBe('of the old document')
  })

  test('persistence is asked for once, when a document is first kept', async () => {
    const device = new Device()
    const storage = { persist: vi.fn(async () => true), persisted: async () => false } as unknown as StorageManager
    const account = device.account('ana', { storage })
    const tab = await device.tab('doc', account)
    expect(storage.persist).not.toHaveBeenCalled()
    await tab.type('We')
    await tab.type('You')
    await (await device.tab('other', account)).type('They')
    expect(storage.persist).toHaveBeenCalledTimes(1)
    expect(await account.persist()).toBe('persistent')
    expect(await account.persistence()).toBe('best-effort')
    expect(await device.account('ben').persistence()).toBe('unknown')
  })

  test('documents are listed with their titles once they can be opened without a line', async () => {
    const device = new Device()
    const account = device.account('ana', { now: () => Date.UTC(2026, 10, 22, 8) })
    await account.remember('doc', { title: 'Joint statement', group: 'g1' })
    await account.remember('never-read', { title: 'Oral statement' })
    expect(await account.documents()).toEqual([])
    await (await device.tab('doc', account)).type('We')
    expect(await account.documents()).toEqual([
      { document: 'doc', title: 'Joint statement', details: { group: 'g1' }, openedAt: Date.UTC(2026, 10, 22) },
    ])
  })

  test('a document that was named while the disk was full has its name once it is kept', async () => {
    const device = new Device()
    const account = device.account()
    device.fault = 'quota'
    await expect(account.remember('doc', { title: 'Joint statement', group: 'g1' })).rejects.toThrow()
    const tab = await device.tab('doc', account)
    expect((await tab.type('We'))?.code).toBe('quota')
    device.fault = null
    expect(await tab.type(', the undersigned')).toBe(null)
    expect(await device.account().documents()).toMatchObject([{ title: 'Joint statement', details: { group: 'g1' } }])
  })

  test('a forgotten document leaves nothing behind', async () => {
    const device = new Device()
    const tab = await device.tab()
    const other = await device.tab('other', tab.account)
    await tab.type('gone soon')
    await other.type('stays')
    await tab.store.keepDraft(draft)
    await tab.acknowledge()
    await tab.store.close()
    await tab.account.forget('doc')
    expect((await device.tab()).stored).toEqual({ updates: [], acknowledged: null, drafts: [] })
    expect((await device.tab('other')).text).toBe('stays')
  })

  test('the store of a shared computer writes nothing', async () => {
    const store = memoryStore()
    await store.append(new Uint8Array([0, 0]))
    await store.keepDraft(draft)
    expect(store.keeps).toBe('in-memory')
    expect(await store.load(() => new Uint8Array())).toEqual({ updates: [], acknowledged: null, drafts: [draft] })
  })
})

describe('what the server has confirmed', () => {
  test('words typed since are unsaved until they are acknowledged', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.account.remember('doc', { title: 'Joint statement' })
    await tab.type('We')
    expect(await tab.account.unsaved()).toEqual([
      { document: 'doc', title: 'Joint statement', hasChanges: true, drafts: 0 },
    ])
    await tab.acknowledge()
    expect(await tab.account.unsaved()).toEqual([])
    await tab.type(', the undersigned')
    expect(await device.account().unsaved()).toHaveLength(1)
  })

  test('a deletion alone is unsaved too', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('We do not agree')
    await tab.acknowledge()
    tab.body.delete(3, 7)
    expect(await tab.account.unsaved()).toMatchObject([{ hasChanges: true }])
    await tab.acknowledge()
    expect(await tab.account.unsaved()).toEqual([])
  })

  test('an older acknowledgement of another tab takes nothing back', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('We')
    const older = Y.encodeSnapshot(Y.snapshot(tab.doc))
    tab.body.delete(0, 1)
    await tab.acknowledge()
    await tab.store.acknowledge(older)
    expect(await tab.account.unsaved()).toEqual([])
  })
})

describe('failures', () => {
  test('a full disk is told at once, and the next write carries what it refused', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('kept ')
    device.fault = 'quota'
    expect(await tab.type('refused ')).toMatchObject({ code: 'quota' })
    expect(tab.troubles).toEqual(['quota'])
    device.fault = null
    expect(await tab.type('kept again')).toBeNull()
    expect(tab.troubles).toEqual(['quota', null])
    expect((await device.tab()).text).toBe('kept refused kept again')
  })

  test('once there is room again the document is kept without an edit', async () => {
    const device = new Device()
    const tab = await device.tab()
    device.fault = 'quota'
    await tab.type('refused at first')
    device.fault = null
    await vi.waitFor(() => expect(tab.troubles).toEqual(['quota', null]))
    expect((await device.tab()).text).toBe('refused at first')
  })

  test('a draft the disk refuses is reported, and is no trouble of the document', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('kept')
    device.fault = 'quota'
    await expect(tab.store.keepDraft(draft)).rejects.toMatchObject({ code: 'quota' })
    expect(tab.troubles).toEqual([])
  })

  test('a write the browser gives up twice is reported as aborted', async () => {
    const device = new Device()
    const tab = await device.tab()
    device.fault = 'abort'
    expect(await tab.type('We')).toMatchObject({ code: 'aborted' })
    device.fault = null
    await tab.type(' too')
    expect((await device.tab()).text).toBe('We too')
  })

  test('a lost connection is opened again', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('We')
    device.loseConnections()
    expect(await tab.type(' too')).toBeNull()
    expect(tab.troubles).toEqual([])
    expect((await device.tab()).text).toBe('We too')
  })

  test('without storage everything is told as such, and nothing hangs', async () => {
    const device = new Device()
    device.openFails = 'SecurityError'
    const tab = await device.tab().catch(error => error)
    expect(tab).toMatchObject({ code: 'no-storage' })
    const store = device.account().document('doc')
    await store.load(() => new Uint8Array()).catch(() => {})
    await expect(store.append(new Uint8Array([0, 0]))).rejects.toMatchObject({ code: 'no-storage' })
    await expect(device.account().unsaved()).rejects.toMatchObject({ code: 'no-storage' })
    await device.account().destroy()
  })

  test('after a failed load the rows come late and what was typed meanwhile joins them', async () => {
    const device = new Device()
    await (await device.tab()).type('from yesterday')
    const tab = new Tab(device.account(), 'doc')
    device.openFails = 'UnknownError'
    await expect(tab.open()).rejects.toMatchObject({ code: 'no-storage' })
    expect(await tab.type('refused ')).toMatchObject({ code: 'no-storage' })
    device.openFails = null
    expect(await tab.type('kept ')).toBeNull()
    expect(tab.text).toContain('from yesterday')
    expect((await device.tab()).text).toBe(tab.text)
    expect(tab.troubles).toEqual(['no-storage', null])
  })

  test('rows of a later version are left alone', async () => {
    const device = new Device()
    const later = await done(device.factory.open('plenary:ana', 2))
    later.close()
    await expect(device.tab()).rejects.toMatchObject({ code: 'newer' })
  })

  test('a tab that a later version takes over says so without an edit', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('We')
    ;(await done(device.factory.open('plenary:ana', 2))).close()
    await vi.waitFor(() => expect(tab.troubles).toEqual(['newer']))
    expect(await tab.type(' too')).toMatchObject({ code: 'newer' })
  })

  test.each([
    ['of an unknown form', { encrypted: true }],
    ['that is damaged', new Uint8Array([255, 255, 255])],
  ])('a row %s is reported and nothing is deleted', async (_, row) => {
    const device = new Device()
    await (await device.tab()).type('We')
    await device.inside(database =>
      done(database.transaction('updates', 'readwrite').objectStore('updates').put(row, ['doc', 2])))
    await expect(device.tab()).rejects.toMatchObject({ code: 'unreadable' })
    expect(await device.rows()).toHaveLength(2)
    expect(await device.account().unsaved()).toMatchObject([{ hasChanges: true }])
  })

  test('a database that another tab holds up is given up in time', async () => {
    const device = new Device()
    const stubborn = await done(device.factory.open('plenary:ana', 1))
    const deletion = device.clear()
    await expect(device.account('ana', { waitMs: 20 }).unsaved()).rejects.toMatchObject({ code: 'blocked' })
    stubborn.close()
    await deletion
  })
})

describe('storage cleared underneath', () => {
  test('the whole document is written again without an edit, with drafts and acknowledgement', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.account.remember('doc', { title: 'Joint statement' })
    const seen = await device.tab()
    await seen.type('We, ')
    await seen.type('the undersigned')
    await seen.acknowledge()
    await seen.store.keepDraft(draft)
    await device.clear()
    await vi.waitFor(async () => expect(await device.account().documents()).toHaveLength(1))
    const again = await device.tab()
    expect(again.text).toBe('We, the undersigned')
    expect(again.stored.drafts).toEqual([draft])
    expect(await device.account().documents()).toMatchObject([{ title: 'Joint statement' }])
    expect(await device.account().unsaved()).toMatchObject([{ hasChanges: false, drafts: 1 }])
  })

  test('rows deleted one by one are noticed by the next write', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('We, ')
    await tab.type('the ')
    await device.inside(database =>
      done(database.transaction('updates', 'readwrite').objectStore('updates').clear()))
    expect(await tab.type('undersigned')).toBeNull()
    expect((await device.tab()).text).toBe('We, the undersigned')
  })

  test('each of two tabs brings back what only it has', async () => {
    const device = new Device()
    const [one, two] = [await device.tab(), await device.tab('doc', device.account('ana', { BroadcastChannel: Deaf }))]
    await one.type('one ')
    await two.type('two ')
    await device.clear()
    await vi.waitFor(async () => {
      const { text } = await device.tab()
      expect(text).toContain('one')
      expect(text).toContain('two')
    })
  })
})

test('a tab that finds the rows of another one there reads them', async () => {
  const device = new Device()
  const [one, two] = [await device.tab(), await device.tab('doc', device.account('ana', { BroadcastChannel: Deaf }))]
  await two.type('two ')
  await vi.waitFor(() => expect(one.text).toBe('two '))
  await device.inside(database => emptied(database))
  await one.type('one')
  await two.type('and ')
  expect(two.text).toContain('one')
  expect((await device.tab()).text).toBe(two.text)
})

describe('tabs', () => {
  test('what one tab writes the other shows', async () => {
    const device = new Device()
    const [one, two] = [await device.tab(), await device.tab()]
    await one.type('We')
    await vi.waitFor(() => expect(two.text).toBe('We'))
    await two.type(' too')
    await vi.waitFor(() => expect(one.text).toBe('We too'))
  })

  test('what the server sent is kept, and left to the server to tell others', async () => {
    const device = new Device()
    const [one, two] = [await device.tab(), await device.tab()]
    const heard = vi.fn()
    two.store.onUpdate(heard)
    one.doc.transact(() => one.body.insert(0, 'by the server '), 'server')
    await Promise.all(one.appends)
    await one.type('by hand')
    await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1))
    expect((await device.tab()).text).toBe('by the server by hand')
  })

  test('two accounts in one browser never meet', async () => {
    const device = new Device()
    const ana = await device.tab('doc', device.account('ana'))
    const ben = await device.tab('doc', device.account('ben'))
    const sly = await device.tab('doc', device.account('ana:doc'))
    await ana.type('of ana')
    await ben.type('of ben')
    expect((await device.tab('doc', device.account('ana'))).text).toBe('of ana')
    expect((await device.tab('doc', device.account('ben'))).text).toBe('of ben')
    await ana.account.destroy()
    expect(await ben.type(' still')).toBeNull()
    expect(sly.text).toBe('')
    expect(ben.text).toBe('of ben still')
  })

  test('a tab that opens while another writes loses nothing, whenever it opens', async () => {
    for (let at = 0; at < 12; at++) {
      const device = new Device()
      const writer = await device.tab()
      let opening: ReturnType<Device['tab']> | undefined
      for (let word = 0; word < 12; word++) {
        void writer.type(`${word} `)
        if (word === at) opening = device.tab()
        else await macrotask()
      }
      await Promise.all(writer.appends)
      const opened = await opening!
      await vi.waitFor(() => expect(opened.text).toBe(writer.text))
    }
  })

  test('a message that was lost is read from the rows when the next one comes', async () => {
    const device = new Device()
    const [one, two] = [await device.tab(), await device.tab('doc', device.account('ana', { BroadcastChannel: Lossy }))]
    Lossy.isLosing = true
    await one.type('lost ')
    await vi.waitFor(() => expect(Lossy.lost).toBe(1))
    Lossy.isLosing = false
    expect(two.text).toBe('')
    await one.type('heard')
    await vi.waitFor(() => expect(two.text).toBe('lost heard'))
  })
})

describe('merging rows', () => {
  test('two thousand edits leave little more than twice the state', async () => {
    const device = new Device()
    const tab = await device.tab()
    for (let edit = 0; edit < 2_000; edit++) {
      if (edit % 10 === 9) tab.body.delete(Math.floor(tab.body.length / 2), 3)
      else void tab.type('word ')
      if (edit % 4 === 0) await tab.appends.at(-1)
    }
    await tab.store.close()
    await vi.waitFor(() => expect(device.locks.held.size).toBe(0))
    const rows = await device.rows()
    const bytes = rows.reduce((sum, row) => sum + row.length, 0)
    expect(bytes).toBeLessThan(2.1 * Y.encodeStateAsUpdate(tab.doc).length + 8192)
    expect(rows.length).toBeLessThan(600)
    expect((await device.tab()).text).toBe(tab.text)
  }, 30_000)

  test('three tabs that write and merge together lose nothing', async () => {
    const device = new Device()
    const tabs = await Promise.all([device.tab(), device.tab(), device.tab()])
    for (let round = 0; round < 120; round++) {
      for (const tab of tabs) void tab.type('a sentence of some length that fills the rows until they are merged. ')
      await Promise.all(tabs.map(tab => tab.appends.at(-1)))
    }
    for (const tab of tabs) await vi.waitFor(() => expect(tab.text).toBe(tabs[0]!.text))
    const again = await device.tab()
    expect(again.text).toBe(tabs[0]!.text)
    expect(again.text.split('sentence')).toHaveLength(361)
    expect((await device.rows()).length).toBeLessThan(360)
  }, 30_000)

  test('while one tab merges the others leave it to that one', async () => {
    const device = new Device()
    device.locks.held.add('plenary:ana:doc')
    const tab = await device.tab()
    await tab.type('x'.repeat(20_000))
    await tab.type('y'.repeat(40_000))
    expect(await device.rows()).toHaveLength(2)
    device.locks.held.clear()
    await tab.type('z')
    await vi.waitFor(async () => expect(await device.rows()).toHaveLength(1))
    expect((await device.tab()).text).toBe(tab.text)
  })
})

test('rows that began anew while others were merged are left alone', async () => {
  const device = new Device()
  const tab = await device.tab()
  const database = await done(device.factory.open('plenary:ana'))
  const fresh = Y.encodeStateAsUpdate(new Y.Doc())
  let isReplaced = false
  device.beforeTransaction = (stores, mode) => {
    if (isReplaced || mode !== 'readwrite' || stores.join() !== 'documents,updates') return
    isReplaced = true
    void emptied(database)
    const begun = database.transaction(['documents', 'updates'], 'readwrite')
    begun.objectStore('documents').put({ lineage: 'another', title: '', details: {}, openedAt: 0 }, 'doc')
    begun.objectStore('updates').put(fresh, ['doc', 1])
  }
  await tab.type('x'.repeat(10_000))
  await tab.type('y'.repeat(20_000))
  await vi.waitFor(() => expect(isReplaced).toBe(true))
  await vi.waitFor(() => expect(device.locks.held.size).toBe(0))
  expect(await done(database.transaction('updates').objectStore('updates').getAll())).toEqual([fresh])
  database.close()
})

describe('signing out', () => {
  test('deletes everything, in every tab, and nothing comes back', async () => {
    const device = new Device()
    const [one, two] = [await device.tab(), await device.tab()]
    await one.type('We')
    await two.type(' too')
    await one.account.destroy()
    expect(await device.factory.databases()).toEqual([])
    expect(await two.type(' again')).toMatchObject({ code: 'closed' })
    expect(two.troubles).toEqual(['closed'])
    expect(await one.type(' again')).toMatchObject({ code: 'closed' })
    expect(await device.factory.databases()).toEqual([])
  })

  test('a write under way is not called kept', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('We')
    const before = device.transactions.length
    const last = tab.type(' too')
    while (device.transactions.length === before) await Promise.resolve()
    const gone = tab.account.destroy()
    expect(await last).toMatchObject({ code: 'closed' })
    await gone
    expect(tab.troubles).toEqual(['closed'])
    expect(await device.factory.databases()).toEqual([])
  })

  test('a tab that heard of it only from the database lets go too', async () => {
    const device = new Device()
    const [one, two] = [await device.tab(), await device.tab('doc', device.account('ana', { BroadcastChannel: Deaf }))]
    await one.type('We')
    await two.type('and we')
    await one.account.destroy()
    await vi.waitFor(() => expect(two.troubles).toEqual(['closed']))
    expect(await two.type(' again')).toMatchObject({ code: 'closed' })
    expect(await device.factory.databases()).toEqual([])
  })

  test('a tab that never lets go is reported, and its rows are gone all the same', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('We')
    const frozen = await done(device.factory.open('plenary:ana'))
    const account = device.account('ana', { waitMs: 50 })
    await expect(account.destroy()).rejects.toMatchObject({ code: 'blocked' })
    await expect(account.destroy()).rejects.toMatchObject({ code: 'blocked' })
    expect(await done(frozen.transaction('updates').objectStore('updates').getAll())).toEqual([])
    frozen.close()
    await account.destroy()
    await vi.waitFor(async () => expect(await device.factory.databases()).toEqual([]))
  })

  test('the next sign-in starts from nothing', async () => {
    const device = new Device()
    const tab = await device.tab()
    await tab.type('We')
    await tab.account.destroy()
    const next = await device.tab()
    expect(next.stored.updates).toEqual([])
    expect(await next.type('anew')).toBeNull()
  })
})

/** A channel that brings nothing. */
class Deaf extends BroadcastChannel {
  override addEventListener(): void {}
}

/** A channel that loses messages at times. */
class Lossy extends BroadcastChannel {
  static isLosing = false
  static lost = 0
  override addEventListener(type: string, listener: unknown): void {
    super.addEventListener(type as 'message', (event: MessageEvent) => {
      if (Lossy.isLosing) Lossy.lost += 1
      else (listener as (event: MessageEvent) => void)(event)
    })
  }
}

async function emptied(database: IDBDatabase): Promise<void> {
  const transaction = database.transaction(['documents', 'updates'], 'readwrite')
  transaction.objectStore('documents').clear()
  await done(transaction.objectStore('updates').clear())
}

function macrotask(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 0))
}
