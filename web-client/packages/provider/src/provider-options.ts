// What a provider is given and what it tells: its options and events.

import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { Connection, ConnectionOptions, TokenTrouble } from './connection.ts'
import type { RefusalCode } from './messages.ts'
import type { PlenaryProvider } from './provider.ts'
import type { SaveState } from './save-state.ts'
import type { DocumentStore, Draft } from './store/document-store.ts'
import type { StoreError } from './store/store-error.ts'

/** How {@link PlenaryProvider} is set up. Either `server` and `token`, or a `connection` that others may share. */
export interface ProviderOptions extends Partial<ConnectionOptions> {
  /** The id of the document. */
  document: string
  doc: Y.Doc
  /** Presence; one is made when none is given. `null`: take no part in it. */
  awareness?: Awareness | null
  /** Where the document is kept on this device; none when absent. The provider closes it when it is destroyed. */
  store?: DocumentStore | null
  /** Work that was set aside in what this document comes in the place of: from now on it is a draft of this one. */
  drafts?: readonly Draft[]
  /** A line that several documents share. The provider leaves it open. */
  connection?: Connection
  /** Whether to connect at once (the default), or when `connect()` is called. */
  connect?: boolean
  /**
   * Calls back when others' words may come into the document, which for a slow page is not while a key is on its way to the
   * screen. Meanwhile they wait, a second at most, and then come in together. Default: each at once.
   */
  whenCalm?: (bring: () => void) => void
}

/** Whether the document is in touch with the server: `connected` once the server has let it in. */
export type Status = 'connecting' | 'connected' | 'disconnected'

/** What the person may do. */
export type Access = 'write' | 'read'

/** The server did not let the document in, or ended it. */
export interface Denial {
  /** The server's word, such as `not-found`, `removed`, `bad-token`. */
  reason: string
  /** The provider stays away until `connect()` is called; otherwise it tries again by itself. */
  isFinal: boolean
}

/** A return with work that the server had not confirmed, into a document that others had changed meanwhile. */
export interface Merge {
  /** The whole document just before, as one Yjs v1 update. */
  before: Uint8Array
  /** What the server brought, as one Yjs v1 update. */
  theirs: Uint8Array
  /** What the server was known to have (`Y.encodeSnapshot`): whatever `before` holds beyond it is this device's own. */
  acknowledged: Uint8Array | null
}

/** What a refusal was about. */
export interface Refusal {
  code: RefusalCode
  /** For a log. */
  reason: string
  /** Whether the same work may still come in by itself: once access is raised, or the server has space again. */
  mayPass: boolean
}

/** What {@link PlenaryProvider.on} can be asked for. The first group is as y-websocket has it. */
export interface ProviderEvents {
  'status': (event: { status: Status }) => void
  'sync': (isSynced: boolean) => void
  'synced': (isSynced: boolean) => void
  'connection-close': (event: CloseEvent | null, provider: PlenaryProvider) => void
  'connection-error': (event: Event, provider: PlenaryProvider) => void
  'closed': (event: { code: number, reason: string }, provider: PlenaryProvider) => void
  'destroy': (provider: PlenaryProvider) => void

  /** What was kept on this device is in the document. */
  'loaded': () => void
  /** What to tell people about their words has changed. */
  'save-state': (state: SaveState) => void
  'access': (access: Access) => void
  'denied': (denial: Denial) => void
  /** There is no token to show, or (`null`) there is one again. It is asked for again by itself. */
  'token-trouble': (trouble: TokenTrouble | null) => void
  /** The server refused work; what it was is in the `draft` that follows. */
  'refused': (refusal: Refusal) => void
  /** Work was set aside, or more of it was added to the same draft. */
  'draft': (draft: Draft) => void
  /** A draft is gone: dropped by the person, or its work is in the document now. */
  'draft-dropped': (id: string) => void
  /** The document goes on under another id, `null` when the server does not say which. */
  'replaced': (event: { by: string | null }) => void
  /** A text of the server for the person. */
  'notice': (text: string) => void
  'merge': (merge: Merge) => void
  /** This device no longer keeps the document, or (`null`) does so again. */
  'store-trouble': (error: StoreError | null) => void
}
