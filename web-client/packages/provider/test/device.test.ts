// What a provider keeps on this device, and what it says of it.
import { describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { StoreError, type DocumentStore, type Draft, type StoredDocument, type UpdateSource } from '../src/index.ts'
import { Stage, docOf, settle } from './support/fakes.ts'

/** A device that does what it is told, when it is told. */
class FakeStore implements DocumentStore {
  keeps: 'on-device' | 'in-memory' = 'on-device'
  stored: StoredDocument = { updates: [], acknowledged: null, drafts: [] }
  /** While set, writes fail so. */
  failure: StoreError | null = null
  /** While set, nothing is answered. */
  isSlow = false
  readonly appended: { update: Uint8Array, source?: UpdateSource }[] = []
  readonly acknowledged: Uint8Array[] = []
  readonly drafts: Draft[] = []
  isClosed = false
  wasReset = false
  #waiting: (() => void)[] = []
  #updates = new Set<(update: Uint8Array) => void>()
  #troubles = new Set<(trouble: StoreError | null) => void>()

  async #write(): Promise<void> {
    if (this.isSlow) await new Promise<void>(resolve => this.#waiting.push(resolve))
    if (this.failure !== null) throw this.failure
  }

  answer(): void {
    this.isSlow = false
    this.#waiting.splice(0).forEach(go => go())
  }

  async load(): Promise<StoredDocument> {
    await this.#write()
    return this.stored
  }

  append(update: Uint8Array, source?: UpdateSource): Promise<void> {
    this.appended.push({ update, ...(source === undefined ? {} : { source }) })
    return this.#write()
  }

  acknowledge(snapshot: Uint8Array): Promise<void> {
    this.acknowledged.push(snapshot)
    return this.#write()
  }

  keepDraft(draft: Draft): Promise<void> {
    this.drafts.push(draft)
    return this.#write()
  }

  async dropDraft(): Promise<void> {}
  async reset(): Promise<void> { this.wasReset = true }

  onUpdate(listener: (update: Uint8Array) => void): () => void {
    this.#updates.add(listener)
    return () => this.#updates.delete(listener)
  }

  onTrouble(listener: (trouble: StoreError | null) => void): () => void {
    this.#troubles.add(listener)
    return () => this.#troubles.delete(listener)
  }

  fromOtherTab(update: Uint8Array): void { for (const listener of this.#updates) listener(update) }
  tellTrouble(trouble: StoreError | null): void { for (const listener of this.#troubles) listener(trouble) }
  async close(): Promise<void> { this.isClosed = true }
}

const snapshotOf = (doc: Y.Doc): Uint8Array => Y.encodeSnapshot(Y.snapshot(doc))
const quota = (): StoreError => new StoreError('quota')

describe('opening', () => {
  test('shows what was kept without a line, and asks the server only for the rest', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const kept = docOf('kept')
    store.stored = { updates: [Y.encodeStateAsUpdate(kept)], acknowledged: snapshotOf(kept), drafts: [] }
    const fetch = vi.fn()
    const provider = stage.provider({ store, fetch })
    await provider.whenLoaded
    expect(provider.doc.getText('body').toString()).toBe('kept')
    expect([provider.saveState, provider.pending]).toEqual(['saved', false])
    stage.socket.open()
    await settle()
    expect(stage.socket.take().at(-1)).toEqual({ type: 'sync-step-1', stateVector: Y.encodeStateVector(kept) })
    expect(fetch).not.toHaveBeenCalled()
  })

  test('waits with its question until what was kept is read', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    store.isSlow = true
    stage.provider({ store })
    stage.socket.open()
    await settle()
    expect(stage.socket.take().map(({ type }) => type)).toEqual(['auth-token', 'hello'])
    store.answer()
    await settle()
    expect(stage.socket.take().map(({ type }) => type)).toEqual(['sync-step-1'])
  })

  test('writes nothing', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const kept = docOf('kept')
    store.stored = { updates: [Y.encodeStateAsUpdate(kept)], acknowledged: snapshotOf(kept), drafts: [] }
    stage.provider({ store })
    await settle()
    await stage.letInAndConfirm(kept)
    await stage.clock.pass(30_000)
    expect(store.appended).toEqual([])
  })

  test('after a crash knows what the server never confirmed, deletions too', async () => {
    for (const edit of [(text: Y.Text) => text.insert(0, 'more '), (text: Y.Text) => text.delete(0, 1)]) {
      const stage = new Stage()
      const store = new FakeStore()
      const kept = docOf('kept')
      const acknowledged = snapshotOf(kept)
      edit(kept.getText('body'))
      store.stored = { updates: [Y.encodeStateAsUpdate(kept)], acknowledged, drafts: [] }
      const provider = stage.provider({ store })
      await provider.whenLoaded
      expect([provider.saveState, provider.pending, provider.wouldLose]).toEqual(['on-this-device', true, false])
      await stage.letIn(docOf(''))
      expect(provider.saveState).toBe('saving')
      stage.confirm()
      expect(provider.saveState).toBe('saved')
    }
  })

  test('brings back the drafts of an earlier day', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const draft: Draft = { id: '1', document: 'doc', at: 1, why: 'refused', update: Uint8Array.of(0, 0), text: 'x' }
    store.stored = { updates: [], acknowledged: null, drafts: [draft] }
    const provider = stage.provider({ store })
    await provider.whenLoaded
    expect(provider.drafts).toEqual([draft])
  })

  test('where nothing can be read goes on with the server, and says so', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    store.failure = new StoreError('no-storage')
    const provider = stage.provider({ store })
    const troubles: unknown[] = []
    provider.on('store-trouble', trouble => troubles.push(trouble?.code))
    await stage.letIn(docOf('from the server'))
    expect(troubles).toEqual(['no-storage'])
    provider.doc.getText('body').insert(0, 'a')
    expect(provider.saveState).toBe('not-kept')
    await stage.clock.pass(0)
    stage.confirm()
    // The server has it.
    expect([provider.saveState, provider.storeTrouble?.code]).toEqual(['saved', 'no-storage'])
  })
})

