/// <reference types="node" />
// The frames that the Rust codec reads, read by this one.
import { readFileSync, readdirSync } from 'node:fs'
import fc from 'fast-check'
import { applyAwarenessUpdate, Awareness } from 'y-protocols/awareness'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { WireError, decode, encode, type Message } from '../src/messages.ts'

const FRAMES = new URL('../../../../tests/fixtures/frames/', import.meta.url)

interface Frame {
  name: string
  dialect: 'y-websocket' | 'hocuspocus'
  hex: string
  meaning: Record<string, unknown> & { address?: string, trailing?: string }
}

const golden = readdirSync(FRAMES).flatMap(file =>
  (JSON.parse(readFileSync(new URL(file, FRAMES), 'utf8')).frames as Frame[])
    .filter(frame => frame.dialect === 'hocuspocus')
    .map(frame => ({ ...frame, name: `${file}: ${frame.name}` })))

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const unhex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

/** The message in the words of the fixtures. */
function meaning(message: Message): unknown {
  if (message.type !== 'awareness') {
    return Object.fromEntries(Object.entries(message).map(([key, value]) =>
      [key, value instanceof Uint8Array ? hex(value) : value]))
  }
  const awareness = new Awareness(new Y.Doc())
  awareness.setLocalState(null)
  awareness.meta.clear()
  applyAwarenessUpdate(awareness, message.update, null)
  const entries = Array.from(awareness.meta, ([client, { clock }]) =>
    ({ client, clock, state: awareness.getStates().get(client) ?? null }))
  awareness.destroy()
  return { type: 'awareness', entries }
}

test('captured frames mean what lib0 reads and are written byte for byte', () => {
  expect(golden.length).toBeGreaterThan(80)
  for (const { name, hex: bytes, meaning: { address = '', trailing = '', ...expected } } of golden) {
    const addressed = decode(unhex(bytes))
    expect(addressed.address, name).toBe(address)
    expect(meaning(addressed.message), name).toEqual(expected)
    expect(hex(encode(address, addressed.message)), name).toBe(bytes.slice(0, bytes.length - trailing.length))
  }
})

test('no bytes do worse than a typed error', () => {
  const check = (frame: Uint8Array): void => {
    try {
      decode(frame)
    } catch (error) {
      expect(error).toBeInstanceOf(WireError)
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), check), { numRuns: 3_000 })
  for (const { hex: bytes } of golden) {
    const frame = unhex(bytes)
    for (let end = 0; end < frame.length; end++) check(frame.subarray(0, end))
    for (let at = 0; at < frame.length; at++) check(frame.map((byte, index) => (index === at ? byte ^ 0xff : byte)))
  }
})

test('a length beyond the frame or the limit is refused before anything is read', () => {
  const failing = (bytes: string) => {
    try {
      decode(unhex(bytes))
    } catch (error) {
      return (error as WireError).code
    }
    return 'read'
  }
  // The address of document `d`, then: an update of 2^28 bytes, cut off.
  expect(failing('0164' + '0002' + '8080808001')).toBe('truncated')
  // A reason of 1025 bytes, and a number past 2^53.
  expect(failing('0164' + '0201' + '8108' + '61'.repeat(1025))).toBe('too-large')
  expect(failing('0164' + '6e03' + 'ffffffffffffffff7f')).toBe('truncated')
  // A scope nobody has, and a text that is none.
  expect(failing('0164' + '0202' + '0178')).toBe('unknown-tag')
  expect(failing('0164' + '6e07' + '02c328')).toBe('not-text')
})

test('what the future adds is ignored: types, sub-types, and fields at the end', () => {
  const type = (bytes: string) => decode(unhex(bytes)).message
  expect(type('0164' + '63')).toEqual({ type: 'unknown', tag: 99 })
  expect(type('0164' + '6e63' + '01')).toEqual({ type: 'unknown', tag: 99 })
  expect(type('0164' + '6e03' + '05' + '0102')).toEqual({ type: 'durable', mark: 5 })
  expect(type('0164' + '6e04' + '07' + '0b' + '00')).toEqual({ type: 'refused', ordinal: 7, code: 11, reason: '' })
})
