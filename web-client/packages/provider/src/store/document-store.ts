// What the provider needs of a place on this device where one document of one account is kept. `account-store.ts`
// keeps it in IndexedDB, `memory-store.ts` for as long as the page is open.
//
// The shape leaves the provider four duties and no more:
// 1. `load(() => Y.encodeStateAsUpdate(doc))` before anything is asked of the server; apply the updates to the
//    document with the store as transaction origin. If it rejects, go on without: say so, and still `append`.
// 2. `append` every update of the document whose origin is not the store itself (own words and those of others).
// 3. Apply what `onUpdate` brings (other tabs of the same account) with the store as origin.
// 4. `acknowledge` a snapshot after the server said durable, or sent its own state: at most every 2 s, and on hide.
//
// Everything else is decided inside: when rows are merged into one, how a lost connection comes back, and what is
// written after a failed write or after storage was cleared underneath. In these last two cases the next write
// carries the whole document (that is what the function given to `load` is for), so an `append` that resolves always
// means that all of the document is kept, never only its last update.

import type { StoreError } from './store-error.ts'

/**
 * A text that was refused, or belongs to a document that was replaced or is no longer open to this person. Kept until
 * a person drops it, or until the document holds it after all.
 */
export interface Draft {
  id: string
  document: string
  /** Milliseconds since 1970. */
  at: number
  why: 'refused' | 'replaced' | 'removed'
  /** Yjs v1. */
  update: Uint8Array
  /** What a person can read and copy of it. */
  text: string
}

/** What was kept, oldest first. */
export interface StoredDocument {
  /** Yjs v1 updates; together they are the document. Empty when it was never kept here. */
  updates: Uint8Array[]
  /** An encoded `Y.Snapshot` the server has confirmed as durable: what goes beyond it was perhaps never saved there. */
  acknowledged: Uint8Array | null
  drafts: Draft[]
}

/** Whose an update is: written at this device (the default), or sent by the server. */
export type UpdateSource = 'own' | 'server'

/** Where one document of one account is kept. Every rejection is a `StoreError`. */
export interface DocumentStore {
  /** Whether words outlive the page. `in-memory` keeps nothing a person could be promised. */
  readonly keeps: 'on-device' | 'in-memory'

  /**
   * Reads what is kept; writes nothing. Call once, before any `append`.
   * `whole`: encodes the document as it is now, Yjs v1.
   */
  load(whole: () => Uint8Array): Promise<StoredDocument>

  /**
   * Resolves once the update, and all before it, are on disk. Several in one tick share a transaction.
   *
   * `source`: what the server sent is not handed to other tabs. They hear of it from the server themselves, and what a
   * tab hands on counts there as work that the server has yet to confirm.
   */
  append(update: Uint8Array, source?: UpdateSource): Promise<void>

  /** Merged with what was acknowledged before, also by other tabs; an older one only over-reports what is unsaved. */
  acknowledge(snapshot: Uint8Array): Promise<void>

  keepDraft(draft: Draft): Promise<void>
  dropDraft(id: string): Promise<void>

  /** What other tabs of this account wrote, after they wrote it; some of it may be known already. */
  onUpdate(listener: (update: Uint8Array) => void): () => void

  /**
   * Tells at once when the document stops being kept here, and `null` when all of it is kept again; also when no
   * `append` is under way, as when storage is cleared underneath.
   */
  onTrouble(listener: (trouble: StoreError | null) => void): () => void

  /**
   * Forgets the updates and what was acknowledged, for a document that is to start afresh from the server. Drafts
   * stay. Nothing is appended after it but to a store that was loaded again.
   */
  reset(): Promise<void>

  /** Writes what waits, then lets go. Later calls reject with `closed`. */
  close(): Promise<void>
}
