import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { type Anchor, anchorAt, anchorPosition, docPosition, isOrphaned, textIndex } from '../src/index.ts'
import { at, Desk, desk, docOf, lines, others, pair } from './desks.ts'

const through = (anchor: Anchor | null) => JSON.parse(JSON.stringify(anchor)) as Anchor

test('every position has an index in the shared text, and every index a position', () => {
  const { state, binding } = desk([{ insert: 'one\n\n' }, { insert: { footnote: 'a' } }, { insert: 'x\n' }])
  for (let index = 0; index < binding.text.length; index++) {
    const position = docPosition(state.doc, index)
    expect(state.doc.resolve(position).parent.isTextblock).toBe(true)
    expect(textIndex(state.doc, position)).toBe(index)
  }
  expect(docPosition(state.doc, binding.text.length)).toBe(state.doc.content.size - 1)
})

test('a passage stays with its words, whatever is written around them and in them', () => {
  const { ana, ben, merge } = pair('one two three\n')
  const start = through(anchorAt(ana.state, at(ana, 'two'), 'after'))
  const end = through(anchorAt(ana.state, at(ana, 'two', 'after'), 'before'))
  for (const desk of [ana, ben]) {
    desk.select(at(desk, 'wo'))
    desk.type('-')
  }
  ben.select(at(ben, 'three'))
  ben.type('before ')
  others(ana, text => text.insert(4, 'other '))
  merge()
  for (const desk of [ana, ben]) {
    const [from, to] = [anchorPosition(desk.state, start), anchorPosition(desk.state, end)]
    expect(desk.state.doc.textBetween(from as number, to as number)).toBe('t--wo')
  }
})

test('a passage that is deleted is known to be gone, and undone it is there again', () => {
  const ana = desk('one two three\n')
  const [start, end] = [anchorAt(ana.state, 5), anchorAt(ana.state, 8, 'before')] as [Anchor, Anchor]
  ana.select(4, 9)
  ana.dispatch(ana.state.tr.deleteSelection())
  expect(isOrphaned(ana.state, start, end)).toBe(true)
  expect(anchorPosition(ana.state, start)).toBe(4)
  ana.binding.undo('undo')
  expect(isOrphaned(ana.state, start, end)).toBe(false)
})

test('a cursor at the end of a text without a last line break is at its end', () => {
  const ana = desk('one')
  const anchor = anchorAt(ana.state, 4) as Anchor
  others(ana, text => text.insert(3, ' more'))
  expect(anchorPosition(ana.state, anchor)).toBe(9)
})

test('anchors are what y-quill and quill-cursors exchange', () => {
  const ana = desk('one two\n')
  const theirs = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(ana.binding.text, 4)) as Anchor
  expect(anchorPosition(ana.state, theirs)).toBe(5)
  expect(anchorAt(ana.state, 5)).toEqual(theirs)
})

test('an anchor of another text, of what has not arrived, or of nothing has no position', () => {
  const ana = desk('one\n')
  docOf(ana).getMap<Y.Text>('notes').set('a', new Y.Text('note'))
  const note = new Desk(docOf(ana).getMap<Y.Text>('notes').get('a') as Y.Text)
  expect(anchorPosition(ana.state, anchorAt(note.state, 2) as Anchor)).toBeNull()
  expect(anchorPosition(ana.state, { item: { client: 99, clock: 3 } })).toBeNull()
  for (const anchor of [{}, { item: 7 }, { tname: 'nobody' }, { type: 'x' }]) {
    expect(anchorPosition(ana.state, anchor as Anchor)).toBeNull()
  }
  expect(lines(ana)).toEqual(['one'])
})
