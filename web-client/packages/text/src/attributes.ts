// Attributes of the shared text and what they are in the editor.
//
// In the shared text each piece has attributes by the names of the Quill delta format. Those of a line break say
// what the line is that it ends. What is not known here is carried along unread, so that an older client never
// takes away what a newer one wrote.

import type { Attrs, Mark } from 'prosemirror-model'
import { schema } from './schema.ts'

/** Names and values as the shared text has them, for example `{ header: 2 }`. In a change, `null` removes. */
export type Attributes = Readonly<Record<string, unknown>>

type Test = (value: unknown) => boolean

const isTrue: Test = value => value === true
const isText: Test = value => typeof value === 'string' && value !== ''
const isOneOf = (...values: unknown[]): Test => value => values.includes(value)

// The name in the shared text, the name in the editor, and which values have a meaning here. Any other value is
// kept like an unknown attribute.
const BLOCK: readonly (readonly [string, string, Test])[] = [
  ['header', 'header', isOneOf(1, 2, 3, 4, 5, 6)],
  ['list', 'list', isOneOf('bullet', 'ordered', 'checked', 'unchecked')],
  ['indent', 'indent', value => Number.isInteger(value) && (value as number) > 0 && (value as number) <= 8],
  ['align', 'align', isOneOf('left', 'center', 'right', 'justify')],
  ['direction', 'direction', isOneOf('rtl', 'ltr')],
  ['blockquote', 'blockquote', isTrue],
  ['code-block', 'codeBlock', value => value === true || isText(value)],
  ['lang', 'lang', isText],
]

const INLINE: readonly (readonly [string, Test, string | null])[] = [
  ['bold', isTrue, null],
  ['italic', isTrue, null],
  ['underline', isTrue, null],
  ['strike', isTrue, null],
  ['code', isTrue, null],
  ['script', isOneOf('super', 'sub'), 'value'],
  ['link', isText, 'href'],
  ['bracket', isText, 'proposer'],
]

const BLOCK_BY_NAME = new Map(BLOCK.map(entry => [entry[0], entry]))
const INLINE_BY_NAME = new Map(INLINE.map(entry => [entry[0], entry]))

/** The attributes of a block node for a line break with `attributes`. */
export function blockAttrs(attributes: Attributes | undefined): Attrs | null {
  let attrs: Record<string, unknown> | null = null
  let other: Record<string, unknown> | null = null
  for (const name in attributes) {
    const value = attributes[name]
    // Formatting of a run may reach over the line break after it and means nothing there.
    if (value === null || value === undefined || INLINE_BY_NAME.has(name)) continue
    const known = BLOCK_BY_NAME.get(name)
    if (known?.[2](value)) (attrs ??= {})[known[1]] = value
    else (other ??= {})[name] = value
  }
  return other ? { ...attrs, other: inOrder(other) } : attrs
}

// Two who came to the same attributes by different ways shall have the same document.
function inOrder(attributes: Record<string, unknown>): Attributes {
  const names = Object.keys(attributes)
  return names.length < 2 ? attributes : Object.fromEntries(names.sort().map(name => [name, attributes[name]]))
}

/** The attributes that the line break of a block with `attrs` carries. */
export function breakAttributes(attrs: Attrs): Record<string, unknown> {
  const attributes: Record<string, unknown> = { ...attrs['other'] }
  for (const [name, attr, isKnown] of BLOCK) if (isKnown(attrs[attr])) attributes[name] = attrs[attr]
  return attributes
}

/** What is left of unknown attributes once a line gets `attrs`: a name that is known now has no unknown value. */
export function withoutSet(other: Attributes | null, attrs: Attrs): Attributes | null {
  const names = BLOCK.filter(([, attr]) => attr in attrs).map(([name]) => name)
  const rest = Object.entries(other ?? {}).filter(([name]) => !names.includes(name))
  return rest.length > 0 ? Object.fromEntries(rest) : null
}

/** The marks of a run with `attributes`. */
export function runMarks(attributes: Attributes | undefined): readonly Mark[] {
  let marks: Mark[] | null = null
  let unknown: Record<string, unknown> | null = null
  for (const name in attributes) {
    const value = attributes[name]
    // Typed at the end of a line just when a co-author changed its kind, text may come to stand within reach of
    // the attributes of the line break. They mean nothing there.
    if (value === null || value === undefined || BLOCK_BY_NAME.has(name)) continue
    const known = INLINE_BY_NAME.get(name)
    if (known?.[1](value)) (marks ??= []).push(schema.mark(name, known[2] ? { [known[2]]: value } : null))
    else (unknown ??= {})[name] = value
  }
  if (unknown) (marks ??= []).push(schema.mark('unknown', { attributes: inOrder(unknown) }))
  return marks ? marks.sort((a, b) => rank(a) - rank(b)) : []
}

/** The attributes that text with `marks` carries. */
export function runAttributes(marks: readonly Mark[]): Record<string, unknown> {
  const attributes: Record<string, unknown> = {}
  for (const mark of marks) {
    const known = INLINE_BY_NAME.get(mark.type.name)
    if (known) attributes[known[0]] = known[2] ? mark.attrs[known[2]] : true
  }
  const unknown = marks.find(mark => mark.type.name === 'unknown')
  return unknown ? { ...unknown.attrs['attributes'], ...attributes } : attributes
}

const RANKS = new Map(Object.keys(schema.marks).map((name, rank) => [name, rank]))
const rank = (mark: Mark) => RANKS.get(mark.type.name) ?? 0

/** What has to be changed for `before` to become `after`; `null` values remove. Undefined when they are equal. */
export function attributeChanges(before: Attributes, after: Attributes): Record<string, unknown> | undefined {
  let changes: Record<string, unknown> | undefined
  for (const name in after) {
    if (!isSameValue(before[name], after[name])) (changes ??= {})[name] = after[name]
  }
  for (const name in before) {
    if (before[name] !== null && !(name in after)) (changes ??= {})[name] = null
  }
  return changes
}

/** Whether two values of attributes or embeds say the same. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (a instanceof Uint8Array || b instanceof Uint8Array) return String(a) === String(b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every(name => name in b && isSameValue((a as never)[name], (b as never)[name]))
  )
}
