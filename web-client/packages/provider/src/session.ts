// One document on a line: letting it in, bringing both sides in step, sending what changes here, and keeping count of
// what the server has confirmed. Over many lines, one after the other. docs/protocol.md, "The Hocuspocus dialect".

import * as Y from 'yjs'
import { Alarm } from './clock.ts'
import { reasonOf, remedyFor } from './close-codes.ts'
import type { Connection, LineListener, TokenTrouble } from './connection.ts'
import { Ledger, type SentKind } from './ledger.ts'
import { PLENARY_VERSION, type Message, type RefusalCode, type Scope } from './messages.ts'

/** Servers treat a provider that tells a version as one that understands all messages. */
const PROVIDER_VERSION = 'plenary-1'
/** Without a welcome by then, this server does not confirm. */
export const WELCOME_WITHIN_MS = 5_000
/** Changes are sent together, none later than this. */
export const BATCH_MS = 120
/** And none later than when they have this size. */
export const BATCH_BYTES = 4 * 1024
/** While more than this waits for a slow line, changes are gathered for longer. */
export const BUFFERED_BYTES_MAX = 32 * 1024
/** The first wait before asking again to be let in, and the longest. */
export const ENTER_AGAIN_MIN_MS = 1_000
export const ENTER_AGAIN_MAX_MS = 30_000
/** A server whose disk is full is offered the same again after this. */
export const OFFER_AGAIN_MS = 15_000
/** What docs/protocol.md allows, until a welcome says otherwise. */
const FRAME_BYTES_MAX = 16 * 1024 * 1024
/** The address, the type and the lengths, at most. */
const FRAME_OVERHEAD_BYTES = 300

/** How it stands with one document. */
export type SessionState =
  /** Not asked for, or without a line. */
  | 'away'
  /** A credential is being fetched. */
  | 'asking'
  /** It was shown; the server decides. */
  | 'entering'
  /** Let in. */
  | 'inside'
  /** Not let in this time; it will be tried again over the same line. */
  | 'pausing'
  /** Not let in, and trying again would not help. */
  | 'barred'

/** What a session tells the provider. */
export interface SessionListener {
  /** Resolves when the document holds what is kept here, so that only what is new need come. Never rejects. */
  prepare(): Promise<void>
  changed(): void
  access(scope: Scope): void
  /** What came of asking for a token; `null`: one was given. */
  tokenTrouble(trouble: TokenTrouble | null): void
  denied(reason: string, isFinal: boolean): void
  /** Step 1 is out; presence may follow. */
  begun(): void
  /** `isAnswer`: it answers our step 1, so that both sides are in step now. */
  update(update: Uint8Array, isAnswer: boolean): void
  awareness(update: Uint8Array): void
  awarenessAsked(): void
  /** All that was changed before some mark is on the server's disk. */
  durable(): void
  refused(update: Uint8Array, code: RefusalCode, reason: string, mayPass: boolean): void
  notice(text: string): void
  lineLost(event: CloseEvent | null): void
  lineFailed(event: Event): void
}

/** See the top of this file. */
export class Session implements LineListener {
  readonly ledger = new Ledger()
  readonly #address: string
  readonly #doc: Y.Doc
  readonly #connection: Connection
  readonly #listener: SessionListener
  readonly #batchAlarm: Alarm
  readonly #welcomeAlarm: Alarm
  readonly #enterAlarm: Alarm
  readonly #offerAlarm: Alarm
  #state: SessionState = 'away'
  #isAttached = false
  /** Raised whenever what is under way for the line or the attempt so far no longer counts. */
  #attempt = 0
  #token: Promise<string | null> | null = null
  #refusals = 0
  #confirms: 'unknown' | 'yes' | 'no' = 'unknown'
  /** On this line. */
  #isWelcomed = false
  /** Our step 1 is out. */
  #hasBegun = false
  /** The server's step 1 was answered: from here on changes are sent as they happen. */
  #isLive = false
  #statuses = 0
  #serverHas: Uint8Array | undefined
  #frameBytesMax = FRAME_BYTES_MAX
  #batch: Uint8Array[] = []
  #batchBytes = 0
  #flushedAt = 0

