// What one person keeps on this device: documents for offline work, drafts, and what of it the server never confirmed.
// Two accounts in one browser are two databases and two sets of channels; they never meet.

import { isAcknowledged } from './acknowledged.ts'
import { Database, resultOf, rowsOf, type DocumentFacts } from './database.ts'
import type { DocumentStore, Draft } from './document-store.ts'
import { freshId } from './fresh-id.ts'
import { IndexedDocumentStore } from './indexed-document-store.ts'

/** Whether the browser may throw kept documents away when it needs space. */
export type Persistence = 'persistent' | 'best-effort' | 'unknown'

/** A document that opens without a line. */
export interface KeptDocument {
  document: string
  title: string
  details: Record<string, string>
  /** The day it was last opened, in milliseconds since 1970. */
  openedAt: number
}

/** Work that would be lost if this account's data were deleted. */
export interface UnsavedDocument {
  document: string
  title: string
  /** The document holds changes the server never confirmed. At most over-reported. */
  hasChanges: boolean
  drafts: number
}

/** What the store uses of the browser; the defaults are the browser's own. */
export interface AccountStoreOptions {
  indexedDB?: IDBFactory
  BroadcastChannel?: typeof BroadcastChannel
  locks?: LockManager
  storage?: StorageManager
  now?: () => number
  /** How long other tabs may hold up opening or deleting the database. */
  waitMs?: number
}

const DAY_MS = 24 * 60 * 60 * 1000

/** The documents one account keeps on this device. Every rejection is a `StoreError`. */
export class AccountStore {
  readonly #name: string
  readonly #database: Database
  readonly #options: AccountStoreOptions
  readonly #channel: BroadcastChannel | null
  readonly #open = new Set<IndexedDocumentStore>()
  readonly #facts = new Map<string, DocumentFacts>()
  #persistence: Promise<Persistence> | null = null
  #hasEnded = false

  /**
   * `account`: an opaque key of this person on this server. The database itself is opened when first needed, so this
   * never fails: where there is no storage, `load` and `append` say so.
   */
  static open(account: string, options: AccountStoreOptions = {}): AccountStore {
    return new AccountStore(account, options)
  }