describe('keeping', () => {
  test('what is kept can be read without a line, however soon the page is closed', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await stage.letInAndConfirm(docOf('We, the undersigned'))
    provider.doc.getText('body').insert(19, ', object')
    await settle()
    expect(provider.saveState).toBe('saving')
    stage.socket.lose()
    expect(provider.saveState).toBe('on-this-device')
    const again = new Y.Doc()
    for (const { update } of store.appended) Y.applyUpdate(again, update)
    expect(again.getText('body').toString()).toBe('We, the undersigned, object')
  })

  test('own words are written at once, behind those of others, which are marked as such and otherwise wait for more', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await stage.letInAndConfirm()
    const theirs = docOf('theirs')
    stage.say({ type: 'update', update: Y.encodeStateAsUpdate(theirs) })
    const before = Y.encodeStateVector(theirs)
    theirs.getText('body').insert(0, 'more of ')
    stage.say({ type: 'update', update: Y.encodeStateAsUpdate(theirs, before) })
    expect(store.appended).toEqual([])
    provider.doc.getText('notes').insert(0, 'mine')
    expect(store.appended.map(({ source }) => source)).toEqual(['server', 'server', 'own'])
    const then = Y.encodeStateVector(theirs)
    theirs.getText('body').insert(0, 'still ')
    stage.say({ type: 'update', update: Y.encodeStateAsUpdate(theirs, then) })
    expect(store.appended).toHaveLength(3)
    await stage.clock.pass(500)
    expect(store.appended.map(({ source }) => source)).toEqual(['server', 'server', 'own', 'server'])
    const copy = new Y.Doc()
    store.appended.forEach(({ update }) => Y.applyUpdate(copy, update))
    expect(Y.equalSnapshots(Y.snapshot(copy), Y.snapshot(provider.doc))).toBe(true)
  })

  test('offline words are called kept when they are, not before', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await provider.whenLoaded
    store.isSlow = true
    provider.doc.getText('body').insert(0, 'a')
    expect([provider.saveState, provider.wouldLose]).toEqual(['saving', true])
    store.answer()
    await settle()
    expect([provider.saveState, provider.wouldLose]).toEqual(['on-this-device', false])
  })

  test('a write that fails is said at once, and that it is mended as soon as the device says so', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await provider.whenLoaded
    store.failure = quota()
    provider.doc.getText('body').insert(0, 'a')
    await settle()
    expect([provider.saveState, provider.wouldLose, provider.storeTrouble?.code]).toEqual(['not-kept', true, 'quota'])
    store.failure = null
    await stage.clock.pass(60_000)
    expect(provider.saveState).toBe('not-kept')
    // A store in trouble tries again by itself, with all of the document.
    store.tellTrouble(null)
    expect([provider.saveState, provider.wouldLose, provider.storeTrouble]).toEqual(['on-this-device', false, null])
  })

  test('what the device tells of itself is believed, as when its storage is cleared', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await provider.whenLoaded
    provider.doc.getText('body').insert(0, 'a')
    await settle()
    store.tellTrouble(new StoreError('closed'))
    expect(provider.saveState).toBe('not-kept')
    provider.doc.getText('body').insert(0, 'b')
    await settle()
    // What an append promises is all of the document.
    expect(provider.saveState).toBe('on-this-device')
  })

  test('a store in memory keeps nothing that a person could be promised', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    store.keeps = 'in-memory'
    const provider = stage.provider({ store })
    await provider.whenLoaded
    provider.doc.getText('body').insert(0, 'a')
    await settle()
    expect([provider.saveState, provider.wouldLose]).toEqual(['not-kept', true])
  })

  test('what another tab wrote is shown and sent, for that tab may be gone, but not written again', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await stage.letInAndConfirm()
    store.fromOtherTab(Y.encodeStateAsUpdate(docOf('from the other tab')))
    expect(provider.doc.getText('body').toString()).toBe('from the other tab')
    expect(provider.saveState).toBe('saving')
    await stage.clock.pass(500)
    expect(stage.socket.sent.map(({ message }) => message.type)).toEqual(['update', 'mark'])
    expect(store.appended).toEqual([])
  })

  test('drafts are kept', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await stage.letInAndConfirm()
    provider.doc.getText('body').insert(0, 'a')
    await stage.clock.pass(0)
    stage.say({ type: 'refused', ordinal: 2, code: 'malformed', reason: '' })
    expect(store.drafts.map(({ id }) => id)).toEqual(provider.drafts.map(({ id }) => id))
  })
})

