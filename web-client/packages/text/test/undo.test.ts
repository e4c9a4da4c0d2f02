import { expect, test } from 'vitest'
import type * as Y from 'yjs'
import { canRedo, canUndo, insertFootnote, moveBlocks, redo, setKind, splitLine, undo } from '../src/index.ts'
import { at, Desk, desk, docOf, lines, others, pair } from './desks.ts'

/** What follows is another thing to take back, as after a pause. */
const pause = (desk: Desk) => desk.binding.undoManager.stopCapturing()

test('undo takes back what one has done and leaves what others did', () => {
  const ana = desk('one two\n')
  ana.select(at(ana, 'two'))
  ana.type('my ')
  others(ana, text => text.insert(0, 'theirs '))
  pause(ana)
  ana.run(setKind({ header: 1 }))
  pause(ana)
  others(ana, text => text.format(text.length - 1, 1, { align: 'center' }))
  expect(ana.run(undo)).toBe(true)
  expect(lines(ana)).toEqual([['theirs one my two', { align: 'center' }]])
  ana.run(undo)
  expect(lines(ana)).toEqual([['theirs one two', { align: 'center' }]])
  expect(canUndo(ana.state)).toBe(false)
  expect(ana.run(undo)).toBe(false)
  ana.run(redo)
  ana.run(redo)
  expect(lines(ana)).toEqual([['theirs one my two', { header: 1, align: 'center' }]])
  expect(canRedo(ana.state)).toBe(false)
})

test('keys typed in a row are taken back together', () => {
  const ana = desk('\n')
  for (const letter of 'word') ana.type(letter)
  ana.run(undo)
  expect(lines(ana)).toEqual([''])
})

test('the selection comes back with the words, though others wrote before them', () => {
  const ana = desk('one two three\n')
  ana.select(at(ana, 'two'), at(ana, 'two', 'after'))
  ana.dispatch(ana.state.tr.deleteSelection())
  ana.select(1)
  others(ana, text => text.insert(0, 'theirs\n'))
  ana.run(undo)
  const { from, to } = ana.state.selection
  expect(ana.state.doc.textBetween(from, to)).toBe('two')
  // Redo puts it where it was when one asked to undo.
  ana.run(redo)
  expect(ana.state.selection.head).toBe(at(ana, 'one'))
})

test('a split, a join and a move are taken back with what others wrote in the lines', () => {
  const ana = desk('onetwo\nthree\n')
  ana.select(at(ana, 'two'))
  ana.run(splitLine)
  pause(ana)
  ana.run(moveBlocks('down'))
  pause(ana)
  others(ana, text => text.insert(text.toString().indexOf('three'), 'their '))
  ana.run(undo)
  expect(lines(ana)).toEqual(['one', 'two', 'their three'])
  ana.run(undo)
  expect(lines(ana)).toEqual(['onetwo', 'their three'])
})

test('a footnote that is taken back leaves what others wrote in its note, and redo finds it there', () => {
  const { ana, ben, merge } = pair('one\n')
  ana.select(4)
  ana.run(insertFootnote('', () => 'a'))
  merge()
  docOf(ben).transact(() => ben.binding.notes?.get('a')?.insert(0, 'from ben'), 'others')
  merge()
  ana.run(undo)
  expect(lines(ana)).toEqual(['one'])
  ana.run(redo)
  expect(lines(ana)).toEqual(['one*'])
  expect(ana.binding.notes?.get('a')?.toString()).toBe('from ben')
})

test('one undo serves the body and its notes', () => {
  const body = desk('one\n')
  body.select(4)
  body.run(insertFootnote('', () => 'a'))
  pause(body)
  const note = new Desk(body.binding.notes?.get('a') as Y.Text, undefined, body.binding.undoManager)
  note.type('see there')
  pause(body)
  body.select(1)
  body.type('x')
  body.run(undo)
  expect(lines(note)).toEqual(['see there'])
  body.run(undo)
  expect(lines(note)).toEqual([''])
  note.run(redo)
  expect(lines(note)).toEqual(['see there'])
})

test('what others do is nothing to take back', () => {
  const { ana, ben, merge } = pair('one\n')
  ben.select(2)
  ben.type('x')
  merge()
  expect(canUndo(ana.state)).toBe(false)
  expect(canUndo(ben.state)).toBe(true)
})
