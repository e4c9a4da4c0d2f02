// Bytes <-> messages: the Hocuspocus dialect and our own words in it (type 110). docs/protocol.md has the format;
// tests/fixtures/frames has frames that this codec and the one of the server read alike.
//
// Payloads are views into the received frame, never copies. Bytes after a message are ignored.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** The highest version of type 110 that this side speaks. */
export const PLENARY_VERSION = 1

const SYNC = 0
const AWARENESS = 1
const AUTH = 2
const QUERY_AWARENESS = 3
const STATELESS = 5
const CLOSE = 7
const SYNC_STATUS = 8
const PING = 9
const PONG = 10
const Y_SWEET_STATUS = 102
const PLENARY = 110

const ADDRESS_BYTES_MAX = 256
const AUTH_BYTES_MAX = 8 * 1024
const TEXT_BYTES_MAX = 1024
const AWARENESS_BYTES_MAX = 1024 * 1024
const STATE_VECTOR_BYTES_MAX = 256 * 1024

/** What one may do with a document, as the wire says it. */
export type Scope = 'read-write' | 'readonly'

/** Why a sync frame was refused; a number when a newer server has another reason. */
export type RefusalCode =
  | 'malformed' | 'authorship' | 'gap' | 'role' | 'stage' | 'too-large' | 'storage' | number

const REFUSAL_CODES = ['malformed', 'authorship', 'gap', 'role', 'stage', 'too-large', 'storage'] as const
const SCOPES = ['readonly', 'read-write'] as const

/** What a client that said hello is told. */
export interface Welcome {
  /** The version both speak. */
  version: number
  /** The id of the document, in full. */
  document: string
  access: Scope
  frameBytesMax: number
  updateBytesMax: number
  awarenessEntryBytesMax: number
}

/** One message about one document. */
export type Message =
  | { type: 'sync-step-1', stateVector: Uint8Array }
  | { type: 'sync-step-2', update: Uint8Array }
  | { type: 'update', update: Uint8Array }
  | { type: 'awareness', update: Uint8Array }
  | { type: 'query-awareness' }
  | { type: 'auth-token', token: string, version?: string }
  | { type: 'auth-token-request' }
  | { type: 'auth-denied', reason: string }
  | { type: 'auth-granted', scope: Scope }
  | { type: 'stateless', text: string }
  | { type: 'close', reason?: string }
  | { type: 'sync-status', applied: boolean }
  | { type: 'ping' }
  | { type: 'pong' }
  | { type: 'y-sweet-status', body: Uint8Array }
  | { type: 'hello', version: number }
  | { type: 'welcome' } & Welcome
  | { type: 'mark', mark: number }
  | { type: 'durable', mark: number }
  | { type: 'refused', ordinal: number, code: RefusalCode, reason: string }
  | { type: 'token', token: string }
  | { type: 'access-changed', access: Scope }
  | { type: 'notice', text: string }
  /** Of a type, or a sub-type of 110, that is not known here. To be ignored. */
  | { type: 'unknown', tag: number }

/** A message and the document it is about; ping and pong have the empty address. */
export interface Addressed {
  address: string
  message: Message
}

/** A frame that is not one whole message. */
export class WireError extends Error {
  readonly code: 'truncated' | 'too-large' | 'unknown-tag' | 'not-text'

  constructor(code: WireError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'WireError'
    this.code = code
  }
}

class Reader {
  readonly #decoder: decoding.Decoder

  constructor(frame: Uint8Array) {
    this.#decoder = decoding.createDecoder(frame)
  }

