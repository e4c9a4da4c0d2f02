// The stock clients behind one interface. Nothing of theirs is changed; only what an application may choose is chosen.
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { Awareness } from 'y-protocols/awareness'
import { WebsocketProvider } from 'y-websocket'
import * as v2 from 'hocuspocus-v2'
import * as v3 from 'hocuspocus-v3'
import * as v4 from 'hocuspocus-v4'
import { meaning } from './codec.mjs'
import { until } from './until.mjs'

/** The clients of the matrix. */
export const KINDS = ['y-websocket 3.1.0', 'hocuspocus 2.15.3', 'hocuspocus 3.4.4', 'hocuspocus 4.8.0']
export const HOCUSPOCUS_KINDS = KINDS.slice(1)

const packages = { 'hocuspocus 2.15.3': v2, 'hocuspocus 3.4.4': v3, 'hocuspocus 4.8.0': v4 }
const TRACE_FRAMES = 60

// Each y-websocket provider listens for the end of the process, and one process has many here.
process.setMaxListeners(0)

/** A WebSocket class that counts the sockets it opens and remembers what they said, to be read when a test fails. */
const watchedSocket = (client, dialect) => class extends WebSocket {
  constructor (...args) {
    super(...args)
    client.sockets.push(this)
    client.note(`socket ${client.sockets.length}`)
    this.on('message', (bytes) => client.noteFrame('<', dialect, bytes))
    this.on('close', (code, reason) => client.note(`closed ${code} ${reason}`))
    // Stock clients listen too late, or not at all, on sockets they have given up.
    this.on('error', (error) => client.note(error.message))
  }

  send (bytes, ...more) {
    client.noteFrame('>', dialect, bytes)
    super.send(bytes, ...more)
  }
}

class Client {
  sockets = []
  trace = []
  /** Reasons of denials (Hocuspocus), and `{code, reason}` of final closes (y-websocket) and CLOSE (Hocuspocus). */
  refusals = []
  closes = []

  constructor (kind, options) {
    this.kind = kind
    this.doc = options.doc ?? new Y.Doc()
    this.dialect = kind.startsWith('hocuspocus') ? 'hocuspocus' : 'y-websocket'
    this.isV2 = kind.startsWith('hocuspocus 2')
  }

  note (text) {
    this.trace.push(text)
    if (this.trace.length > TRACE_FRAMES) this.trace.shift()
  }

  noteFrame (direction, dialect, bytes) {
    try {
      const { type, ...rest } = meaning(dialect, new Uint8Array(bytes))
      this.note(`${direction} ${type} ${JSON.stringify(rest).slice(0, 120)}`)
    } catch (error) {
      this.note(`${direction} ${error.message.slice(0, 120)}`)
    }
  }

  get text () { return this.doc.getText('body') }
  get content () { return this.text.toString() }

  /** Waits, and tells what this client heard and said when it waits in vain. */
  until (what, condition, deadlineMs) {
    const wanted = () => typeof what === 'function' ? what() : what
    return until(() => `${this.kind}: ${wanted()}\n  ${this.trace.join('\n  ')}`, condition, deadlineMs)
  }

  synced () { return this.until('synced', () => this.isSynced) }

  reads (text) { return this.until(() => `reads ${text}, has ${this.content}`, () => this.content.includes(text)) }

  sees (other) {
    return this.until('sees the other', () => this.awareness.getStates().get(other.doc.clientID) !== undefined)
  }

  /** Puts text at the beginning. */
  write (text) { this.text.insert(0, text) }
}

class YWebsocketClient extends Client {
  constructor (kind, options) {
    super(kind, options)
    const provider = new WebsocketProvider(`ws://${options.address}/sync`, options.document, this.doc, {
      params: options.params ?? { token: options.token },
      WebSocketPolyfill: watchedSocket(this, 'y-websocket'),
      // Clients of one process would find each other without the server.
      disableBc: true,
      connect: options.connect ?? true,
      ...(options.awareness === null ? {} : { awareness: options.awareness })
    })
    if (options.awareness === null) provider.awareness.setLocalState(null)
    provider.on('closed', ({ code, reason }) => this.closes.push({ code, reason }))
    this.provider = provider
  }

  get awareness () { return this.provider.awareness }
  get isSynced () { return this.provider.synced }
  /** The protocol has no acknowledgement. */
  get unsyncedChanges () { return undefined }
  disconnect () { this.provider.disconnect() }
  connect () { this.provider.connect() }

  destroy () {
    this.provider.destroy()
    // Ends the timers of its awareness.
    this.doc.destroy()
  }
}

class HocuspocusClient extends Client {
  constructor (kind, options) {
    super(kind, options)
    const { HocuspocusProvider, HocuspocusProviderWebsocket } = packages[kind]
    // Several documents may share one socket.
    this.ownsSocket = options.socket === undefined
    this.socket = options.socket ?? new HocuspocusProviderWebsocket({
      url: `ws://${options.address}/sync`, WebSocketPolyfill: watchedSocket(this, 'hocuspocus')
    })
    this.awareness = options.awareness === null ? null : options.awareness ?? new Awareness(this.doc)
    this.counts = []
    const provider = new HocuspocusProvider({
      name: options.document,
      document: this.doc,
      awareness: this.awareness,
      token: options.token,
      websocketProvider: this.socket,
      ...(kind === 'hocuspocus 2.15.3' ? { broadcast: false } : {}),
      ...options.provider
    })
    provider.on('authenticationFailed', ({ reason }) => this.refusals.push(reason))
    provider.on('close', ({ event }) => this.closes.push({ code: event.code, reason: event.reason?.toString() }))
    provider.on('unsyncedChanges', () => options.onCount?.(this))
    provider.attach?.()
    this.provider = provider
  }

  get isSynced () { return this.provider.synced }
  get unsyncedChanges () { return this.provider.unsyncedChanges }
  get scope () { return this.provider.authorizedScope }
  disconnect () { this.socket.disconnect() }
  connect () { this.socket.connect() }
  /** Everything it sent is acknowledged. */
  saved () { return this.until(() => `saved, has ${this.unsyncedChanges} unsynced`, () => this.unsyncedChanges === 0) }

  destroy () {
    this.provider.destroy()
    if (this.ownsSocket) this.socket.destroy()
  }
}

/**
 * Opens one client.
 *
 * `options`: address, document, token; perhaps doc, awareness (null for none), params (for the URL, y-websocket's,
 * instead of the token), socket (a Hocuspocus socket to share),
 * provider (more Hocuspocus options), onCount (called with the client at each change of `unsyncedChanges`).
 */
export const openClient = (kind, options) =>
  kind.startsWith('hocuspocus') ? new HocuspocusClient(kind, options) : new YWebsocketClient(kind, options)

/** Opens clients that are closed when the test `t` ends. `common` are options of all. */
export const opener = (t, common = {}) => (kind, options) => {
  const client = openClient(kind, { ...common, ...options })
  t.after(() => client.destroy())
  return client
}

/** Waits until all have the same content, state vector and delete set. */
export const converged = (...clients) =>
  clients[0].until(() => `equal to the others: ${JSON.stringify(clients.map((client) => client.content))}`, () => {
    const [first, ...others] = clients.map((client) => Y.snapshot(client.doc))
    return others.every((other) => Y.equalSnapshots(first, other)) &&
      clients.every((client) => client.content === clients[0].content)
  })
