// One line to one server, for many documents: opens it, keeps it alive, opens it again. What is said over it about a
// document is that document's session's business.

import { Alarm, systemClock, type Clock } from './clock.ts'
import { CLOSE_CODES } from './close-codes.ts'
import { dueAt, transition, type ConnectionEvent, type ConnectionState } from './connection-state.ts'
import { pageEnvironment, type Environment } from './environment.ts'
import { decode, encode, type Message } from './messages.ts'

/**
 * What a credential is asked for: `sync` opens a document on the socket, `state` is for one HTTP request and must be
 * a bearer token. A one-use ticket is good for `sync` alone; throw for `state`, and all goes over the socket.
 */
export type TokenPurpose = 'sync' | 'state'

/**
 * A token for good, or whoever fetches one. The empty text: the sign-in cookie of this site will do; `null`: there is none,
 * because nobody is signed in.
 */
export type TokenSource =
  string | ((document: string, purpose: TokenPurpose) => string | null | Promise<string | null>)

/** Why there is nothing to show the server: it was said that there is none (`null`), or fetching one failed. */
export type TokenTrouble = 'none' | 'failed'

/** How a {@link Connection} is set up. All but the first two have a default in a browser. */
export interface ConnectionOptions {
  /** The server's origin, such as `https://plenary.example.org`. */
  server: string
  /** Asked anew each time a document connects, and before a token expires. */
  token: TokenSource
  /** For Node before version 22: the class of the package `ws`. */
  WebSocket?: new (url: string) => WebSocket
  fetch?: typeof fetch
  clock?: Clock
  /** From 0 to below 1. */
  random?: () => number
  environment?: Environment
}

/** What happens to the line, told to each document on it. */
export interface LineListener {
  lineOpening(): void
  lineOpened(): void
  /** `event`: the socket's, or `null` where we gave it up ourselves. */
  lineLost(event: CloseEvent | null): void
  lineFailed(event: Event): void
  received(message: Message): void
  /** The network or the page is back. */
  nudged(): void
}

/** One socket to one server, shared by all documents attached to it. It is open while there are any. */
export class Connection {
  readonly server: string
  readonly token: TokenSource
  readonly clock: Clock
  readonly random: () => number
  readonly environment: Environment
  readonly fetch: typeof fetch | null
  /** The peer has shown that it answers a ping. */
  answersPings = false
  readonly #WebSocket: new (url: string) => WebSocket
  readonly #listeners = new Map<string, LineListener>()
  readonly #alarm: Alarm
  readonly #stopListening: () => void
  #state: ConnectionState = { is: 'idle' }
  #socket: WebSocket | null = null
  #closeEvent: CloseEvent | null = null

