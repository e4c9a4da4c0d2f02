// One account's IndexedDB database: opened when first needed, opened again when the connection is lost, deleted on
// sign-out. What the rows mean is left to `account-store.ts` and `indexed-document-store.ts`.
//
// | store          | key               | value                                                                |
// | documents      | document          | `DocumentFacts`                                                      |
// | updates        | [document, seq]   | a Yjs v1 update; seq grows by one, the lowest is the last merge      |
// | acknowledged   | document          | an encoded Y.Snapshot                                                |
// | drafts         | [document, draft] | `Draft`                                                              |
// | account        | 'signed-out'      | true, from the moment a sign-out begins                              |

import { StoreError, storeErrorFrom } from './store-error.ts'

/** The object stores of an account's database. */
export type StoreName = 'documents' | 'updates' | 'acknowledged' | 'drafts' | 'account'

/** What is known of a kept document beside its text. */
export interface DocumentFacts {
  /** Drawn anew whenever rows start from nothing, so that a tab notices rows which are not the ones it wrote to. */
  lineage: string
  title: string
  details: Record<string, string>
  /** Milliseconds since 1970, to the day: opening a document twice a day shall not write twice. */
  openedAt: number
}

const VERSION = 1
const STORES: StoreName[] = ['documents', 'updates', 'acknowledged', 'drafts', 'account']
const SIGNED_OUT = 'signed-out'

/** Where the database lives, and whom it tells about losing it. */
export interface DatabaseOptions {
  name: string
  factory: IDBFactory | undefined
  /** Past this an opening or deletion that other tabs hold up is given up. */
  waitMs: number
  /** The connection went away by itself: storage was cleared, or a newer version took over. */
  onLost: () => void
  /** Another tab signed this account out. */
  onSignedOut: () => void
}

/** A database that comes back after losing its connection. Every rejection is a `StoreError`. */
export class Database {
  readonly #options: DatabaseOptions
  #connection: Promise<IDBDatabase> | null = null
  #isClosed = false
  // Until it is known why a connection had to go, none is opened: after a sign-out it would make an empty database.
  #verdict: Promise<void> = Promise.resolve()

  constructor(options: DatabaseOptions) {
    this.#options = options
  }

  /**
   * Runs `body` in one transaction and resolves with what it returned once that is complete, for writes: on disk.
   * `body` may wait for requests of this transaction and for nothing else. It may run twice: when the browser aborts,
   * the connection is opened afresh and the whole is tried once more.
   */
  async run<T>(stores: StoreName[], mode: IDBTransactionMode, body: (transaction: IDBTransaction) => Promise<T>): Promise<T> {
    for (let isRetry = false; ; isRetry = true) {
      const opening = this.#open()
      const connection = await opening
      try {
        return await transact(connection, stores, mode, body)
      } catch (cause) {
        const error = storeErrorFrom(cause)
        if (this.#isClosed) throw new StoreError('closed')
        if (error.code !== 'aborted' || isRetry) throw error
        // A connection the system took away (Safari does, and so does clearing storage) fails every transaction.
        connection.close()
        this.#forget(opening)
      }
    }
  }

  /** Lets go of the connection; later calls reject. Transactions under way complete. */
  async close(): Promise<void> {
    this.#isClosed = true
    const connection = await this.#connection?.catch(() => null)
    connection?.close()
  }

  /**
   * Deletes everything and resolves when it is gone; other tabs let go on their own.
   * Fails with `blocked` when one of them does not, a frozen one perhaps: the rows are gone even then, and the empty
   * database follows when it ends.
   */
  async destroy(): Promise<void> {
    const { factory, name, waitMs } = this.#options
    // The mark goes before the deletion, so that a tab asked to let go can tell a sign-out from cleared storage.
    // What cannot be opened or written, a newer version's rows too, can still be deleted.
    await this.run(STORES, 'readwrite', async transaction => {
      for (const store of STORES) transaction.objectStore(store).clear()
      transaction.objectStore('account').put(true, SIGNED_OUT)
    }).catch(() => {})
    await this.close()
    let request: IDBOpenDBRequest | undefined
    try {
      request = factory?.deleteDatabase(name)
    } catch {
      // A page that may not have storage keeps nothing.
    }
    if (request === undefined) return
    const deletion = request
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new StoreError('blocked')), waitMs)
      deletion.onsuccess = () => resolve(clearTimeout(timer))
      deletion.onerror = () => reject(storeErrorFrom(deletion.error))
    })
  }

  #open(): Promise<IDBDatabase> {
    if (this.#isClosed) return Promise.reject(new StoreError('closed'))
    if (this.#connection !== null) return this.#connection
    const connection = this.#verdict.then(() => this.#connect())
    this.#connection = connection
    connection.catch(() => this.#forget(connection))
    return connection
  }

  #connect(): Promise<IDBDatabase> {
    const { factory, name, waitMs } = this.#options
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw new StoreError('closed')
      let request: IDBOpenDBRequest
      try {
        // There may be none, and some pages may not use it.
        request = factory!.open(name, VERSION)
      } catch (cause) {
        throw storeErrorFrom(cause, 'no-storage')
      }
      let isLate = false
      const timer = setTimeout(() => {
        isLate = true
        reject(new StoreError('blocked'))
      }, waitMs)
      request.onupgradeneeded = () => {
        for (const store of STORES) request.result.createObjectStore(store)
      }
      request.onerror = () => {
        clearTimeout(timer)
        reject(storeErrorFrom(request.error, 'no-storage'))
      }
      request.onsuccess = () => {
        clearTimeout(timer)
        if (isLate || this.#isClosed) {
          request.result.close()
          return reject(new StoreError('closed'))
        }
        this.#watch(request.result)
        resolve(request.result)
      }
    })
  }

  #watch(connection: IDBDatabase): void {
    const opening = this.#connection
    const letGo = () => opening !== null && this.#forget(opening)
    connection.onclose = () => {
      letGo()
      if (!this.#isClosed) this.#options.onLost()
    }
    connection.onversionchange = event => {
      letGo()
      const asked = event.newVersion === null ? wasSignedOut(connection) : Promise.resolve(false)
      connection.close()
      this.#verdict = asked.then(isSignOut => {
        if (this.#isClosed) return
        if (isSignOut) this.#options.onSignedOut()
        else this.#options.onLost()
      })
    }
  }

  #forget(connection: Promise<IDBDatabase>): void {
    if (this.#connection === connection) this.#connection = null
  }
}

/** The result of a request, inside a transaction. */
export function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

/** All keys [document, *]. */
export function rowsOf(document: string, after = -Infinity): IDBKeyRange {
  // An array sorts after every number and string.
  return IDBKeyRange.bound([document, after], [document, []], true)
}

async function transact<T>(
  connection: IDBDatabase,
  stores: StoreName[],
  mode: IDBTransactionMode,
  body: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  // Without `strict` a browser calls a write complete when the system has it, and a power cut takes it back.
  const transaction = connection.transaction(stores, mode, { durability: 'strict' })
  const completed = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
  try {
    const [result] = await Promise.all([body(transaction), completed])
    return result
  } catch (error) {
    try {
      transaction.abort()
    } catch {
      // It has aborted already.
    }
    await completed.catch(() => {})
    throw error
  }
}

// The last transaction of a connection asked to close: `close` waits for it.
async function wasSignedOut(connection: IDBDatabase): Promise<boolean> {
  try {
    return await transact(connection, ['account'], 'readonly', async transaction =>
      (await resultOf(transaction.objectStore('account').get(SIGNED_OUT))) === true)
  } catch {
    return false
  }
}
