// One document of one account in IndexedDB, as one tab sees it.
//
// Rows carry a sequence number that grows by one with each write of any tab. Every write looks first whether the rows
// are still the ones this tab knows; if they are not (storage was cleared underneath), or if a write before it failed,
// the same transaction writes the whole document. Messages to other tabs leave after the write and carry its number,
// so a tab that missed one sees the gap and reads it from the rows.

import * as Y from 'yjs'
import { mergeAcknowledged } from './acknowledged.ts'
import { resultOf, rowsOf, type Database, type DocumentFacts, type StoreName } from './database.ts'
import type { DocumentStore, Draft, StoredDocument, UpdateSource } from './document-store.ts'
import { freshId } from './fresh-id.ts'
import { StoreError, storeErrorFrom, type StoreErrorCode } from './store-error.ts'

/** Where a document is kept, and what it shares with the other tabs. */
export interface IndexedDocumentOptions {
  document: string
  /** Of the lock under which rows are merged. */
  name: string
  database: Database
  channel: BroadcastChannel | null
  locks: LockManager | undefined
  now: () => number
  onFirstKept: () => void
  onClosed: () => void
}

// Rows are merged once those after the last merge weigh as much as it: the disk holds at most about twice the state,
// and over a document's life the merging costs as much as a few copies of it.
const TAIL_BYTES_MIN = 8 * 1024
// Each row costs the database some hundred bytes of its own, and a request when the document is opened.
const TAIL_ROWS_MAX = 500

const ROW_STORES: StoreName[] = ['documents', 'updates', 'acknowledged', 'drafts']

// Cleared storage opens again after a moment; room on a full disk is made by a person.
const RETRY_MIN_MS = 200
const RETRY_MAX_MS = 30_000
const HOPELESS: StoreErrorCode[] = ['closed', 'newer', 'unreadable']

/** What one tab tells the others after a write. */
interface Written {
  lineage: string
  seq: number
  sizeBytes: number
  /** Null when the row holds only what the server sent. */
  update: Uint8Array | null
}

/** One call that waits for its transaction. */
interface Waiting {
  update?: Uint8Array
  source?: UpdateSource
  /** What else to write, in the same transaction. */
  also?: (transaction: IDBTransaction) => Promise<unknown>
  resolve: () => void
  reject: (error: StoreError) => void
}

/** Keeps one document in the database of its account. */
export class IndexedDocumentStore implements DocumentStore {
  readonly keeps = 'on-device'
  readonly #options: IndexedDocumentOptions
  readonly document: string
  readonly #database: Database
  #whole: () => Uint8Array = loadComesFirst

  /** Which rows this tab knows: up to `#head` without a gap, and the few in `#ahead`. Null before any were written. */
  #lineage: string | null = null
  #head = 0
  readonly #ahead = new Set<number>()
  /** The last merge, and what was written after it. */
  #tail = { base: 0, bytes: 0, rows: 0 }

  /** Written again if storage is cleared underneath. */
  #facts: DocumentFacts | undefined
  #acknowledged: Uint8Array | null = null
  readonly #drafts = new Map<string, Draft>()

  #loading: Promise<void> | null = null
  #isLoaded = false
  /** Rows lack something that was appended; the next write carries the whole document. */
  #isIncomplete = false
  #isClosed = false
  #isMerging = false
  #retry: ReturnType<typeof setTimeout> | undefined
  #retryMs = RETRY_MIN_MS

  #waiting: Waiting[] = []
  #writing: Promise<void> | null = null
  #early: Written[] = []
  #undelivered: Uint8Array[] = []
  #trouble: StoreError | null = null
  readonly #updateListeners = new Set<(update: Uint8Array) => void>()
  readonly #troubleListeners = new Set<(trouble: StoreError | null) => void>()

  constructor(options: IndexedDocumentOptions) {
    this.#options = options
    this.document = options.document
    this.#database = options.database
    // Listening begins before reading: what is written after the rows were read arrives as a message.
    options.channel?.addEventListener('message', ({ data }) => this.#receive(data))
  }

  async load(whole: () => Uint8Array): Promise<StoredDocument> {
    this.#whole = whole
    const updates: Uint8Array[] = []
    const reading = this.#readRows(row => updates.push(row))
    this.#loading = reading.catch(() => {})
    await reading
    return { updates, acknowledged: this.#acknowledged, drafts: [...this.#drafts.values()] }
  }

  append(update: Uint8Array, source: UpdateSource = 'own'): Promise<void> {
    return this.#write({ update, source })
  }

  acknowledge(snapshot: Uint8Array): Promise<void> {
    return this.#write({
      also: async transaction => {
        const store = transaction.objectStore('acknowledged')
        const known: Uint8Array | undefined = await resultOf(store.get(this.document))
        const merged = mergeAcknowledged(known ?? null, snapshot)
        if (known === undefined || !equalBytes(known, merged)) store.put(merged, this.document)
        this.#acknowledged = merged
      },
    })
  }

