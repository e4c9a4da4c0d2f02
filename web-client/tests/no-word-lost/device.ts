// A browser profile in Node: what our own store keeps of a document while its page is closed.

import { IDBFactory, IDBKeyRange } from 'fake-indexeddb'
import { AccountStore } from '../../packages/provider/src/store/account-store.ts'
import type { DocumentStore } from '../../packages/provider/src/index.ts'

// As a browser has it.
globalThis.IDBKeyRange = IDBKeyRange

/** What one author has on their device. */
export class Device {
  readonly #indexedDB = new IDBFactory()
  readonly #name: string

  /** `name`: no other device of this process has it. */
  constructor(name: string) {
    this.#name = name
  }

  /** The store of a page that is opened now. */
  open(document: string): DocumentStore {
    return AccountStore.open(this.#name, { indexedDB: this.#indexedDB }).document(document)
  }
}
