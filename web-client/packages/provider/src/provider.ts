// Keeps a Y.Doc and its awareness in step with a document at a server and with a copy on this device, and knows at
// each moment what has become of the words in it. Speaks to bindings as y-websocket does.

import { ObservableV2 } from 'lib0/observable'
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { Alarm, type Clock } from './clock.ts'
import { Connection, type ConnectionOptions, type TokenTrouble } from './connection.ts'
import { CLOSE_CODES, remedyFor } from './close-codes.ts'
import { setAside } from './drafts.ts'
import { fetchFirstState } from './first-state.ts'
import type { RefusalCode } from './messages.ts'
import type { Access, ProviderEvents, ProviderOptions, Status } from './provider-options.ts'
import { saveState, type SaveState } from './save-state.ts'
import { Session } from './session.ts'
import { isAllAcknowledged } from './store/acknowledged.ts'
import type { DocumentStore, Draft, UpdateSource } from './store/document-store.ts'
import { freshId } from './store/fresh-id.ts'
import { type StoreError, storeErrorFrom } from './store/store-error.ts'

/** Presence is sent no more often than this. */
export const AWARENESS_MS = 100
/** What the server has is noted on this device no more often than this. */
export const ACKNOWLEDGE_MS = 2_000
/** What others write is kept on this device no later than this; the server has it anyway. */
export const KEEP_OTHERS_MS = 500
/** What others write waits no longer than this for the page to be calm. */
export const HEARD_MS_MAX = 1_000
/** And no more than this of it. */
export const HEARD_MAX = 100

/** One document: see the top of this file. `doc` and `awareness` are what bindings take. */
export class PlenaryProvider extends ObservableV2<ProviderEvents> {
  /** The id of the document; y-websocket calls it `roomname`. */
  readonly document: string
  readonly roomname: string
  readonly doc: Y.Doc
  readonly awareness: Awareness
  /** The line, which other documents may share. */
  readonly connection: Connection
  /** Resolves when what was kept on this device is in the document. Never rejects. */
  readonly whenLoaded: Promise<void>

  readonly #store: DocumentStore | null
  readonly #session: Session
  readonly #clock: Clock
  readonly #ownsConnection: boolean
  readonly #ownsAwareness: boolean
  readonly #sharesPresence: boolean
  readonly #endings: (() => void)[] = []
  readonly #awarenessAlarm: Alarm
  readonly #acknowledgeAlarm: Alarm
  readonly #keepOthersAlarm: Alarm
  readonly #heardAlarm: Alarm
  readonly #whenCalm: ((bring: () => void) => void) | null
  #status: Status = 'disconnected'
  #synced = false
  #access: Access | null = null
  #saveState: SaveState = 'saving'
  #drafts: Draft[] = []
  #acknowledged: Uint8Array | null = null
  #trouble: StoreError | null = null
  #tokenTrouble: TokenTrouble | null = null
  /** Own writes that the store has not answered. */
  #writing = 0
  #isReplaced = false
  #isDestroyed = false
  #prepared: Promise<void> | null = null
  #fromOthers: Uint8Array[] = []
  /** What others wrote, or where they are, and is not here yet. */
  #heard: { isPresence: boolean, update: Uint8Array }[] = []
  #isCalmAwaited = false
  #awarenessSentAt = 0
  #acknowledgedAt = 0