  keepDraft(draft: Draft): Promise<void> {
    this.#drafts.set(draft.id, draft)
    return this.#write({
      also: async transaction => {
        transaction.objectStore('drafts').put(draft, [this.document, draft.id])
        // A draft of a document that was never kept is listed like the others.
        const documents = transaction.objectStore('documents')
        const isKnown = (await resultOf(documents.getKey(this.document))) !== undefined
        if (!isKnown) documents.put(this.#freshFacts(freshId()), this.document)
      },
    })
  }

  dropDraft(id: string): Promise<void> {
    this.#drafts.delete(id)
    return this.#write({
      also: async transaction => transaction.objectStore('drafts').delete([this.document, id]),
    })
  }

  onUpdate(listener: (update: Uint8Array) => void): () => void {
    this.#updateListeners.add(listener)
    for (const update of this.#undelivered.splice(0)) listener(update)
    return () => this.#updateListeners.delete(listener)
  }

  onTrouble(listener: (trouble: StoreError | null) => void): () => void {
    this.#troubleListeners.add(listener)
    return () => this.#troubleListeners.delete(listener)
  }

  async reset(): Promise<void> {
    await this.settled()
    await this.#database.run(ROW_STORES, 'readwrite', async transaction => {
      const documents = transaction.objectStore('documents')
      const facts: DocumentFacts | undefined = await resultOf(documents.get(this.document))
      // A tab that merges at this moment must not find its lineage again.
      if (facts !== undefined) documents.put({ ...facts, lineage: freshId() } satisfies DocumentFacts, this.document)
      transaction.objectStore('updates').delete(rowsOf(this.document))
      transaction.objectStore('acknowledged').delete(this.document)
    })
    this.#lineage = null
    this.#head = 0
    this.#ahead.clear()
    this.#tail = tailOf([])
    this.#acknowledged = null
    this.#isIncomplete = false
    this.#isLoaded = false
    this.#loading = null
  }

  async close(): Promise<void> {
    await this.settled()
    this.#isClosed = true
    clearTimeout(this.#retry)
    this.#options.channel?.close()
    this.#options.onClosed()
  }

  /** The account was signed out: nothing more is written, and whoever shows this document is told. */
  end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.channel?.close()
    this.#options.onClosed()
    this.#setTrouble(new StoreError('closed'))
  }

  /** Looks whether all is kept, and writes it again if not: after a lost connection, and every so often in trouble. */
  check(): void {
    if (this.#lineage === null && !this.#isIncomplete) return
    this.#write({}).catch(() => {
      // Told as trouble.
    })
  }

  /** What to write again with the document if storage is cleared underneath. */
  remember(facts: DocumentFacts): void {
    this.#facts = facts
  }

  /** Resolves when nothing waits to be written. */
  async settled(): Promise<void> {
    await this.#loading
    while (this.#writing !== null) await this.#writing
  }

  #write(write: Omit<Waiting, 'resolve' | 'reject'>): Promise<void> {
    if (this.#isClosed) return Promise.reject(new StoreError('closed'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...write, resolve, reject })
      this.#writing ??= this.#writeWaiting()
    })
  }

  // One transaction at a time. Whatever is asked for in the same tick, or while one is under way, shares the next.
  async #writeWaiting(): Promise<void> {
    await this.#loading
    while (this.#waiting.length > 0) {
      await Promise.resolve()
      const batch = this.#waiting.splice(0)
      try {
        if (this.#isClosed) throw new StoreError('closed')
        if (!this.#isLoaded) await this.#loadLate()
        await this.#writeBatch(batch)
        if (!this.#isIncomplete) this.#setTrouble(null)
        for (const { resolve } of batch) resolve()
      } catch (cause) {
        const error = storeErrorFrom(cause)
        const isDocumentUnkept = batch.some(({ update, also }) => update !== undefined || also === undefined)
        if (batch.some(({ update }) => update !== undefined)) this.#isIncomplete = true
        if (isDocumentUnkept) this.#setTrouble(error)
        for (const { reject } of batch) reject(error)
      }
    }
    this.#writing = null
  }

  async #writeBatch(batch: Waiting[]): Promise<void> {
    const updates = batch.flatMap(({ update }) => (update === undefined ? [] : [update]))
    const own = batch.flatMap(({ update, source }) => (update === undefined || source === 'server' ? [] : [update]))
    const written = await this.#database.run(ROW_STORES, 'readwrite', async transaction => {
      const row = await this.#writeRow(transaction, updates)
      for (const { also } of batch) await also?.(transaction)
      return row
    })
    if (this.#isClosed) throw new StoreError('closed')
    if (written === null) return
    const { lineage, seq, update, isWhole, isForeign } = written
    const isFirst = this.#lineage === null && seq === 1
    if (lineage !== this.#lineage) {
      this.#lineage = lineage
      this.#ahead.clear()
      // In a lineage another tab began there may be rows this one has not seen.
      this.#head = isForeign ? 0 : seq - 1
    }
    this.#isIncomplete = false
    this.#note(seq, update.length)
    const toOthers = isWhole ? update : own.length === 0 ? null : mergeUpdates(own)
    this.#options.channel?.postMessage({ lineage, seq, sizeBytes: update.length, update: toOthers } satisfies Written)
    if (isFirst) this.#options.onFirstKept()
    if (isForeign) await this.#readGap()
    void this.#mergeRows()
  }

  // Writes the updates as one row, or the whole document where that is needed; null when there was nothing to write.
  async #writeRow(transaction: IDBTransaction, updates: Uint8Array[]) {
    const rows = transaction.objectStore('updates')
    const documents = transaction.objectStore('documents')
    const facts: DocumentFacts | undefined = await resultOf(documents.get(this.document))
    const last = await lastSeq(rows, this.document)
    const isForeign = facts !== undefined && facts.lineage !== this.#lineage
    const isEmptied = facts === undefined || last < this.#head
    const isGone = this.#lineage !== null && (isForeign || isEmptied)
    const isWhole = isGone || this.#isIncomplete
    if (!isWhole && updates.length === 0) return null

    const update = isWhole ? this.#whole() : mergeUpdates(updates)
    const lineage = isForeign || !isEmptied ? facts!.lineage : freshId()
    if (lineage !== facts?.lineage) documents.put({ ...this.#freshFacts(lineage), ...facts, lineage }, this.document)
    rows.put(update, [this.document, last + 1])
    if (isGone) {
      for (const draft of this.#drafts.values()) transaction.objectStore('drafts').put(draft, [this.document, draft.id])
      if (this.#acknowledged !== null) transaction.objectStore('acknowledged').put(this.#acknowledged, this.document)
    }
    return { lineage, seq: last + 1, update, isWhole, isForeign }
  }

  async #readRows(take: (update: Uint8Array) => void): Promise<void> {
    try {
      const stored = await this.#database.run(ROW_STORES, 'readonly', async transaction => ({
        ...(await readRows(transaction, this.document)),
        acknowledged: await resultOf<Uint8Array | undefined>(
          transaction.objectStore('acknowledged').get(this.document),
        ),
        drafts: await resultOf<Draft[]>(transaction.objectStore('drafts').getAll(rowsOf(this.document))),
      }))
      const { facts, updates, seqs } = stored
      if (!updates.every(isReadable)) throw new StoreError('unreadable')
      this.#facts = facts ?? this.#facts
      this.#lineage = facts?.lineage ?? null
      this.#head = seqs.at(-1) ?? 0
      this.#tail = tailOf(updates)
      this.#acknowledged = stored.acknowledged ?? null
      for (const draft of stored.drafts) this.#drafts.set(draft.id, draft)
      for (const update of updates) take(update)
      this.#isLoaded = true
    } catch (error) {
      this.#isIncomplete = true
      this.#setTrouble(error as StoreError)
      throw error
    }
    for (const written of this.#early.splice(0)) this.#receive(written)
  }

  // After a failed `load`: what is kept comes as if from another tab, and what is here has yet to be written.
  async #loadLate(): Promise<void> {
    await this.#readRows(update => this.#deliver(update))
  }

  #receive(written: Written): void {
    if (!this.#isLoaded) {
      this.#early.push(written)
      return
    }
    if (written.update !== null) this.#deliver(written.update)
    this.#lineage ??= written.lineage
    // A tab found the rows gone and began anew; what this tab knows may be missing there.
    if (written.lineage !== this.#lineage) return this.check()
    const isGap = written.seq > this.#head + 1
    this.#note(written.seq, written.sizeBytes)
    if (isGap) void this.#readGap()
  }

  #note(seq: number, sizeBytes: number): void {
    this.#tail.bytes += sizeBytes
    this.#tail.rows += 1
    if (seq > this.#head) this.#ahead.add(seq)
    while (this.#ahead.delete(this.#head + 1)) this.#head += 1
  }

  // A message has not come, or not yet: messages of two tabs may overtake each other.
  async #readGap(): Promise<void> {
    try {
      const after = this.#head
      const { facts, updates, seqs } = await this.#database.run(['documents', 'updates'], 'readonly', transaction =>
        readRows(transaction, this.document, after))
      if (facts?.lineage !== this.#lineage) return this.check()
      for (const update of updates) this.#deliver(update)
      this.#head = Math.max(this.#head, seqs.at(-1) ?? 0)
      for (const seq of this.#ahead) if (seq <= this.#head) this.#ahead.delete(seq)
    } catch {
      // The gap stays, so the next message asks again.
    }
  }

  // Replaces the rows by one, once they weigh enough. Any tab may; one does.
  async #mergeRows(): Promise<void> {
    if (this.#isMerging || !isWorthMerging(this.#tail)) return
    this.#isMerging = true
    const { locks, name } = this.#options
    try {
      if (locks === undefined) await this.#mergeRowsAlone()
      else await locks.request(name, { ifAvailable: true }, lock => (lock === null ? undefined : this.#mergeRowsAlone()))
    } catch {
      // Merging only saves space. It is tried again when as much has been written once more.
      this.#tail = { ...this.#tail, bytes: 0, rows: 0 }
    } finally {
      this.#isMerging = false
    }
  }

  async #mergeRowsAlone(): Promise<void> {
    const lineage = this.#lineage
    const { facts, updates, seqs } = await this.#database.run(['documents', 'updates'], 'readonly', transaction =>
      readRows(transaction, this.document))
    // Another tab may have merged a moment ago.
    this.#tail = tailOf(updates)
    if (facts?.lineage !== lineage || !isWorthMerging(this.#tail)) return

    // Not Y.mergeUpdates: it keeps every deleted word.
    const doc = new Y.Doc()
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update)
    })
    const state = Y.encodeStateAsUpdate(doc)
    doc.destroy()
    // The state takes the place of the last row read; rows written meanwhile come after it.
    const [first, last] = [seqs[0]!, seqs.at(-1)!]
    await this.#database.run(['documents', 'updates'], 'readwrite', async transaction => {
      const now: DocumentFacts | undefined = await resultOf(transaction.objectStore('documents').get(this.document))
      if (now?.lineage !== lineage) return
      const rows = transaction.objectStore('updates')
      rows.delete(IDBKeyRange.bound([this.document, first], [this.document, last]))
      rows.put(state, [this.document, last])
    })
    this.#tail = { base: state.length, bytes: 0, rows: 0 }
  }

  #freshFacts(lineage: string): DocumentFacts {
    return { title: '', details: {}, openedAt: this.#options.now(), ...this.#facts, lineage }
  }

  #deliver(update: Uint8Array): void {
    if (this.#updateListeners.size === 0) this.#undelivered.push(update)
    for (const listener of this.#updateListeners) listener(update)
  }

  #setTrouble(trouble: StoreError | null): void {
    clearTimeout(this.#retry)
    if (this.#isClosed && trouble?.code !== 'closed') return
    if (trouble === null) this.#retryMs = RETRY_MIN_MS
    else if (!HOPELESS.includes(trouble.code)) {
      this.#retry = setTimeout(() => this.check(), this.#retryMs)
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS)
    }
    if (trouble?.code === this.#trouble?.code) return
    this.#trouble = trouble
    for (const listener of this.#troubleListeners) listener(trouble)
  }
}

async function readRows(transaction: IDBTransaction, document: string, after?: number) {
  const rows = transaction.objectStore('updates')
  const range = rowsOf(document, after)
  const facts: DocumentFacts | undefined = await resultOf(transaction.objectStore('documents').get(document))
  const keys = (await resultOf(rows.getAllKeys(range))) as [string, number][]
  const updates: Uint8Array[] = await resultOf(rows.getAll(range))
  return { facts, updates, seqs: keys.map(([, seq]) => seq) }
}

async function lastSeq(rows: IDBObjectStore, document: string): Promise<number> {
  const cursor = await resultOf(rows.openKeyCursor(rowsOf(document), 'prev'))
  return cursor === null ? 0 : (cursor.key as [string, number])[1]
}

// A few at a time, because Yjs takes a time that grows with the square of their number.
function mergeUpdates(updates: Uint8Array[]): Uint8Array {
  let merged = updates
  while (merged.length > 1) {
    const groups = Array.from({ length: Math.ceil(merged.length / 16) }, (_, i) => merged.slice(16 * i, 16 * i + 16))
    merged = groups.map(group => Y.mergeUpdates(group))
  }
  return merged[0]!
}

function tailOf(updates: Uint8Array[]): { base: number; bytes: number; rows: number } {
  const bytes = updates.reduce((sum, update) => sum + update.length, 0)
  const base = updates[0]?.length ?? 0
  return { base, bytes: bytes - base, rows: Math.max(0, updates.length - 1) }
}

function isWorthMerging({ base, bytes, rows }: { base: number; bytes: number; rows: number }): boolean {
  return bytes > Math.max(base, TAIL_BYTES_MIN) || rows > TAIL_ROWS_MAX
}

function isReadable(row: unknown): boolean {
  if (!(row instanceof Uint8Array)) return false
  try {
    Y.parseUpdateMeta(row)
    return true
  } catch {
    return false
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function loadComesFirst(): Uint8Array {
  throw new Error('load comes before append')
}