  constructor(address: string, doc: Y.Doc, connection: Connection, listener: SessionListener) {
    this.#address = address
    this.#doc = doc
    this.#connection = connection
    this.#listener = listener
    const { clock } = connection
    this.#batchAlarm = new Alarm(clock, () => this.flush())
    this.#welcomeAlarm = new Alarm(clock, () => {
      this.#confirms = 'no'
      listener.changed()
    })
    this.#enterAlarm = new Alarm(clock, () => this.#askToEnter())
    this.#offerAlarm = new Alarm(clock, () => this.#offer())
  }

  /** Whether it wants to be in the document. */
  get isAttached(): boolean {
    return this.#isAttached
  }

  get state(): SessionState {
    return this.#state
  }

  /** Whether this server says when something is on its disk: it has answered a mark, or gave no welcome in time. */
  get confirms(): 'unknown' | 'yes' | 'no' {
    return this.#confirms
  }

  /** Changes have not been given to the socket. */
  get hasUnsent(): boolean {
    return !this.#isLive || this.#batch.length > 0
  }

  /** When it asks again to be let in; `null` when it does not wait for that. */
  get retryAt(): number | null {
    return this.#enterAlarm.at
  }

  /** Wants to be in the document, also after the server had said no for good. */
  attach(): void {
    if (this.#isAttached) return
    this.#isAttached = true
    this.#refusals = 0
    this.#become('away')
    this.#connection.attach(this.#address, this)
  }

  /** Leaves the document. What was not sent by now is sent after the next `attach`. */
  detach(): void {
    if (!this.#isAttached) return
    if (this.#state === 'entering' || this.#state === 'inside') {
      this.flush({ atOnce: true })
      this.#send({ type: 'close' })
    }
    this.#leave('away')
  }

  /** The document was changed here: `update` is to be sent. */
  change(update: Uint8Array): void {
    this.ledger.change()
    // Before the server's step 1 is answered there is no need: the answer will hold it.
    if (!this.#isLive) return
    this.#batch.push(update)
    this.#batchBytes += update.length
    const { clock, environment } = this.#connection
    if (this.#batchBytes >= BATCH_BYTES || environment.isHidden) this.flush()
    else this.#batchAlarm.setBy(Math.max(clock.now(), this.#flushedAt + BATCH_MS))
  }

  /** Sends what was gathered. `atOnce`: also when the line is slow and much waits for it already. */
  flush({ atOnce = false } = {}): void {
    if (!this.#isLive || this.#batch.length === 0) return
    const now = this.#connection.clock.now()
    if (!atOnce && this.#connection.bufferedBytes > BUFFERED_BYTES_MAX) return this.#batchAlarm.set(now + BATCH_MS)
    const batch = this.#takeBatch()
    this.#flushedAt = now
    this.#sendSync('update', batch.length === 1 ? batch[0]! : Y.mergeUpdates(batch))
    this.#sendMark()
  }

  /** Sends presence. Nothing is lost when there is no line: it is sent again after the next step 1. */
  sendAwareness(update: Uint8Array): void {
    if (this.#hasBegun) this.#send({ type: 'awareness', update })
  }

  lineOpening(): void {
    // Fetched while the socket opens: on a poor line that saves a round trip.
    this.#token ??= this.#fetchToken()
    this.#listener.changed()
  }

  lineOpened(): void {
    this.#askToEnter()
  }

  lineLost(event: CloseEvent | null): void {
    this.#reset()
    this.#become('away')
    this.#listener.lineLost(event)
    const reason = event === null ? null : reasonOf(event.code)
    const remedy = reason === null ? 'later' : remedyFor(reason)
    if (reason !== null && (remedy === 'none' || remedy === 'elsewhere')) this.#end(reason)
  }

  lineFailed(event: Event): void {
    this.#listener.lineFailed(event)
  }

  nudged(): void {
    if (this.#state === 'pausing') this.#askToEnter()
  }

  received(message: Message): void {
    if (this.#state !== 'entering' && this.#state !== 'inside') return
    switch (message.type) {
      case 'auth-granted': return this.#granted(message.scope)
      case 'auth-denied': return this.#end(message.reason)
      case 'close': return this.#end(message.reason ?? 'closed')
      case 'auth-token-request': return void this.#renew()
      case 'token': return message.token === '' ? void this.#renew() : undefined
      case 'sync-step-1': return this.#answer(message.stateVector)
      case 'sync-step-2': return this.#merge(message.update, true)
      case 'update': return this.#merge(message.update, false)
      case 'awareness': return this.#listener.awareness(message.update)
      case 'query-awareness': return this.#listener.awarenessAsked()
      case 'sync-status': return this.#counted(message.applied)
      case 'welcome': return this.#welcome(message)
      case 'durable': {
        if (this.ledger.durable(message.mark)) {
          this.#confirms = 'yes'
          this.#listener.durable()
        }
        return this.#listener.changed()
      }
      case 'refused': return this.#refused(message.ordinal, message.code, message.reason)
      case 'access-changed': return this.#listener.access(message.access)
      case 'notice': return this.#listener.notice(message.text)
      // Of servers, of others, or of the future.
      default: return
    }
  }

  #become(state: SessionState): void {
    this.#state = state
    this.#listener.changed()
  }

  /** Forgets what belongs to one line or one attempt. */
  #reset(): void {
    this.#attempt += 1
    this.#token = null
    this.#isWelcomed = false
    this.#hasBegun = false
    this.#isLive = false
    this.#statuses = 0
    this.#takeBatch()
    this.#welcomeAlarm.set(null)
    this.#enterAlarm.set(null)
    this.#offerAlarm.set(null)
  }

  #leave(state: 'away' | 'barred'): void {
    this.#isAttached = false
    this.#reset()
    this.#state = state
    this.#connection.detach(this.#address, this)
    this.#listener.changed()
  }

  /** A token, or `null` when there is none. */
  #fetchToken(): Promise<string | null> {
    const { token } = this.#connection
    const attempt = this.#attempt
    const fetched = (async () => {
      const given = (typeof token === 'string' ? token : await token(this.#address, 'sync')) ?? null
      // Asked for an attempt that is over, it says nothing about now.
      if (attempt === this.#attempt) this.#listener.tokenTrouble(given === null ? 'none' : null)
      return given
    })()
    // Whoever awaits it learns of a failure; until the socket is open nobody does. Without a line it means little: the
    // token comes over the same network.
    fetched.catch(() => {})
    return fetched
  }

  #askToEnter(): void {
    this.#enterAlarm.set(null)
    this.#token ??= this.#fetchToken()
    const attempt = this.#attempt
    const ifStill = (then: () => void) => () => {
      if (attempt === this.#attempt && this.#connection.isOpen) then()
    }
    this.#token.then(
      token => ifStill(() => (token === null ? this.#pause() : this.#enter(token)))(),
      ifStill(() => {
        this.#listener.tokenTrouble('failed')
        this.#pause()
      }),
    )
    this.#become('asking')
  }

  #enter(token: string): void {
    this.#send({ type: 'auth-token', token, version: PROVIDER_VERSION })
    this.#send({ type: 'hello', version: PLENARY_VERSION })
    this.ledger.begin()
    this.#become('entering')
    const attempt = this.#attempt
    void this.#listener.prepare().then(() => {
      if (attempt !== this.#attempt || !this.#connection.isOpen) return
      this.#hasBegun = true
      this.#send({ type: 'sync-step-1', stateVector: Y.encodeStateVector(this.#doc) })
      this.#listener.begun()
    })
  }

  #granted(scope: Scope): void {
    this.#listener.access(scope)
    // A credential was renewed, or access has changed.
    if (this.#state === 'inside') return
    this.#refusals = 0
    this.#connection.wasOfUse()
    if (!this.#isWelcomed) this.#welcomeAlarm.set(this.#connection.clock.now() + WELCOME_WITHIN_MS)
    this.#become('inside')
  }

  #welcome(welcome: Extract<Message, { type: 'welcome' }>): void {
    this.#isWelcomed = true
    this.#welcomeAlarm.set(null)
    this.#connection.answersPings = true
    this.#frameBytesMax = welcome.frameBytesMax
    this.#listener.access(welcome.access)
    if (this.#isLive) this.#sendMark()
  }

  /** The server lets nobody in, or no longer. */
  #end(reason: string): void {
    const remedy = remedyFor(reason)
    const helps = remedy === 'later' || (remedy === 'fresh-token' && typeof this.#connection.token !== 'string')
    if (helps) {
      this.#reset()
      this.#pause(remedy === 'fresh-token')
    } else {
      this.#leave('barred')
    }
    this.#listener.denied(reason, !helps)
  }

  /** Asks again later. `mayBeAtOnce`: the first time without a wait, as for a token that has just expired. */
  #pause(mayBeAtOnce = false): void {
    this.#token = null
    const { clock, random } = this.#connection
    const longest = Math.min(ENTER_AGAIN_MAX_MS, ENTER_AGAIN_MIN_MS * 2 ** this.#refusals)
    const wait = mayBeAtOnce && this.#refusals === 0 ? 0 : longest * (0.5 + random() / 2)
    this.#refusals += 1
    this.#enterAlarm.set(clock.now() + wait)
    this.#become('pausing')
  }

  /** Shows a fresh credential before the old one expires. If none is to be had now, the server says when it must be. */
  async #renew(): Promise<void> {
    const attempt = this.#attempt
    try {
      const token = await this.#fetchToken()
      if (attempt === this.#attempt && token !== null) this.#send({ type: 'auth-token', token, version: PROVIDER_VERSION })
    } catch {
      // See above.
    }
  }

  #answer(stateVector: Uint8Array): void {
    this.#serverHas = stateVector.slice()
    this.#offer()
  }

  /** Sends all that the server lacked when it last asked; it holds whatever was gathered. */
  #offer(): void {
    this.#offerAlarm.set(null)
    let update
    try {
      update = Y.encodeStateAsUpdate(this.#doc, this.#serverHas)
    } catch {
      return this.#connection.reject()
    }
    this.#takeBatch()
    this.#isLive = true
    this.#sendSync('step-2', update)
    this.#sendMark()
  }

  #merge(update: Uint8Array, isAnswer: boolean): void {
    try {
      this.#listener.update(update, isAnswer)
    } catch {
      this.#connection.reject()
    }
  }

  /** A server that never said welcome counts frames: a 0 is all it says of a refusal. */
  #counted(applied: boolean): void {
    if (this.#isWelcomed) return
    this.#statuses += 1
    if (applied) this.ledger.settle(this.#statuses)
    else this.#refused(this.#statuses, 'role', 'sync status 0')
  }

  #refused(ordinal: number, code: RefusalCode, reason: string): void {
    const sent = this.ledger.refuse(ordinal)
    if (sent === null) return
    if (code === 'gap' && sent.kind === 'update') {
      // It leans on something that got lost on the way; all of it together does not.
      return this.#offer()
    }
    const mayPass = code === 'role' || code === 'stage' || code === 'storage'
    if (code === 'storage') this.#offerAlarm.setBy(this.#connection.clock.now() + OFFER_AGAIN_MS)
    this.#listener.refused(sent.update, code, reason, mayPass)
    this.#listener.changed()
  }

  #sendSync(kind: SentKind, update: Uint8Array): void {
    if (update.length + FRAME_OVERHEAD_BYTES > this.#frameBytesMax) {
      this.ledger.withhold()
      this.#listener.refused(update, 'too-large', `${update.length} bytes`, false)
      return
    }
    this.ledger.send(kind, update)
    this.#send({ type: kind === 'step-2' ? 'sync-step-2' : 'update', update })
  }

  #sendMark(): void {
    if (this.#isWelcomed) this.#send({ type: 'mark', mark: this.ledger.mark() })
    this.#listener.changed()
  }

  #send(message: Message): void {
    this.#connection.send(this.#address, message)
  }

  #takeBatch(): Uint8Array[] {
    const batch = this.#batch
    this.#batch = []
    this.#batchBytes = 0
    this.#batchAlarm.set(null)
    return batch
  }
}
