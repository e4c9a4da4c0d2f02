import { expect, test } from 'vitest'
import vectors from '../../../../tests/fixtures/words.json'
import * as Y from 'yjs'
import type { Delta } from '../src/delta.ts'
import { readDelta, readText } from '../src/reading.ts'
import {
  characterClass,
  countRange,
  countText,
  countWords,
  type EmbedWords,
  embedWords,
  sectionAt,
} from '../src/words.ts'

test('every character has the class of the table', () => {
  const expected = Array.from({ length: 0x110000 }, () => 'letter')
  for (const [first, last, of] of vectors.classes as [string, string, string][]) {
    expected.fill(of, parseInt(first, 16), parseInt(last, 16) + 1)
  }
  const other = expected.findIndex((of, code) => characterClass(code) !== of)
  expect(other.toString(16)).toBe('-1')
})

test.each(vectors.texts)('$why', ({ text, words }) => {
  expect(countText(text)).toBe(words)
})

interface BodyVector {
  why: string
  body: Delta
  notes?: Record<string, Delta>
  tables?: Record<string, Delta[][]>
  words: number
  words_with_footnotes: number
}

function sharedText(delta: Delta): Y.Text {
  const text = new Y.Text()
  text.applyDelta(delta as never)
  return text
}

/** A document as the server makes it. */
function docOf({ body, notes = {}, tables = {} }: Omit<BodyVector, 'why' | 'words' | 'words_with_footnotes'>): Y.Doc {
  const doc = new Y.Doc()
  doc.getText('body').applyDelta(body as never)
  for (const [id, note] of Object.entries(notes)) doc.getMap('notes').set(id, sharedText(note))
  for (const [id, rows] of Object.entries(tables)) {
    const table = new Y.Map<unknown>()
    doc.getMap('tables').set(id, table)
    const cells = new Y.Map<unknown>()
    table.set('rows', Y.Array.from(rows.map((_, row) => `r${row}`)))
    table.set('columns', Y.Array.from((rows[0] ?? []).map((_, column) => `c${column}`)))
    table.set('cells', cells)
    for (const [row, texts] of rows.entries()) {
      for (const [column, text] of texts.entries()) cells.set(`r${row}/c${column}`, sharedText(text))
    }
  }
  return doc
}

test.each(vectors.bodies as unknown as BodyVector[])('$why', vector => {
  const doc = docOf(vector)
  const embeds = embedWords(doc.getMap('notes'), doc.getMap('tables'))
  const text = readText(doc.getText('body'))
  expect(countWords(text, 'left-out', embeds)).toBe(vector.words)
  expect(countWords(text, 'counted', embeds)).toBe(vector.words_with_footnotes)
  // The whole as a selection is the whole.
  expect(countRange(text, 0, text.content.size, 'counted', embeds)).toBe(vector.words_with_footnotes)
})

test('an edit of a note or of a cell changes the count at once', () => {
  const doc = docOf({
    body: [{ insert: 'a' }, { insert: { footnote: 'n1' } }, { insert: '\n' }, { insert: { table: 't1' } }, { insert: '\n' }],
    notes: { n1: [{ insert: 'one\n' }] },
    tables: { t1: [[[{ insert: 'cell\n' }]]] },
  })
  const embeds = embedWords(doc.getMap('notes'), doc.getMap('tables'))
  const text = readText(doc.getText('body'))
  const count = () => countWords(text, 'counted', embeds)
  expect(count()).toBe(3)

  const note = doc.getMap('notes').get('n1') as Y.Text
  note.insert(0, 'not ')
  expect(count()).toBe(4)
  const cells = (doc.getMap('tables').get('t1') as Y.Map<Y.Map<Y.Text>>).get('cells') as Y.Map<Y.Text>
  cells.get('r0/c0')?.insert(0, 'two in this ')
  expect(count()).toBe(7)
  doc.getMap('notes').set('n1', new Y.Text('in its place'))
  expect(count()).toBe(8)
  doc.getMap('notes').delete('n1')
  doc.getMap('tables').delete('t1')
  expect(count()).toBe(1)
})

test('an edit counts one block again', () => {
  const doc = readDelta([{ insert: 'one two\nthree four five\n' }])
  expect(countWords(doc, 'left-out', null)).toBe(5)
  const untouched = doc.child(1)
  // Were its text read again, this would be thrown.
  Object.defineProperty(untouched, 'content', {
    get: () => {
      throw new Error('counted again')
    },
  })
  const edited = doc.copy(doc.content.replaceChild(0, readDelta([{ insert: 'one\n' }]).child(0)))
  expect(countWords(edited, 'left-out', null)).toBe(4)
})

test('a word of which a part is selected counts', () => {
  const doc = readDelta([{ insert: 'one two\nthree four five\n' }])
  const count = (from: number, to: number) => countRange(doc, from, to, 'left-out', null)
  // Positions: 0 | 1 one two 8 | 9 | 10 three four five 25 | 26
  expect(count(1, 1)).toBe(0)
  expect(count(2, 3)).toBe(1)
  expect(count(3, 6)).toBe(2)
  expect(count(5, 13)).toBe(2)
  expect(count(4, 5)).toBe(0)
  expect(count(0, 26)).toBe(5)
  expect(count(9, 26)).toBe(3)
})

test('a note counts with the selection that has its reference', () => {
  const doc = readDelta([{ insert: 'one' }, { insert: { footnote: 'n' } }, { insert: ' two\n' }])
  const embeds: EmbedWords = { note: () => 10, table: () => ({ words: 0, notes: [] }) }
  expect(countRange(doc, 1, 4, 'counted', embeds)).toBe(1)
  expect(countRange(doc, 3, 5, 'counted', embeds)).toBe(11)
  expect(countRange(doc, 3, 5, 'left-out', embeds)).toBe(1)
})

test('a section goes to the next heading of the same or a higher rank', () => {
  const heading = (text: string, header: number) => [{ insert: text }, { insert: '\n', attributes: { header } }]
  const doc = readDelta([
    { insert: 'before\n' },
    ...heading('One', 1),
    { insert: 'a\n' },
    ...heading('One A', 2),
    { insert: 'b c\n' },
    ...heading('One B', 3),
    { insert: 'd\n' },
    ...heading('One C', 2),
    { insert: 'e\n' },
    ...heading('Two', 1),
    { insert: 'f\n' },
  ])
  const section = (word: string) => {
    let position = 0
    doc.descendants((node, at) => {
      if (node.isText && node.text === word) position = at
    })
    const { heading, from, to } = sectionAt(doc, position)
    return [heading?.textContent ?? null, countRange(doc, from, to, 'left-out', null)]
  }
  expect(section('before')).toEqual([null, 1])
  expect(section('a')).toEqual(['One', 12])
  expect(section('One A')).toEqual(['One A', 7])
  expect(section('b c')).toEqual(['One A', 7])
  expect(section('d')).toEqual(['One B', 3])
  expect(section('e')).toEqual(['One C', 3])
  expect(section('f')).toEqual(['Two', 2])
})
