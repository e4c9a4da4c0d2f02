import { expect, test } from 'vitest'
import { readDelta } from '@plenary/text'
import { sectionIndex, survey } from '../src/survey.ts'
import { linkAddress } from '../src/sheets.ts'
import { limitTone } from '../src/status-bar.ts'

const doc = readDelta([
  { insert: 'Before it\n' },
  { insert: 'Title' },
  { insert: '\n', attributes: { header: 1 } },
  { insert: 'one two ' },
  { insert: 'three ', attributes: { bracket: 'Ana' } },
  { insert: 'four', attributes: { bracket: 'Ana', bold: true } },
  { insert: 'five', attributes: { bracket: 'Ben' } },
  { insert: { footnote: 'n1' } },
  { insert: '\n' },
  { insert: 'Part' },
  { insert: '\n', attributes: { header: 2 } },
  { insert: 'six\n' },
])
const counting = { footnotes: 'left-out', embeds: null } as const

test('a section has the words of those below it', () => {
  const { words, sections } = survey(doc, counting)
  expect(words).toBe(9)
  expect(sections.map(({ level, title, words: count }) => [level, title, count])).toEqual([
    [0, '', 2],
    [1, 'Title', 7],
    [2, 'Part', 2],
  ])
})

test('a bracket is one however it is formatted, and two of two people', () => {
  const { brackets, notes } = survey(doc, counting)
  expect(brackets.map(({ text, proposer }) => [text, proposer])).toEqual([
    ['three four', 'Ana'],
    ['five', 'Ben'],
  ])
  expect(notes.map(({ id, position }) => [id, doc.nodeAt(position)?.type.name])).toEqual([['n1', 'footnote']])
})

test('a position is in the last section that starts before it', () => {
  const { sections } = survey(doc, counting)
  const at = sections.map(({ position }) => position)
  expect([0, ...at].map(position => sectionIndex(sections, position))).toEqual([0, 0, 1, 2])
  expect(sectionIndex(sections, doc.content.size)).toBe(2)
})

test('what people type for an address becomes one, and what a browser might run does not', () => {
  expect(linkAddress('example.org/a?b')).toBe('https://example.org/a?b')
  expect(linkAddress('ana@example.org')).toBe('mailto:ana@example.org')
  expect(linkAddress(' https://example.org ')).toBe('https://example.org')
  expect(linkAddress('موقع.شبكة')).toBe('https://موقع.شبكة')
  for (const typed of ['javascript:alert(1)', 'data:text/html,x', 'no address', '', 'word']) expect(linkAddress(typed)).toBeNull()
})

test('a limit is near from 95 in a hundred on, and over only when it is over', () => {
  expect([94, 95, 100, 101].map(words => limitTone(words, 100))).toEqual(['within', 'near', 'near', 'over'])
  expect(limitTone(1000, null)).toBe('within')
})