describe('what the server has', () => {
  test('is noted after it said so, at most every 2 s, and when the page is hidden', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await stage.letInAndConfirm()
    await stage.clock.pass(2_000)
    const { length } = store.acknowledged
    for (let at = 0; at < 8; at++) {
      provider.doc.getText('body').insert(0, 'a')
      await stage.clock.pass(250)
      stage.confirm()
    }
    expect(store.acknowledged.length - length).toBeLessThanOrEqual(2)
    provider.doc.getText('body').insert(0, 'b')
    stage.page.tell('hidden')
    stage.confirm()
    stage.page.tell('hidden')
    expect(store.acknowledged.at(-1)).toEqual(snapshotOf(provider.doc))
  })

  test('is noted when everything was asked to be saved, and is', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await stage.letInAndConfirm()
    provider.doc.getText('body').insert(0, 'a')
    await stage.clock.pass(250)
    stage.confirm()
    provider.doc.getText('body').insert(0, 'b')
    const flushed = provider.flush(1_000)
    stage.confirm()
    await expect(flushed).resolves.toBe('saved')
    expect(store.acknowledged.at(-1)).toEqual(snapshotOf(provider.doc))
  })

  test('is not noted while there is anything it has not confirmed, or has refused', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    const provider = stage.provider({ store })
    await stage.letInAndConfirm()
    await stage.clock.pass(2_000)
    const noted = store.acknowledged.length
    provider.doc.getText('body').insert(0, 'a')
    await stage.clock.pass(5_000)
    stage.page.tell('hidden')
    stage.say({ type: 'refused', ordinal: 2, code: 'malformed', reason: '' })
    stage.confirm()
    stage.page.tell('hidden')
    await stage.clock.pass(5_000)
    expect(store.acknowledged).toHaveLength(noted)
  })

  test('is never noted on the word of one that does not confirm', async () => {
    const stage = new Stage()
    const store = new FakeStore()
    stage.provider({ store })
    await stage.letIn(docOf('stock'), { welcomes: false })
    await stage.clock.pass(10_000)
    stage.page.tell('hidden')
    expect(store.acknowledged).toEqual([])
  })
})

test('a document starts afresh without the copy, and what was not saved is a draft', async () => {
  const stage = new Stage()
  const store = new FakeStore()
  const provider = stage.provider({ store })
  await provider.whenLoaded
  provider.doc.getText('body').insert(0, 'unsaved')
  await provider.startAfresh()
  expect([store.wasReset, store.isClosed]).toEqual([true, true])
  expect(store.drafts.map(({ text }) => text)).toEqual(['unsaved'])
})

test('of a document that was replaced it sets nothing aside a second time', async () => {
  const stage = new Stage()
  const store = new FakeStore()
  const provider = stage.provider({ store })
  await stage.letInAndConfirm()
  provider.doc.getText('body').insert(0, 'unsaved')
  stage.socket.lose(4410)
  await settle()
  expect([provider.saveState, store.drafts.map(({ why }) => why)]).toEqual(['replaced', ['replaced']])
  await provider.startAfresh()
  expect([store.wasReset, store.drafts.map(({ why }) => why)]).toEqual([true, ['replaced']])
})

test('what was set aside elsewhere is a draft here, kept once', async () => {
  const stage = new Stage()
  const store = new FakeStore()
  const draft: Draft = { id: 'd', document: 'other', at: 1, why: 'replaced', update: Y.encodeStateAsUpdate(docOf('mine')), text: 'mine' }
  const provider = stage.provider({ store, drafts: [draft] })
  await provider.whenLoaded
  expect(provider.drafts).toEqual([{ ...draft, document: 'doc' }])
  expect(store.drafts).toEqual([{ ...draft, document: 'doc' }])
  store.stored = { updates: [], acknowledged: null, drafts: [...store.drafts] }
  const again = stage.provider({ store, drafts: [draft] })
  await again.whenLoaded
  expect([again.drafts.length, store.drafts.length]).toEqual([1, 1])
})

test('after its end it listens to nothing, writes nothing, and has closed the store', async () => {
  const stage = new Stage()
  const store = new FakeStore()
  const provider = stage.provider({ store })
  await stage.letInAndConfirm()
  const destroyed = vi.fn()
  provider.on('destroy', destroyed)
  provider.destroy()
  provider.destroy()
  provider.doc.getText('body').insert(0, 'a')
  await stage.clock.pass(60_000)
  expect(destroyed).toHaveBeenCalledOnce()
  expect([store.appended.length, store.isClosed, stage.page.listeners, stage.sockets.length]).toEqual([0, true, 0, 1])
  expect(stage.socket.isClosed).toBe(true)
})
