/**
 * What a provider keeps of one document on this device: the interface between the provider and whatever stores.
 *
 * Who implements it promises one thing above all: a call that resolves has been written, and a call that could not
 * write rejects. The provider tells people "kept on this device" on the strength of it.
 */
import type * as Y from 'yjs'

/** Why work became a draft, which the document does not hold. */
export type DraftReason = 'refused' | 'replaced' | 'removed'

/** Work that could not go into its document, kept until the person has done something about it. */
export interface Draft {
  /** Unique on this device. */
  readonly id: string
  /** The document it was written in. */
  readonly document: string
  /** When it was set aside, ms since 1970. */
  readonly at: number
  readonly why: DraftReason
  /** As one Yjs v1 update; what it leans on may be missing from it. */
  readonly update: Uint8Array
  /** The words in it, for people: as far as they can be told without the document. */
  readonly text: string
}

/** What {@link DocumentStore.load} found. */
export interface StoredDocument {
  /** Yjs v1 updates, to be applied in order. Empty when nothing was kept. */
  readonly updates: readonly Uint8Array[]
  /**
   * The newest snapshot the server was known to have (`Y.encodeSnapshot`: state vector and delete set); `null` when
   * it never confirmed anything. It may lag behind, so it over-reports what is unsent and never under-reports it.
   */
  readonly acknowledged: Uint8Array | null
  readonly drafts: readonly Draft[]
}

/** Why a {@link DocumentStore} could not do its work. */
export type StoreErrorCode =
  /** The device, or the browser's share of it, is full. */
  | 'quota'
  /** The store was closed, or deleted underneath. */
  | 'closed'
  /** There is none to be had, as in some private windows. */
  | 'unavailable'
  /** It could not be written or read, for another reason. */
  | 'failed'

/** Something was not kept on this device. */
export class StoreError extends Error {
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'StoreError'
    this.code = code
  }
}

/** Keeps one document of one account on this device. */
export interface DocumentStore {
  /** Reads everything that was kept. Rejects with {@link StoreError} when it cannot be read. */
  load(): Promise<StoredDocument>
  /** Writes one update; resolves once it is written, rejects with {@link StoreError} when it is not. */
  append(update: Uint8Array): Promise<void>
  /** Notes that the server has what this snapshot (`Y.encodeSnapshot`) describes. */
  acknowledge(snapshot: Uint8Array): Promise<void>
  /** Keeps a draft until it is dropped. */
  keepDraft(draft: Draft): Promise<void>
  dropDraft(id: string): Promise<void>
  /** Calls back with updates that other tabs of the same account appended; returns what ends that. */
  onUpdate(listener: (update: Uint8Array) => void): () => void
  /** Puts what `doc` holds in the place of many updates, if there are enough of them to be worth it. */
  compact(doc: Y.Doc): Promise<void>
  /** Lets go of the device; what was kept stays. */
  close(): Promise<void>
}