  private constructor(account: string, options: AccountStoreOptions) {
    this.#options = options
    this.#name = `plenary:${encodeURIComponent(account)}`
    this.#channel = this.#openChannel(this.#name)
    this.#channel?.addEventListener('message', ({ data }) => {
      if (data === 'signed-out') void this.#end()
    })
    this.#database = new Database({
      name: this.#name,
      factory: options.indexedDB ?? browserStorage(),
      waitMs: options.waitMs ?? 10_000,
      onLost: () => {
        for (const document of this.#open) document.check()
      },
      onSignedOut: () => void this.#end(),
    })
  }

  /** The store of one document, for one Y.Doc. Ends with its `close`. */
  document(document: string): DocumentStore {
    const name = `${this.#name}:${encodeURIComponent(document)}`
    const store: IndexedDocumentStore = new IndexedDocumentStore({
      document,
      name,
      database: this.#database,
      channel: this.#openChannel(name),
      locks: this.#options.locks ?? globalThis.navigator?.locks,
      now: this.#now,
      onFirstKept: () => void this.persist(),
      onClosed: () => this.#open.delete(store),
    })
    this.#open.add(store)
    const facts = this.#facts.get(document)
    if (facts !== undefined) store.remember(facts)
    return store
  }

  /**
   * Notes what a list of documents shows without a line. Call whenever a document is opened: what is known already is
   * not written again on the same day.
   */
  async remember(document: string, { title, ...details }: { title: string; [detail: string]: string }): Promise<void> {
    const openedAt = this.#now() - (this.#now() % DAY_MS)
    // If this fails, a full disk perhaps, it is written together with the text, once that can be.
    this.#tellFacts(document, { lineage: '', title, details, openedAt })
    const facts = await this.#database.run(['documents'], 'readwrite', async transaction => {
      const documents = transaction.objectStore('documents')
      const known: DocumentFacts | undefined = await resultOf(documents.get(document))
      const facts: DocumentFacts = { lineage: known?.lineage ?? freshId(), title, details, openedAt }
      if (JSON.stringify(known) !== JSON.stringify(facts)) documents.put(facts, document)
      return facts
    })
    this.#tellFacts(document, facts)
  }

  /** The documents that can be opened without a line, last opened first. */
  documents(): Promise<KeptDocument[]> {
    return this.#database.run(['documents', 'updates'], 'readonly', async transaction => {
      const kept: KeptDocument[] = []
      for (const [document, { title, details, openedAt }] of await allFacts(transaction)) {
        const rows = await resultOf(transaction.objectStore('updates').count(rowsOf(document)))
        if (rows > 0) kept.push({ document, title, details, openedAt })
      }
      return kept.sort((a, b) => b.openedAt - a.openedAt)
    })
  }

  /** The documents with work the server never confirmed, or with drafts: what a sign-out would lose. */
  async unsaved(): Promise<UnsavedDocument[]> {
    await Promise.allSettled([...this.#open].map(document => document.settled()))
    return this.#database.run(['documents', 'updates', 'acknowledged', 'drafts'], 'readonly', async transaction => {
      const unsaved: UnsavedDocument[] = []
      for (const [document, { title }] of await allFacts(transaction)) {
        const updates: Uint8Array[] = await resultOf(transaction.objectStore('updates').getAll(rowsOf(document)))
        const acknowledged = await resultOf(transaction.objectStore('acknowledged').get(document))
        const drafts = await resultOf(transaction.objectStore('drafts').count(rowsOf(document)))
        const hasChanges = updates.some(update => !isAcknowledged(acknowledged ?? null, update))
        if (hasChanges || drafts > 0) unsaved.push({ document, title, hasChanges, drafts })
      }
      return unsaved
    })
  }

  /** All drafts of this account, oldest first. */
  async drafts(): Promise<Draft[]> {
    const drafts: Draft[] = await this.#database.run(['drafts'], 'readonly', async transaction =>
      resultOf(transaction.objectStore('drafts').getAll()))
    return drafts.sort((a, b) => a.at - b.at)
  }

  /** Deletes what is kept of one document, drafts too. Close its store before, or it writes itself again. */
  forget(document: string): Promise<void> {
    this.#facts.delete(document)
    return this.#database.run(['documents', 'updates', 'acknowledged', 'drafts'], 'readwrite', async transaction => {
      transaction.objectStore('documents').delete(document)
      transaction.objectStore('updates').delete(rowsOf(document))
      transaction.objectStore('acknowledged').delete(document)
      transaction.objectStore('drafts').delete(rowsOf(document))
    })
  }

  /** Asks the browser, once, not to throw kept documents away. Asked by itself when a document is first kept. */
  persist(): Promise<Persistence> {
    this.#persistence ??= this.#askPersistence(storage => storage.persist())
    return this.#persistence
  }

  /** How it is, without asking. */
  persistence(): Promise<Persistence> {
    return this.#askPersistence(storage => storage.persisted())
  }

  /**
   * Deletes everything this account keeps here, in every tab, and resolves when it is gone. Ask `unsaved` before, and
   * the person. Fails with `blocked` when another tab does not let go; the rows are gone even then.
   */
  async destroy(): Promise<void> {
    if (!this.#hasEnded) this.#channel?.postMessage('signed-out')
    for (const document of this.#open) document.end()
    await this.#database.destroy()
    await this.#end()
  }

  /** Lets go of the database and keeps everything. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#open].map(document => document.close()))
    await this.#end()
  }

  #tellFacts(document: string, facts: DocumentFacts): void {
    this.#facts.set(document, facts)
    for (const store of this.#open) if (store.document === document) store.remember(facts)
  }

  readonly #now = (): number => (this.#options.now ?? Date.now)()

  async #end(): Promise<void> {
    this.#hasEnded = true
    for (const document of this.#open) document.end()
    this.#channel?.close()
    await this.#database.close()
  }

  async #askPersistence(ask: (storage: StorageManager) => Promise<boolean>): Promise<Persistence> {
    const storage = this.#options.storage ?? globalThis.navigator?.storage
    try {
      return (await ask(storage)) ? 'persistent' : 'best-effort'
    } catch {
      return 'unknown'
    }
  }

  #openChannel(name: string): BroadcastChannel | null {
    const Channel = this.#options.BroadcastChannel ?? globalThis.BroadcastChannel
    try {
      const channel = new Channel(name)
      // In Node an open channel would keep the process alive.
      if ('unref' in channel && typeof channel.unref === 'function') channel.unref()
      return channel
    } catch {
      // Without one, tabs meet at the server, or when a document is opened next.
      return null
    }
  }
}

async function allFacts(transaction: IDBTransaction): Promise<[string, DocumentFacts][]> {
  const documents = transaction.objectStore('documents')
  const ids = (await resultOf(documents.getAllKeys())) as string[]
  const facts: DocumentFacts[] = await resultOf(documents.getAll())
  return ids.map((id, index) => [id, facts[index]!])
}

// Reading the property throws where a page may not have storage at all.
function browserStorage(): IDBFactory | undefined {
  try {
    return globalThis.indexedDB ?? undefined
  } catch {
    return undefined
  }
}
