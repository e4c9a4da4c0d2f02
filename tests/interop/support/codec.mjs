// The wire, read and written with lib0 alone: independent of the Rust codec, so that neither can be wrong unnoticed.
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'

export const hex = (bytes) => Buffer.from(bytes).toString('hex')
export const unhex = (text) => new Uint8Array(Buffer.from(text, 'hex'))

/** Encodes a sequence of writes: numbers as varUint, strings as varString, byte arrays as varBytes. */
export const frame = (...parts) => encoding.encode((encoder) => {
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part)
    else if (typeof part === 'string') encoding.writeVarString(encoder, part)
    else encoding.writeVarUint8Array(encoder, part)
  }
})

const access = ['readonly', 'read-write']
const refusals = [undefined, 'malformed', 'authorship', 'gap', 'role', 'stage', 'too-large', 'storage']

/** What a frame says. `dialect`: 'y-websocket' or 'hocuspocus'. Bytes are hex; bytes left over are `trailing`. */
export const meaning = (dialect, bytes) => {
  if (dialect === 'hocuspocus' && bytes.length === 1) return { type: bytes[0] === 9 ? 'ping' : 'pong' }
  const decoder = decoding.createDecoder(bytes)
  const number = () => decoding.readVarUint(decoder)
  const text = () => decoding.readVarString(decoder)
  const data = () => hex(decoding.readVarUint8Array(decoder))
  const more = () => decoding.hasContent(decoder)
  const under = dialect === 'hocuspocus' ? { address: text() } : {}
  const type = number()
  const body = () => {
    switch (type) {
      case 0: {
        const step = number()
        return step === 0
          ? { type: 'sync-step-1', stateVector: data() }
          : { type: step === 1 ? 'sync-step-2' : 'update', update: data() }
      }
      case 1: return { type: 'awareness', entries: awarenessEntries(decoding.readVarUint8Array(decoder)) }
      case 2: {
        const sub = number()
        if (sub === 1 || dialect === 'y-websocket') return { type: 'auth-denied', reason: text() }
        if (sub === 2) return { type: 'auth-granted', scope: text() }
        if (!more()) return { type: 'auth-token-request' }
        return { type: 'auth-token', token: text(), ...(more() ? { version: text() } : {}) }
      }
      case 3: return { type: 'query-awareness' }
      case 5: return { type: 'stateless', text: text() }
      case 7: return { type: 'close', ...(more() ? { reason: text() } : {}) }
      case 8: return { type: 'sync-status', applied: number() === 1 }
      case 102: return { type: 'y-sweet-status', body: hex(decoding.readTailAsUint8Array(decoder)) }
      case 110: switch (number()) {
        case 0: return { type: 'hello', version: number() }
        case 1: return {
          type: 'welcome', version: number(), document: text(), access: access[number()],
          frameBytesMax: number(), updateBytesMax: number(), awarenessEntryBytesMax: number()
        }
        case 2: return { type: 'mark', mark: number() }
        case 3: return { type: 'durable', mark: number() }
        case 4: return { type: 'refused', ordinal: number(), code: refusals[number()], reason: text() }
        case 5: return { type: 'token', token: text() }
        case 6: return { type: 'access-changed', access: access[number()] }
        case 7: return { type: 'notice', text: text() }
      }
    }
    throw new Error(`no such message: ${hex(bytes)}`)
  }
  const said = { ...under, ...body() }
  const trailing = hex(decoding.readTailAsUint8Array(decoder))
  return trailing === '' ? said : { ...said, trailing }
}

const awarenessEntries = (update) => {
  const decoder = decoding.createDecoder(update)
  return Array.from({ length: decoding.readVarUint(decoder) }, () => ({
    client: decoding.readVarUint(decoder),
    clock: decoding.readVarUint(decoder),
    state: JSON.parse(decoding.readVarString(decoder))
  }))
}