  constructor(options: ConnectionOptions) {
    this.server = options.server.replace(/\/+$/, '')
    this.token = options.token
    this.clock = options.clock ?? systemClock
    this.random = options.random ?? Math.random
    this.environment = options.environment ?? pageEnvironment()
    this.fetch = options.fetch ?? (typeof fetch === 'function' ? fetch.bind(globalThis) : null)
    this.#WebSocket = options.WebSocket ?? WebSocket
    this.#alarm = new Alarm(this.clock, () => this.#dispatch({ is: 'due' }))
    this.#stopListening = this.environment.listen(event => {
      if (event === 'online' || event === 'visible') this.nudge()
      // A device that says it is offline is sometimes wrong; the peer is asked.
      if (event === 'offline' && this.isOpen) this.#nudgeLine()
    })
  }

  /** How things stand. */
  get state(): ConnectionState['is'] {
    return this.#state.is
  }

  get isOpen(): boolean {
    return this.#state.is === 'open'
  }

  /** When the next attempt is made, ms since 1970; `null` when none is being waited for. */
  get retryAt(): number | null {
    return this.#state.is === 'waiting' ? this.#state.until : null
  }

  /** Bytes that were sent and have not left this device. */
  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0
  }

  /** Puts a document on the line, which is opened if it is the first. Fails if that document is on it already. */
  attach(address: string, listener: LineListener): void {
    if (this.#listeners.has(address)) throw new Error(`document ${address} is on this connection already`)
    this.#listeners.set(address, listener)
    if (this.#state.is === 'idle') return this.#dispatch({ is: 'wanted' })
    if (this.#state.is === 'waiting') return this.nudge()
    listener.lineOpening()
    if (this.isOpen) listener.lineOpened()
  }

  /** Takes a document off the line, which is closed if it was the last. */
  detach(address: string, listener: LineListener): void {
    if (this.#listeners.get(address) !== listener) return
    this.#listeners.delete(address)
    if (this.#listeners.size === 0) this.#dispatch({ is: 'unwanted' })
  }

  /** Sends one message; it is lost when the line is not open. */
  send(address: string, message: Message): void {
    if (this.isOpen) this.#socket?.send(encode(address, message) as Uint8Array<ArrayBuffer>)
  }

  /** A document was let in: the next line is tried soon when this one is lost. */
  wasOfUse(): void {
    this.#dispatch({ is: 'of-use' })
  }

  /** Ends a wait, and looks whether an open line still lives. */
  nudge(): void {
    this.#nudgeLine()
    this.#tell(listener => listener.nudged())
  }

  /** Gives up the line, for what came over it made no sense; another is tried in time. */
  reject(): void {
    this.#dispatch({ is: 'lost', code: CLOSE_CODES['malformed-frame'] })
  }

  /** Closes the line for good. */
  destroy(): void {
    this.#dispatch({ is: 'unwanted' })
    this.#listeners.clear()
    this.#stopListening()
  }

  /** Those that are told may come and go meanwhile. */
  #tell(say: (listener: LineListener) => void): void {
    Array.from(this.#listeners.values()).forEach(say)
  }

  #nudgeLine(): void {
    // After a sleep the line may be long dead, before any timer has said so.
    this.#dispatch({ is: 'due' })
    this.#dispatch({ is: 'nudged', canProbe: this.answersPings })
  }

  #dispatch(event: ConnectionEvent): void {
    const before = this.#state.is
    const { state, action } = transition(this.#state, event, this.clock.now(), this.random())
    this.#state = state
    this.#alarm.set(dueAt(state))
    const wasLine = before === 'opening' || before === 'open'
    const isLine = state.is === 'opening' || state.is === 'open'
    if (action === 'probe') this.send('', { type: 'ping' })
    if (wasLine && !isLine) {
      this.#close()
      const event = this.#closeEvent
      this.#closeEvent = null
      this.#tell(listener => listener.lineLost(event))
    }
    if (action === 'open') this.#open()
    else if (before === 'opening' && state.is === 'open') this.#tell(listener => listener.lineOpened())
  }

  #open(): void {
    this.#close()
    this.answersPings = false
    this.#tell(listener => listener.lineOpening())
    let socket: WebSocket
    try {
      socket = new this.#WebSocket(`${this.server.replace(/^http/, 'ws')}/sync`)
    } catch {
      // Such as a page whose policy forbids it. It looks like any other line that does not open.
      return this.#dispatch({ is: 'lost', code: 0 })
    }
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => this.#dispatch({ is: 'opened' })
    socket.onerror = event => this.#tell(listener => listener.lineFailed(event))
    socket.onclose = event => {
      this.#closeEvent = event
      this.#dispatch({ is: 'lost', code: event.code })
    }
    socket.onmessage = ({ data }) => {
      this.#dispatch({ is: 'heard' })
      // The server sends no text.
      if (typeof data !== 'string') this.#received(new Uint8Array(data as ArrayBuffer))
    }
  }

  #received(frame: Uint8Array): void {
    let addressed
    try {
      addressed = decode(frame)
    } catch {
      return this.reject()
    }
    if (addressed.message.type === 'ping') return this.send('', { type: 'pong' })
    this.#listeners.get(addressed.address)?.received(addressed.message)
  }

  /** A socket that is closing may still deliver; nobody listens to it any more. */
  #close(): void {
    const socket = this.#socket
    if (socket === null) return
    this.#socket = null
    socket.onopen = socket.onclose = socket.onmessage = null
    // In Node the error of a socket that is closed while it opens is thrown if nobody takes it.
    socket.onerror = () => {}
    socket.close()
  }
}
