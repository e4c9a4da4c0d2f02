// What the usual binding loses: one person changes a line while another writes "promptly" in it, apart.

import { joinBackward, toggleMark } from 'prosemirror-commands'
import { expect, test } from 'vitest'
import { moveBlocks, schema, setKind, splitLine, toggleList } from '../src/index.ts'
import { at, type Desk, lines, pair } from './desks.ts'

const TEXT = 'States shall report.\nThey shall act at the end.\nThanks.\n'

function write(desk: Desk, words: string, before: string): void {
  desk.select(at(desk, before))
  for (const letter of words) desk.type(letter)
}

test('a paragraph becomes a heading while another writes in it', () => {
  const { ana, ben, merge } = pair(TEXT)
  ana.select(at(ana, 'act'))
  ana.run(setKind({ header: 2 }))
  write(ben, 'promptly ', 'act')
  merge()
  expect(lines(ana)).toEqual(['States shall report.', ['They shall promptly act at the end.', { header: 2 }], 'Thanks.'])
  expect(lines(ben)).toEqual(lines(ana))
})

test('a paragraph becomes an item of a list while another writes in it', () => {
  const { ana, ben, merge } = pair(TEXT)
  ana.select(at(ana, 'act'))
  ana.run(toggleList('bullet'))
  write(ben, 'promptly ', 'act')
  merge()
  expect(lines(ana)[1]).toEqual(['They shall promptly act at the end.', { list: 'bullet' }])
  expect(lines(ben)).toEqual(lines(ana))
})

test('a paragraph is joined to the one before while another writes in it', () => {
  const { ana, ben, merge } = pair(TEXT)
  ana.select(at(ana, 'They'))
  ana.run(joinBackward)
  write(ben, 'promptly ', 'act')
  merge()
  expect(lines(ana)).toEqual(['States shall report.They shall promptly act at the end.', 'Thanks.'])
  expect(lines(ben)).toEqual(lines(ana))
})

test('what is written behind a split lands in the second half', () => {
  const { ana, ben, merge } = pair(TEXT)
  ana.select(at(ana, 'shall act'))
  ana.run(splitLine)
  write(ben, 'promptly ', 'act')
  merge()
  expect(lines(ana)).toEqual(['States shall report.', 'They ', 'shall promptly act at the end.', 'Thanks.'])
  expect(lines(ben)).toEqual(lines(ana))
})

test('what is written in a line that another moves lands whole, at the start of a line', () => {
  const { ana, ben, merge } = pair(TEXT)
  ana.select(at(ana, 'act'))
  ana.run(moveBlocks('up'))
  write(ben, 'promptly ', 'act')
  merge()
  expect(lines(ana)).toEqual(['They shall act at the end.', 'States shall report.', 'promptly Thanks.'])
  expect(lines(ben)).toEqual(lines(ana))
})

test('two who write before the same word keep their words whole', () => {
  const { ana, ben, merge } = pair(TEXT)
  write(ana, 'urgently ', 'end')
  write(ben, 'fully ', 'end')
  merge()
  expect(lines(ana)[1]).toBe('They shall act at the urgently fully end.')
  expect(lines(ben)).toEqual(lines(ana))
})

test('two who propose words in one place damage none of the text when both proposals go', () => {
  const { ana, ben, merge } = pair(TEXT)
  for (const [desk, words] of [
    [ana, 'urgently '],
    [ben, 'fully '],
  ] as const) {
    write(desk, words, 'end')
    desk.select(at(desk, words), at(desk, words, 'after'))
    desk.run(toggleMark(schema.marks['bracket'] as never, { proposer: words.trim() }, { includeWhitespace: true }))
  }
  merge()
  expect(lines(ana)[1]).toBe('They shall act at the urgently fully end.')
  // Both are rejected: what carries a proposal's mark goes.
  for (const proposal of ['urgently', 'fully']) {
    ana.state.doc.descendants((node, position) => {
      if (!node.marks.some(mark => mark.attrs['proposer'] === proposal)) return
      ana.dispatch(ana.state.tr.delete(position, position + node.nodeSize))
    })
  }
  merge()
  expect(lines(ana).join('\n')).toBe(TEXT.trim())
  expect(lines(ben)).toEqual(lines(ana))
})
