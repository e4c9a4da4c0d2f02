// A device with tabs: one IndexedDB, locks and channels as a browser has them, and faults to order.

import 'fake-indexeddb/auto'
import { IDBFactory, IDBObjectStore, forceCloseDatabase } from 'fake-indexeddb'
import * as Y from 'yjs'
import { AccountStore, type AccountStoreOptions } from '../../src/store/account-store.ts'
import type { DocumentStore, StoredDocument } from '../../src/store/document-store.ts'
import type { StoreError } from '../../src/store/store-error.ts'

export type Fault = 'quota' | 'abort'

/** One browser profile. */
export class Device {
  readonly id = crypto.randomUUID()
  readonly factory = new IDBFactory()
  readonly locks = new FakeLocks()
  /** Connections open at the moment, as the browser sees them. */
  readonly connections = new Set<IDBDatabase>()
  readonly transactions: { stores: string[]; mode: string; durability: string | undefined }[] = []
  puts = 0
  /** While set, every write fails so. */
  fault: Fault | null = null
  openFails: string | null = null
  /** Called before a transaction begins: what it begins itself comes first. */
  beforeTransaction: (stores: string[], mode: string) => void = () => {}

  account(name = 'ana', options: AccountStoreOptions = {}): AccountStore {
    const locks = this.locks as unknown as LockManager
    const Channel = this.#ownChannel(options.BroadcastChannel ?? BroadcastChannel)
    return AccountStore.open(name, {
      indexedDB: this.#watched(), locks, waitMs: 10_000, ...options, BroadcastChannel: Channel,
    })
  }

  /** Opens a document in a tab of its own. */
  async tab(document = 'doc', account: AccountStore = this.account()): Promise<Tab> {
    const tab = new Tab(account, document)
    await tab.open()
    return tab
  }

  /** The system takes all connections away, as Safari does now and then. */
  loseConnections(): void {
    for (const connection of this.connections) forceCloseDatabase(connection as never)
    this.connections.clear()
  }

  /** Somebody deletes the database, not by signing out. */
  async clear(account = 'ana'): Promise<void> {
    await done(this.factory.deleteDatabase(`plenary:${account}`))
  }

  /** A look at the rows past the store. */
  async inside<T>(look: (database: IDBDatabase) => Promise<T>, account = 'ana'): Promise<T> {
    const database = await done(this.factory.open(`plenary:${account}`))
    try {
      return await look(database)
    } finally {
      database.close()
    }
  }

  rows(account = 'ana'): Promise<Uint8Array[]> {
    return this.inside(database => done(database.transaction('updates').objectStore('updates').getAll()), account)
  }

  // The process is one; devices do not hear each other.
  #ownChannel(Channel: typeof BroadcastChannel): typeof BroadcastChannel {
    const { id } = this
    return class extends Channel {
      constructor(name: string) {
        super(`${id}/${name}`)
      }
    }
  }

  #watched(): IDBFactory {
    const { factory } = this
    const open = (name: string, version?: number) => {
      if (this.openFails !== null) throw new DOMException('not here', this.openFails)
      const request = factory.open(name, version)
      request.addEventListener('success', () => this.#watch(request.result))
      return request
    }
    return { open, deleteDatabase: (name: string) => factory.deleteDatabase(name) } as unknown as IDBFactory
  }

  #watch(database: IDBDatabase): void {
    this.connections.add(database)
    const begin = database.transaction.bind(database)
    database.transaction = (stores, mode, options) => {
      const names = typeof stores === 'string' ? [stores] : [...stores]
      this.beforeTransaction(names, mode ?? 'readonly')
      const transaction = begin(stores, mode, options)
      this.transactions.push({ stores: names, mode: mode ?? 'readonly', durability: options?.durability })
      const objectStore = transaction.objectStore.bind(transaction)
      transaction.objectStore = name => {
        const store = objectStore(name)
        store.put = (value: unknown, key?: IDBValidKey) => {
          this.puts += 1
          if (this.fault === 'quota') throw new DOMException('full', 'QuotaExceededError')
          if (this.fault === 'abort') transaction.abort()
          return IDBObjectStore.prototype.put.call(store, value, key)
        }
        return store
      }
      return transaction
    }
  }
}

/** A Y.Doc kept by a store, as the provider would keep it. */
export class Tab {
  readonly doc = new Y.Doc()
  readonly account: AccountStore
  readonly store: DocumentStore
  readonly troubles: (string | null)[] = []
  /** Every append, and how it ended. */
  readonly appends: Promise<StoreError | null>[] = []
  stored: StoredDocument = { updates: [], acknowledged: null, drafts: [] }

  constructor(account: AccountStore, document: string) {
    this.account = account
    this.store = account.document(document)
    this.store.onTrouble(trouble => this.troubles.push(trouble?.code ?? null))
    this.store.onUpdate(update => Y.applyUpdate(this.doc, update, this.store))
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === this.store) return
      const source = origin === 'server' ? 'server' : 'own'
      this.appends.push(this.store.append(update, source).then(() => null, error => error))
    })
  }

  async open(): Promise<void> {
    this.stored = await this.store.load(() => Y.encodeStateAsUpdate(this.doc))
    for (const update of this.stored.updates) Y.applyUpdate(this.doc, update, this.store)
  }

  get body(): Y.Text {
    return this.doc.getText('body')
  }

  get text(): string {
    return this.body.toString()
  }

  /** Types at the end; resolves to how keeping it ended. */
  type(words: string): Promise<StoreError | null> {
    this.body.insert(this.body.length, words)
    return this.appends.at(-1)!
  }

  acknowledge(): Promise<void> {
    return this.store.acknowledge(Y.encodeSnapshot(Y.snapshot(this.doc)))
  }
}

/** Of the lock manager, what the store uses. */
export class FakeLocks {
  readonly held = new Set<string>()

  async request<T>(name: string, _options: LockOptions, work: (lock: Lock | null) => Promise<T>): Promise<T> {
    if (this.held.has(name)) return work(null)
    this.held.add(name)
    try {
      return await work({ name, mode: 'exclusive' })
    } finally {
      this.held.delete(name)
    }
  }
}

export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}