  constructor(options: ProviderOptions) {
    super()
    const { document, doc, awareness, store = null, connection, connect = true, drafts = [], whenCalm = null } = options
    this.document = this.roomname = document
    this.doc = doc
    this.#ownsConnection = connection === undefined
    this.connection = connection ?? new Connection(options as ConnectionOptions)
    this.#clock = this.connection.clock
    this.#store = store
    this.#sharesPresence = awareness !== null
    this.#ownsAwareness = !awareness
    this.awareness = awareness ?? new Awareness(doc)
    if (awareness === null) this.awareness.setLocalState(null)
    this.#awarenessAlarm = new Alarm(this.#clock, () => this.#sendAwareness())
    this.#acknowledgeAlarm = new Alarm(this.#clock, () => this.#acknowledge())
    this.#keepOthersAlarm = new Alarm(this.#clock, () => this.#keepFromOthers())
    this.#heardAlarm = new Alarm(this.#clock, () => this.#bring())
    this.#whenCalm = whenCalm
    this.#session = new Session(document, doc, this.connection, {
      prepare: () => this.#prepare(),
      changed: () => this.#refresh(),
      access: scope => this.#grant(scope === 'read-write' ? 'write' : 'read'),
      tokenTrouble: trouble => this.#tokenTroubled(trouble),
      denied: (reason, isFinal) => this.#denied(reason, isFinal),
      begun: () => this.#sendAwareness(),
      update: (update, isAnswer) => (isAnswer ? this.#mergeAnswer(update) : this.#hear({ isPresence: false, update })),
      awareness: update => this.#hear({ isPresence: true, update }),
      awarenessAsked: () => this.#sendAwareness(),
      durable: () => this.#durable(),
      refused: (update, code, reason, mayPass) => this.#refused(update, code, reason, mayPass),
      notice: text => this.emit('notice', [text]),
      lineLost: event => this.#lost(event),
      lineFailed: event => this.emit('connection-error', [event, this]),
    })
    this.#follow(doc, 'update', this.#updated)
    this.#follow(this.awareness, 'update', this.#awarenessUpdated)
    this.#endings.push(this.connection.environment.listen(event => {
      if (event === 'hidden') this.#hide()
      if (event === 'visible') this.#awarenessAlarm.setBy(this.#clock.now())
    }))
    this.whenLoaded = this.#load(drafts)
    if (connect) this.connect()
  }

  /** `connected` once the server has let the document in. */
  get status(): Status { return this.#status }
  /** What the server had when the line began is in the document. */
  get synced(): boolean { return this.#synced }
  /** What the person may do; `null` until the server has said so. */
  get access(): Access | null { return this.#access }
  /** What to tell people about their words. */
  get saveState(): SaveState { return this.#saveState }
  /** There are changes that the server has not confirmed. */
  get pending(): boolean { return this.#session.ledger.hasUnacknowledged }
  /** Closing the page now would lose words: the server has not confirmed them and this device does not keep them. */
  get wouldLose(): boolean { return this.pending && this.#onDevice !== 'kept' }
  /** Work that was set aside, until it is dropped. */
  get drafts(): readonly Draft[] { return this.#drafts }
  /** Why this device does not keep the document; `null` while it does. */
  get storeTrouble(): StoreError | null { return this.#trouble }
  /**
   * Why there is no token to show, as far as is known: `none` when the token callback said so, `failed` when it did not
   * work while there was a line. `null`: there is one, or it was not asked for yet.
   */
  get tokenTrouble(): TokenTrouble | null { return this.#tokenTrouble }
  /** When the next attempt to connect is made, ms since 1970; `null` when none is being waited for. */
  get retryAt(): number | null { return this.#session.retryAt ?? this.connection.retryAt }
  /** As y-websocket has them. */
  get wsconnected(): boolean { return this.#status === 'connected' }
  get wsconnecting(): boolean { return this.#status === 'connecting' }
  get shouldConnect(): boolean { return this.#session.isAttached }

  /** Connects, or does so at once instead of at {@link retryAt}. Also asks again after a final denial. */
  connect(): void {
    if (this.#isDestroyed) return
    if (this.#session.isAttached) return this.connection.nudge()
    this.#isReplaced = false
    void this.#prepare()
    this.#session.attach()
  }

  /** Sends what waits and leaves the document. */
  disconnect(): void {
    if (!this.#session.isAttached) return
    this.#session.detach()
    this.#lost(null)
  }

  /**
   * Sends what waits, and resolves as soon as it is known what has become of it, or after `timeoutMs` to `pending`.
   * A server that does not confirm leaves it `pending`, too.
   */
  flush(timeoutMs: number): Promise<'saved' | 'pending' | 'refused'> {
    this.#session.flush({ atOnce: true })
    return new Promise(resolve => {
      const outcome = (): 'saved' | 'pending' | 'refused' | null => {
        switch (this.#saveState) {
          case 'saved': return 'saved'
          case 'refused':
          case 'replaced': return 'refused'
          case 'unconfirmed': return 'pending'
          default: return null
        }
      }
      const settle = (result: 'saved' | 'pending' | 'refused' | null): void => {
        if (result === null) return
        // Who asks may look next what on this device the server does not have.
        if (result === 'saved') this.#acknowledge()
        alarm.set(null)
        this.off('save-state', look)
        this.off('destroy', giveUp)
        resolve(result)
      }
      const look = (): void => settle(outcome())
      const giveUp = (): void => settle('pending')
      const alarm = new Alarm(this.#clock, giveUp)
      alarm.set(this.#clock.now() + timeoutMs)
      this.on('save-state', look)
      this.on('destroy', giveUp)
      look()
    })
  }

  /** Forgets a draft, once the person has done with it what they wanted. */
  async dropDraft(id: string): Promise<void> {
    this.#drafts = this.#drafts.filter(draft => draft.id !== id)
    this.emit('draft-dropped', [id])
    await this.#store?.dropDraft(id)
  }

  /**
   * For a document whose copy here the server will not take: sets aside what it does not have, forgets the copy on
   * this device and ends this provider. A new one, on a new Y.Doc, then begins with what the server has.
   */
  async startAfresh(): Promise<void> {
    this.disconnect()
    // Of a document that was replaced it was set aside when the server said so.
    if (this.pending && !this.#isReplaced) await this.#setAside('refused', this.#unsaved())
    this.#stop()
    try {
      await this.#store?.reset()
    } finally {
      this.destroy()
    }
  }

  /** Sends what waits, leaves the document and lets go of everything but the Y.Doc. */
  override destroy(): void {
    if (this.#isDestroyed) return
    this.disconnect()
    this.#stop()
    this.#isDestroyed = true
    if (this.#ownsConnection) this.connection.destroy()
    if (this.#ownsAwareness) this.awareness.destroy()
    void this.#store?.close().catch(() => {})
    this.emit('destroy', [this])
    super.destroy()
  }

  get #onDevice(): 'no' | 'kept' | 'writing' | 'failed' {
    if (this.#trouble !== null) return 'failed'
    if (this.#store?.keeps !== 'on-device') return 'no'
    return this.#writing > 0 ? 'writing' : 'kept'
  }

  /** Notices changes of what everything adds up to. */
  #refresh(): void {
    if (this.#isDestroyed) return
    const { state, confirms, ledger, hasUnsent, isAttached } = this.#session
    const isLine = this.connection.state === 'opening' || this.connection.isOpen
    const status = state === 'inside' ? 'connected'
      : isAttached && isLine && state !== 'pausing' ? 'connecting'
      : 'disconnected'
    if (status !== this.#status) {
      this.#status = status
      this.emit('status', [{ status }])
    }
    const told = saveState({
      isConnected: state === 'inside',
      // What was acknowledged in an earlier life was acknowledged by a server that confirms.
      confirms: confirms === 'unknown' && this.#acknowledged !== null ? 'yes' : confirms,
      hasUnacknowledged: ledger.hasUnacknowledged,
      hasUnsent,
      onDevice: this.#onDevice,
      isRefused: ledger.isRefused,
      isReplaced: this.#isReplaced,
    })
    if (told !== this.#saveState) {
      this.#saveState = told
      this.emit('save-state', [told])
    }
  }

  #follow<T>(target: { on(name: string, listener: T): unknown, off(name: string, listener: T): unknown }, name: string,
    listener: T): void {
    target.on(name, listener)
    this.#endings.push(() => target.off(name, listener))
  }

  /** Ends what comes in from the document, its presence, the store and the page. */
  #stop(): void {
    this.#bring()
    this.#keepFromOthers()
    this.#acknowledge()
    for (const alarm of [this.#awarenessAlarm, this.#acknowledgeAlarm, this.#keepOthersAlarm, this.#heardAlarm]) alarm.set(null)
    this.#endings.splice(0).forEach(end => end())
  }

  // The device.

  async #load(carried: readonly Draft[]): Promise<void> {
    // What the document holds already did not come from here and did not come from the server.
    const given = this.doc.store.clients.size > 0 ? Y.encodeStateAsUpdate(this.doc) : null
    if (given !== null) this.#session.ledger.change()
    const store = this.#store
    if (store !== null) {
      this.#endings.push(
        store.onUpdate(update => Y.applyUpdate(this.doc, update, store)),
        store.onTrouble(trouble => this.#troubled(trouble)),
      )
      try {
        const { updates, acknowledged, drafts } = await store.load(() => Y.encodeStateAsUpdate(this.doc))
        if (this.#isDestroyed) return
        // Yjs encodes a change again for whoever listens; of what was kept we need not hear.
        this.doc.off('update', this.#updated)
        try {
          this.doc.transact(() => updates.forEach(update => Y.applyUpdate(this.doc, update, store)), store)
        } finally {
          this.doc.on('update', this.#updated)
        }
        this.#drafts = [...drafts]
        this.#acknowledged = acknowledged
        const isKnown = updates.length === 0 || isAllAcknowledged(acknowledged, this.doc)
        if (!isKnown) this.#session.ledger.change()
      } catch (error) {
        this.#troubled(storeErrorFrom(error))
      }
      if (given !== null) void this.#append(given, 'own')
    }
    const known = new Set(this.#drafts.map(({ id }) => id))
    for (const draft of carried) if (!known.has(draft.id)) await this.#keepDraft({ ...draft, document: this.document })
    if (this.#isDestroyed) return
    this.#refresh()
    this.emit('loaded', [])
  }

  /** What this device has, and if that is nothing what the server has, compressed. */
  #prepare(): Promise<void> {
    this.#prepared ??= this.whenLoaded.then(async () => {
      if (this.doc.store.clients.size > 0) return
      const state = await fetchFirstState(this.connection, this.document)
      if (state !== null && !this.#isDestroyed) Y.applyUpdate(this.doc, state, this)
    }).catch(() => {
      // Whatever it was, the socket brings it all.
    })
    return this.#prepared
  }

  #updated = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) {
      this.#fromOthers.push(update)
      this.#keepOthersAlarm.setBy(this.#clock.now() + KEEP_OTHERS_MS)
      this.#acknowledgeSoon()
      return
    }
    // What another tab wrote is kept already; but should that tab be closed, only this one can send it.
    if (origin !== this.#store) {
      // What it leans on is kept with it; without, a page that opens without a line could not show it.
      this.#keepFromOthers()
      void this.#append(update, 'own')
    }
    this.#session.change(update)
    this.#refresh()
  }

  async #append(update: Uint8Array, source: UpdateSource): Promise<void> {
    const store = this.#store
    if (store === null) return
    if (source === 'own') this.#writing += 1
    try {
      await store.append(update, source)
      // The store promises that all of the document is kept, whatever failed before.
      this.#troubled(null)
    } catch (error) {
      this.#troubled(storeErrorFrom(error))
    } finally {
      if (source === 'own') this.#writing -= 1
      this.#refresh()
    }
  }

  /**
   * Until now what others wrote was in this page alone. A page that ends meanwhile loses nothing: they have it, or their
   * server does, and the next page asks for all that its copy lacks. Own words never wait, and take what they lean on along.
   *
   * Given one by one, in one tick: that is one transaction, and the store merges a few at a time, while merging all at
   * once takes a time that grows with the square of their number.
   */
  #keepFromOthers(): void {
    this.#keepOthersAlarm.set(null)
    for (const update of this.#fromOthers.splice(0)) void this.#append(update, 'server')
  }

  #troubled(trouble: StoreError | null): void {
    if (this.#isDestroyed || trouble?.code === this.#trouble?.code) return
    this.#trouble = trouble
    this.emit('store-trouble', [trouble])
    this.#refresh()
  }

  #acknowledgeSoon(): void {
    const at = this.#acknowledgedAt + ACKNOWLEDGE_MS
    if (at <= this.#clock.now()) this.#acknowledge()
    else this.#acknowledgeAlarm.setBy(at)
  }

  /** Notes what the server has: all of the document, if there is nothing that it has not confirmed. */
  #acknowledge(): void {
    const { ledger, confirms } = this.#session
    if (confirms !== 'yes' || ledger.hasUnacknowledged || ledger.isRefused || !this.#synced) return
    this.#acknowledgeAlarm.set(null)
    this.#acknowledgedAt = this.#clock.now()
    this.#acknowledged = Y.encodeSnapshot(Y.snapshot(this.doc))
    // Not written, it reports too much as unsaved, never too little.
    this.#store?.acknowledge(this.#acknowledged).catch(() => {})
  }

  /** The page may end now. */
  #hide(): void {
    this.#session.flush({ atOnce: true })
    this.#bring()
    this.#keepFromOthers()
    this.#acknowledge()
  }

  // The server.

  /** Takes in what others wrote or where they are, at once or when the page is calm; always in the order it came in. */
  #hear(heard: { isPresence: boolean, update: Uint8Array }): void {
    this.#heard.push(heard)
    if (this.#whenCalm === null || this.connection.environment.isHidden || this.#heard.length > HEARD_MAX) return this.#bring()
    this.#heardAlarm.setBy(this.#clock.now() + HEARD_MS_MAX)
    if (this.#isCalmAwaited) return
    this.#isCalmAwaited = true
    this.#whenCalm(() => {
      this.#isCalmAwaited = false
      this.#bring()
    })
  }

  #bring(): void {
    this.#heardAlarm.set(null)
    if (this.#heard.length === 0) return
    const heard = this.#heard.splice(0)
    const updates = heard.filter(({ isPresence }) => !isPresence)
    try {
      // As one change, which is shown, encoded and kept as one.
      if (updates.length > 0) this.doc.transact(() => updates.forEach(({ update }) => Y.applyUpdate(this.doc, update, this)), this)
    } catch {
      if (this.connection.isOpen) this.connection.reject()
    }
    // After the words that they lie between.
    for (const { isPresence, update } of heard) if (isPresence) this.#heardAwareness(update)
  }

  #mergeAnswer(update: Uint8Array): void {
    this.#bring()
    const before = this.pending ? Y.encodeStateAsUpdate(this.doc) : null
    let hasChanged = false
    const changed = (): void => { hasChanged = true }
    this.doc.on('update', changed)
    try {
      Y.applyUpdate(this.doc, update, this)
    } finally {
      this.doc.off('update', changed)
    }
    if (before !== null && hasChanged) {
      this.emit('merge', [{ before, theirs: update.slice(), acknowledged: this.#acknowledged }])
    }
    this.#sync(true)
  }

  #sync(isSynced: boolean): void {
    if (this.#synced === isSynced) return
    this.#synced = isSynced
    this.emit('synced', [isSynced])
    this.emit('sync', [isSynced])
    this.#acknowledgeSoon()
  }

  #grant(access: Access): void {
    if (access === this.#access) return
    this.#access = access
    this.emit('access', [access])
  }

  #durable(): void {
    this.#acknowledgeSoon()
    if (this.pending || this.#drafts.length === 0) return
    // What was set aside and is in the document after all needs nobody's care.
    const snapshot = Y.snapshot(this.doc)
    for (const { id, update } of this.#drafts) {
      if (Y.snapshotContainsUpdate(snapshot, update)) this.dropDraft(id).catch(() => {})
    }
  }

  #refused(update: Uint8Array, code: RefusalCode, reason: string, mayPass: boolean): void {
    this.emit('refused', [{ code, reason, mayPass }])
    // What is written from now on is not to be in somebody else's name again.
    if (code === 'authorship') this.doc.clientID = crypto.getRandomValues(new Uint32Array(1))[0]!
    void this.#setAside('refused', update)
  }

  #tokenTroubled(trouble: TokenTrouble | null): void {
    if (trouble === this.#tokenTrouble) return
    this.#tokenTrouble = trouble
    this.emit('token-trouble', [trouble])
  }

  #denied(reason: string, isFinal: boolean): void {
    this.#bring()
    this.#acknowledge()
    this.#sync(false)
    const isReplaced = remedyFor(reason) === 'elsewhere'
    if (isFinal && this.pending && reason !== 'bad-token') {
      void this.#setAside(isReplaced ? 'replaced' : 'removed', this.#unsaved())
    }
    this.#isReplaced = isReplaced
    this.#refresh()
    this.emit('denied', [{ reason, isFinal }])
    if (isFinal) {
      const code = (CLOSE_CODES as Record<string, number>)[reason] ?? CLOSE_CODES.removed
      this.emit('closed', [{ code, reason }, this])
    }
    if (isReplaced) this.emit('replaced', [{ by: null }])
  }

  #lost(event: CloseEvent | null): void {
    this.#bring()
    // So that what is written from now on can be told from what the server has.
    this.#acknowledge()
    this.#sync(false)
    const others = [...this.awareness.getStates().keys()].filter(client => client !== this.awareness.clientID)
    if (this.#sharesPresence) removeAwarenessStates(this.awareness, others, this)
    this.emit('connection-close', [event, this])
    this.#refresh()
  }

  /** All that the server is not known to have. */
  #unsaved(): Uint8Array {
    const known = this.#acknowledged === null ? undefined : Y.decodeSnapshot(this.#acknowledged).sv
    return Y.encodeStateAsUpdate(this.doc, known && Y.encodeStateVector(known))
  }

  async #setAside(why: Draft['why'], update: Uint8Array): Promise<void> {
    const open = this.#drafts.find(draft => draft.why === why)
    const { document } = this
    const draft = setAside(open, update, { id: freshId(), document, at: this.#clock.now(), why })
    if (draft !== open) await this.#keepDraft(draft)
  }

  async #keepDraft(draft: Draft): Promise<void> {
    this.#drafts = [...this.#drafts.filter(({ id }) => id !== draft.id), draft]
    this.emit('draft', [draft])
    try {
      await this.#store?.keepDraft(draft)
    } catch (error) {
      this.#troubled(storeErrorFrom(error))
    }
  }

  // Presence.

  #awarenessUpdated = (
    { added, updated, removed }: { added: number[], updated: number[], removed: number[] },
    origin: unknown,
  ): void => {
    const isOwn = [...added, ...updated, ...removed].includes(this.awareness.clientID)
    if (origin === this || !isOwn) return
    this.#awarenessAlarm.setBy(Math.max(this.#clock.now(), this.#awarenessSentAt + AWARENESS_MS))
  }

  #sendAwareness(): void {
    this.#awarenessAlarm.set(null)
    if (!this.#sharesPresence) return
    const { awareness } = this
    if (!awareness.meta.has(awareness.clientID)) return
    const isLeaving = awareness.getLocalState() === null
    // Nobody looks at this page, so nobody is where its cursor is. A server that sends no filler, however, is kept
    // awake by nothing but this.
    if (this.connection.environment.isHidden && !isLeaving && this.#session.confirms !== 'no') return
    this.#awarenessSentAt = this.#clock.now()
    this.#session.sendAwareness(encodeAwarenessUpdate(awareness, [awareness.clientID]))
  }

  #heardAwareness(update: Uint8Array): void {
    if (!this.#sharesPresence) return
    try {
      applyAwarenessUpdate(this.awareness, update, this)
    } catch {
      // Presence that cannot be read is not worth the line.
    }
  }
}
