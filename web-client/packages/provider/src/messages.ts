// Bytes <-> messages: the Hocuspocus dialect and our own words in it (type 110). docs/protocol.md has the format;
// tests/fixtures/frames has frames that this codec and the one of the server read alike.
//
// Payloads are views into the received frame, never copies. Bytes after a message are ignored.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

/** The highest version of type 110 that this side speaks. */
export const PLENARY_VERSION = 1

const SYNC = 0
const AUTH = 2
const PING = 9
const PONG = 10
const PLENARY = 110
/** Types whose messages have a number of their own behind it. */
const PARTED = [SYNC, AUTH, PLENARY]

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

  constructor(code: WireError['code']) {
    super(`a frame is ${code}`)
    this.name = 'WireError'
    this.code = code
  }
}

/** How one part of a message is read and written. */
interface Part<T> {
  read(decoder: decoding.Decoder): T
  write(encoder: encoding.Encoder, value: T): void
  /** It is left out where there is none, at the end of a frame. */
  mayBeAbsent?: true
}

const number: Part<number> = {
  read: decoder => {
    try {
      const value = decoding.readVarUint(decoder)
      if (Number.isSafeInteger(value)) return value
    } catch {
      // Said below; lib0 says no more than that either.
    }
    throw new WireError('truncated')
  },
  write: encoding.writeVarUint,
}

/** A document may have any size, and its frame is here already; all else is bounded. */
const bytes = (bytesMax = Infinity): Part<Uint8Array> => ({
  read: decoder => {
    const size = number.read(decoder)
    if (size > bytesMax) throw new WireError('too-large')
    if (size > decoder.arr.length - decoder.pos) throw new WireError('truncated')
    return decoding.readUint8Array(decoder, size)
  },
  write: encoding.writeVarUint8Array,
})

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const text = (bytesMax = TEXT_BYTES_MAX): Part<string> => ({
  read: decoder => {
    const part = bytes(bytesMax).read(decoder)
    try {
      return utf8.decode(part)
    } catch {
      throw new WireError('not-text')
    }
  },
  write: encoding.writeVarString,
})

const rest: Part<Uint8Array> = { read: decoding.readTailAsUint8Array, write: encoding.writeUint8Array }

/** A part that stands for something else. */
const meaning = <W, T>({ read, write }: Part<W>, of: (written: W) => T, by: (value: T) => W): Part<T> => ({
  read: decoder => of(read(decoder)),
  write: (encoder, value) => write(encoder, by(value)),
})

const known = <T>(value: T | undefined): T => {
  if (value === undefined) throw new WireError('unknown-tag')
  return value
}

const access = meaning(number, index => known(SCOPES[index]), (scope: Scope) => SCOPES.indexOf(scope))
const scope = meaning(text(), word => known(SCOPES.find(scope => scope === word)), (scope: Scope) => scope)
const applied = meaning(number, status => status === 1, Number)
const code = meaning<number, RefusalCode>(
  number,
  index => REFUSAL_CODES[index - 1] ?? index,
  code => (typeof code === 'number' ? code : REFUSAL_CODES.indexOf(code) + 1),
)

type Parts<M> = { [Name in Exclude<keyof M, 'type'>]-?: Part<Exclude<M[Name], undefined>> }

/** Of each message: its type, its number among those of that type (0 where there are none), its parts in order. */
const FORMS: {
  [Type in Exclude<Message['type'], 'ping' | 'pong' | 'unknown'>]: [number, number, Parts<Extract<Message, { type: Type }>>]
} = {
  'sync-step-1': [SYNC, 0, { stateVector: bytes(STATE_VECTOR_BYTES_MAX) }],
  'sync-step-2': [SYNC, 1, { update: bytes() }],
  'update': [SYNC, 2, { update: bytes() }],
  'awareness': [1, 0, { update: bytes(AWARENESS_BYTES_MAX) }],
  'auth-token': [AUTH, 0, { token: text(AUTH_BYTES_MAX), version: { ...text(), mayBeAbsent: true } }],
  // The same without anything behind it; looked for below.
  'auth-token-request': [AUTH, 0, {}],
  'auth-denied': [AUTH, 1, { reason: text() }],
  'auth-granted': [AUTH, 2, { scope }],
  'query-awareness': [3, 0, {}],
  'stateless': [5, 0, { text: text(Infinity) }],
  'close': [7, 0, { reason: { ...text(), mayBeAbsent: true } }],
  'sync-status': [8, 0, { applied }],
  'y-sweet-status': [102, 0, { body: rest }],
  'hello': [PLENARY, 0, { version: number }],
  'welcome': [PLENARY, 1, {
    version: number,
    document: text(ADDRESS_BYTES_MAX),
    access,
    frameBytesMax: number,
    updateBytesMax: number,
    awarenessEntryBytesMax: number,
  }],
  'mark': [PLENARY, 2, { mark: number }],
  'durable': [PLENARY, 3, { mark: number }],
  'refused': [PLENARY, 4, { ordinal: number, code, reason: text() }],
  'token': [PLENARY, 5, { token: text(AUTH_BYTES_MAX) }],
  'access-changed': [PLENARY, 6, { access }],
  'notice': [PLENARY, 7, { text: text() }],
}

const ALL_FORMS = Object.entries(FORMS)

type Fields = Record<string, unknown>

/** Reads one frame. Fails with {@link WireError} when it is not one whole message. */
export function decode(frame: Uint8Array): Addressed {
  if (frame.length === 1 && frame[0] === PING) return { address: '', message: { type: 'ping' } }
  if (frame.length === 1 && frame[0] === PONG) return { address: '', message: { type: 'pong' } }
  const decoder = decoding.createDecoder(frame)
  return { address: text(ADDRESS_BYTES_MAX).read(decoder), message: readMessage(decoder) }
}

function readMessage(decoder: decoding.Decoder): Message {
  const tag = number.read(decoder)
  const part = PARTED.includes(tag) ? number.read(decoder) : 0
  if (tag === AUTH && part === 0 && !decoding.hasContent(decoder)) return { type: 'auth-token-request' }
  const form = ALL_FORMS.find(([, form]) => form[0] === tag && form[1] === part)
  if (form === undefined) {
    if (tag === SYNC || tag === AUTH) throw new WireError('unknown-tag')
    return { type: 'unknown', tag: tag === PLENARY ? part : tag }
  }
  const message: Fields = { type: form[0] }
  for (const [name, { read, mayBeAbsent }] of Object.entries<Part<unknown>>(form[1][2])) {
    if (!mayBeAbsent || decoding.hasContent(decoder)) message[name] = read(decoder)
  }
  return message as Message
}

/** The frame that says `message` about the document `address`. */
export function encode(address: string, message: Message): Uint8Array {
  if (message.type === 'ping') return Uint8Array.of(PING)
  if (message.type === 'pong') return Uint8Array.of(PONG)
  const encoder = encoding.createEncoder()
  encoding.writeVarString(encoder, address)
  const [tag, part, parts] = message.type === 'unknown' ? [message.tag, 0, {}] : FORMS[message.type]
  encoding.writeVarUint(encoder, tag)
  if (PARTED.includes(tag)) encoding.writeVarUint(encoder, part)
  for (const [name, { write }] of Object.entries<Part<unknown>>(parts)) {
    const value = (message as Fields)[name]
    if (value !== undefined) write(encoder, value)
  }
  return encoding.toUint8Array(encoder)
}