  get hasMore(): boolean {
    return decoding.hasContent(this.#decoder)
  }

  number(): number {
    try {
      const value = decoding.readVarUint(this.#decoder)
      if (Number.isSafeInteger(value)) return value
    } catch {
      // Said below; lib0 says no more than that either.
    }
    throw new WireError('truncated', 'a number is cut off or too large')
  }

  bytes(what: string, bytesMax: number): Uint8Array {
    const size = this.number()
    if (size > bytesMax) throw new WireError('too-large', `${what} has ${size} bytes, more than ${bytesMax}`)
    if (size > this.#decoder.arr.length - this.#decoder.pos) throw new WireError('truncated', `${what} is cut off`)
    return decoding.readUint8Array(this.#decoder, size)
  }

  text(what: string, bytesMax = TEXT_BYTES_MAX): string {
    const bytes = this.bytes(what, bytesMax)
    try {
      return utf8.decode(bytes)
    } catch (cause) {
      throw new WireError('not-text', `${what} is not UTF-8`, { cause })
    }
  }

  rest(): Uint8Array {
    return decoding.readTailAsUint8Array(this.#decoder)
  }

  scope(): Scope {
    return SCOPES[this.number()] ?? unknownTag('access')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function unknownTag(what: string): never {
  throw new WireError('unknown-tag', `an unknown ${what}`)
}

/** Reads one frame. Fails with {@link WireError} when it is not one whole message. */
export function decode(frame: Uint8Array): Addressed {
  if (frame.length === 1 && frame[0] === PING) return { address: '', message: { type: 'ping' } }
  if (frame.length === 1 && frame[0] === PONG) return { address: '', message: { type: 'pong' } }
  const reader = new Reader(frame)
  const address = reader.text('address', ADDRESS_BYTES_MAX)
  return { address, message: readMessage(reader) }
}

function readMessage(reader: Reader): Message {
  const tag = reader.number()
  switch (tag) {
    case SYNC:
      switch (reader.number()) {
        case 0: return { type: 'sync-step-1', stateVector: reader.bytes('state vector', STATE_VECTOR_BYTES_MAX) }
        // A document may have any size, and the frame is here already.
        case 1: return { type: 'sync-step-2', update: reader.bytes('update', Infinity) }
        case 2: return { type: 'update', update: reader.bytes('update', Infinity) }
        default: return unknownTag('sync message')
      }
    case AWARENESS: return { type: 'awareness', update: reader.bytes('awareness', AWARENESS_BYTES_MAX) }
    case AUTH: return readAuth(reader)
    case QUERY_AWARENESS: return { type: 'query-awareness' }
    case STATELESS: return { type: 'stateless', text: reader.text('text', Infinity) }
    case CLOSE: return reader.hasMore ? { type: 'close', reason: reader.text('reason') } : { type: 'close' }
    case SYNC_STATUS: return { type: 'sync-status', applied: reader.number() === 1 }
    case Y_SWEET_STATUS: return { type: 'y-sweet-status', body: reader.rest() }
    case PLENARY: return readPlenary(reader)
    default: return { type: 'unknown', tag }
  }
}

function readAuth(reader: Reader): Message {
  switch (reader.number()) {
    case 0: {
      if (!reader.hasMore) return { type: 'auth-token-request' }
      const token = reader.text('token', AUTH_BYTES_MAX)
      return { type: 'auth-token', token, ...(reader.hasMore ? { version: reader.text('version') } : {}) }
    }
    case 1: return { type: 'auth-denied', reason: reader.text('reason') }
    case 2: {
      const given = reader.text('scope')
      return { type: 'auth-granted', scope: SCOPES.find(scope => scope === given) ?? unknownTag('scope') }
    }
    default: return unknownTag('auth message')
  }
}

function readPlenary(reader: Reader): Message {
  const tag = reader.number()
  switch (tag) {
    case 0: return { type: 'hello', version: reader.number() }
    case 1: return {
      type: 'welcome',
      version: reader.number(),
      document: reader.text('document', ADDRESS_BYTES_MAX),
      access: reader.scope(),
      frameBytesMax: reader.number(),
      updateBytesMax: reader.number(),
      awarenessEntryBytesMax: reader.number(),
    }
    case 2: return { type: 'mark', mark: reader.number() }
    case 3: return { type: 'durable', mark: reader.number() }
    case 4: {
      const ordinal = reader.number()
      const code = reader.number()
      return { type: 'refused', ordinal, code: REFUSAL_CODES[code - 1] ?? code, reason: reader.text('reason') }
    }
    case 5: return { type: 'token', token: reader.text('token', AUTH_BYTES_MAX) }
    case 6: return { type: 'access-changed', access: reader.scope() }
    case 7: return { type: 'notice', text: reader.text('notice') }
    default: return { type: 'unknown', tag }
  }
}

/** What a frame is made of: numbers as varUint, texts as varString, byte arrays as varBytes. */
type Part = number | string | Uint8Array

/** The frame that says `message` about the document `address`. */
export function encode(address: string, message: Message): Uint8Array {
  if (message.type === 'ping') return Uint8Array.of(PING)
  if (message.type === 'pong') return Uint8Array.of(PONG)
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, address)
  for (const part of parts(message)) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else if (typeof part === 'string') encoding.writeVarString(encoder, part)
    else encoding.writeVarUint8Array(encoder, part)
  }
  if (message.type === 'y-sweet-status') encoding.writeUint8Array(encoder, message.body)
  return encoding.toUint8Array(encoder)
}

function parts(message: Exclude<Message, { type: 'ping' | 'pong' }>): readonly Part[] {
  switch (message.type) {
    case 'sync-step-1': return [SYNC, 0, message.stateVector]
    case 'sync-step-2': return [SYNC, 1, message.update]
    case 'update': return [SYNC, 2, message.update]
    case 'awareness': return [AWARENESS, message.update]
    case 'query-awareness': return [QUERY_AWARENESS]
    case 'auth-token':
      return [AUTH, 0, message.token, ...(message.version === undefined ? [] : [message.version])]
    case 'auth-token-request': return [AUTH, 0]
    case 'auth-denied': return [AUTH, 1, message.reason]
    case 'auth-granted': return [AUTH, 2, message.scope]
    case 'stateless': return [STATELESS, message.text]
    case 'close': return message.reason === undefined ? [CLOSE] : [CLOSE, message.reason]
    case 'sync-status': return [SYNC_STATUS, message.applied ? 1 : 0]
    case 'y-sweet-status': return [Y_SWEET_STATUS]
    case 'hello': return [PLENARY, 0, message.version]
    case 'welcome': return [
      PLENARY, 1, message.version, message.document, SCOPES.indexOf(message.access),
      message.frameBytesMax, message.updateBytesMax, message.awarenessEntryBytesMax,
    ]
    case 'mark': return [PLENARY, 2, message.mark]
    case 'durable': return [PLENARY, 3, message.mark]
    case 'refused': {
      const code = typeof message.code === 'number' ? message.code : REFUSAL_CODES.indexOf(message.code) + 1
      return [PLENARY, 4, message.ordinal, code, message.reason]
    }
    case 'token': return [PLENARY, 5, message.token]
    case 'access-changed': return [PLENARY, 6, SCOPES.indexOf(message.access)]
    case 'notice': return [PLENARY, 7, message.text]
    case 'unknown': return [message.tag]
  }
}
