// Who is here, read from awareness. Presence is what others say of themselves, so nothing of it is trusted:
// names are cut to a length, colours are read as colours or not at all.

import type { Awareness } from 'y-protocols/awareness'

/** Somebody who has the text open; several windows of one person are one. */
export interface Person {
  key: string
  /** Empty when they did not say. */
  name: string
  /** `#rrggbb`, at least 4.5 : 1 against white letters. */
  colour: string
  isMe: boolean
}

/** What `user` of an awareness state holds; `id` tells windows of one person from namesakes. */
export interface AwarenessUser {
  name: string
  color?: string
  id?: string
}

/** Each is at least 4.5 : 1 against the white of initials and 3 : 1 against a light page. */
export const personColours = [
  '#0b6e5b', '#9a3d12', '#5b4bb7', '#a3195b', '#1f5fa8', '#6b6100', '#7a3a8c', '#b02a37',
] as const

const NAME_LENGTH_MAX = 60

/** A colour that stays the same for the same person. */
export function favouriteColour(key: string): string {
  let sum = 0
  for (const char of key) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0
  return personColours[sum % personColours.length] ?? personColours[0]
}

function channels(colour: string): [number, number, number] | null {
  const digits = /^#([0-9a-f]{6})/i.exec(colour)?.[1]
  if (digits === undefined) return null
  const channel = (at: number) => Number.parseInt(digits.slice(at, at + 2), 16)
  return [channel(0), channel(2), channel(4)]
}

/** Relative luminance as WCAG defines it. */
function luminance([red, green, blue]: [number, number, number]): number {
  const linear = (value: number) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

/** The contrast of two `#rrggbb` colours, 1 to 21; 1 when one is no such colour. */
export function contrast(one: string, other: string): number {
  const [a, b] = [channels(one), channels(other)]
  if (!a || !b) return 1
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (light + 0.05) / (dark + 0.05)
}

/** `colour` darkened until white letters on it can be read; `null` when it is no `#rrggbb`. */
export function readableColour(colour: unknown): string | null {
  if (typeof colour !== 'string') return null
  let parts = channels(colour)
  if (!parts) return null
  const written = (values: number[]) => `#${values.map(value => value.toString(16).padStart(2, '0')).join('')}`
  while (contrast(written(parts), '#ffffff') < 4.5) {
    parts = parts.map(value => Math.floor(value * 0.92)) as [number, number, number]
  }
  return written(parts)
}

/** What one awareness state says about its person, or `null` when it says nothing of use. */
export function personOf(client: number, state: Record<string, unknown> | undefined, me: number): Person | null {
  const user = state?.user as Partial<AwarenessUser> | undefined
  if (typeof user !== 'object' || user === null) return null
  const name = typeof user.name === 'string' ? user.name.trim().slice(0, NAME_LENGTH_MAX) : ''
  const key = typeof user.id === 'string' ? user.id : name === '' ? String(client) : `name:${name}`
  return { key, name, colour: readableColour(user.color) ?? favouriteColour(key), isMe: client === me }
}

/** All who are here, oneself first. */
export function peopleIn(awareness: Awareness): Person[] {
  const people = new Map<string, Person>()
  for (const [client, state] of awareness.getStates()) {
    const person = personOf(client, state, awareness.clientID)
    if (person && (person.isMe || !people.has(person.key))) people.set(person.key, person)
  }
  return [...people.values()].sort((a, b) => Number(b.isMe) - Number(a.isMe))
}

/** What somebody is called where there is no room for all of their name. */
export const firstName = (name: string): string => name.split(/\s+/).find(word => word !== '') ?? name

let segments: Intl.Segmenter | undefined

// Nearly every name begins with a letter that is one sign, not one of several with the vowel of a Korean syllable or an
// accent; for the others a browser reads tables for 10 ms, once.
const PLAIN_START = /^\p{L}(?![\u1160-\u11ff])(?=[\p{L}'.-]|$)/u

function firstLetter(word: string): string {
  return PLAIN_START.exec(word)?.[0] ?? [...(segments ??= new Intl.Segmenter()).segment(word)][0]?.segment ?? ''
}

/** The first letters of the first and the last word, in any script. */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter(Boolean)
  const chosen = words.length > 1 ? [words[0], words.at(-1)] : words
  return chosen.map(word => firstLetter(word ?? '')).join('').toUpperCase() || '?'
}
