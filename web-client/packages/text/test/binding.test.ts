import { joinBackward, joinForward, toggleMark } from 'prosemirror-commands'
import { Fragment, Slice } from 'prosemirror-model'
import { NodeSelection, Plugin, TextSelection } from 'prosemirror-state'
import { Mapping, ReplaceAroundStep, Step, StepMap, StepResult } from 'prosemirror-transform'
import { expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { insertFootnote, isFromText, LinearBinding, moveBlocks, readText, schema, setBlock, setKind, splitLine } from '../src/index.ts'
import { at, delta, Desk, desk, docOf, lines, others, pair } from './desks.ts'

const mark = (name: string) => schema.marks[name] as never

// Each change below is checked against a full reading of the shared text by the desk itself.

test('text goes in with exactly the marks it has in the editor', () => {
  const ana = desk([{ insert: 'bold', attributes: { bold: true, color: 'red' } }, { insert: ' plain\n' }])
  ana.select(at(ana, 'bold', 'after'))
  ana.type('er')
  ana.dispatch(ana.state.tr.insert(at(ana, 'ld'), schema.text('-', [])))
  expect(delta(ana)).toEqual([
    { insert: 'bo', attributes: { bold: true, color: 'red' } },
    { insert: '-' },
    { insert: 'ld', attributes: { bold: true, color: 'red' } },
    { insert: 'er', attributes: { bold: true } },
    { insert: ' plain\n' },
  ])
})

test('a kind is an attribute of the line break and nothing else is written', () => {
  const ana = desk('one\ntwo\n')
  const before = Y.encodeStateVector(docOf(ana))
  ana.select(at(ana, 'one'), at(ana, 'two'))
  ana.run(setKind({ header: 3 }))
  expect(delta(ana)).toEqual([
    { insert: 'one' },
    { insert: '\n', attributes: { header: 3 } },
    { insert: 'two' },
    { insert: '\n', attributes: { header: 3 } },
  ])
  expect(Y.encodeStateAsUpdate(docOf(ana), before).length).toBeLessThan(90)
})

test('Enter at the end of a heading leaves its line break where it is', () => {
  const { ana, ben, merge } = pair([{ insert: 'Title' }, { insert: '\n', attributes: { header: 1 } }])
  ana.select(at(ana, 'Title', 'after'))
  ana.run(splitLine)
  ana.type('text')
  // Ben changes the heading and goes on writing it at the same time.
  ben.select(at(ben, 'Title', 'after'))
  ben.type(' page')
  ben.run(setKind({ header: 2 }))
  merge()
  expect(lines(ana)[0]).toEqual(['Title page', { header: 2 }])
  expect(lines(ana)).toHaveLength(2)
  expect(lines(ben)).toEqual(lines(ana))
})

test('Enter at the start of a heading puts a plain line before it and leaves the heading alone', () => {
  const { ana, ben, merge } = pair([{ insert: 'Title' }, { insert: '\n', attributes: { header: 1 } }])
  ana.select(1)
  ana.run(splitLine)
  ben.select(1)
  ben.run(setKind({ header: 2 }))
  merge()
  expect(lines(ana)).toEqual(['', ['Title', { header: 2 }]])
})

test('behind an item that is done comes one that is not', () => {
  const ana = desk([{ insert: 'done' }, { insert: '\n', attributes: { list: 'checked' } }])
  ana.select(5)
  ana.run(splitLine)
  expect(lines(ana)).toEqual([['done', { list: 'checked' }], ['', { list: 'unchecked' }]])
})

test('Enter in an empty item leaves the list, one level at a time', () => {
  const ana = desk([{ insert: '\n', attributes: { list: 'bullet', indent: 1 } }])
  ana.run(splitLine)
  expect(lines(ana)).toEqual([['', { list: 'bullet' }]])
  ana.run(splitLine)
  expect(lines(ana)).toEqual([''])
})

test('both halves of a split line are the kind it was', () => {
  const ana = desk([{ insert: 'onetwo' }, { insert: '\n', attributes: { list: 'ordered', indent: 1, 'x-mine': 7 } }])
  ana.select(at(ana, 'two'))
  ana.run(splitLine)
  const attrs = { list: 'ordered', indent: 1, other: { 'x-mine': 7 } }
  expect(lines(ana)).toEqual([['one', attrs], ['two', attrs]])
})

test('joined lines are what the first was, and one line break goes', () => {
  const ana = desk([{ insert: 'one' }, { insert: '\n', attributes: { header: 1 } }, { insert: 'two\n' }])
  ana.select(at(ana, 'two'))
  ana.run(joinBackward)
  expect(delta(ana)).toEqual([{ insert: 'onetwo' }, { insert: '\n', attributes: { header: 1 } }])
})

test('an empty line before a heading goes without touching the heading', () => {
  const { ana, ben, merge } = pair([{ insert: '\nTitle' }, { insert: '\n', attributes: { header: 1 } }])
  ana.select(at(ana, 'Title'))
  ana.run(joinBackward)
  ben.select(at(ben, 'Title'))
  ben.run(setKind({ header: 2 }))
  merge()
  expect(lines(ana)).toEqual([['Title', { header: 2 }]])
})

test('a join keeps what a co-author made of the second line meanwhile', () => {
  const { ana, ben, merge } = pair('one\ntwo\n')
  ana.select(at(ana, 'one', 'after'))
  ana.run(joinForward)
  ben.select(at(ben, 'two'))
  ben.run(setBlock({ align: 'center' }))
  merge()
  expect(lines(ana)).toEqual([['onetwo', { align: 'center' }]])
})

test('a deletion over several lines spares what others write between', () => {
  const { ana, ben, merge } = pair('one two\nthree\nfour five\n')
  ana.select(at(ana, 'two'), at(ana, 'five'))
  ana.dispatch(ana.state.tr.deleteSelection())
  ben.select(at(ben, 'three', 'after'))
  ben.type(' mine')
  merge()
  expect(lines(ana)).toEqual(['one  minefive'])
  expect(lines(ben)).toEqual(lines(ana))
})

test('whole lines are replaced and inserted at both ends', () => {
  const ana = desk('one\ntwo\n')
  const block = (text: string, attrs = {}) => schema.node('block', attrs, schema.text(text))
  ana.dispatch(ana.state.tr.insert(0, [block('zero', { header: 1 }), block('half')]))
  ana.dispatch(ana.state.tr.insert(ana.state.doc.content.size, block('three', { list: 'bullet' })))
  const start = at(ana, 'two') - 1
  ana.dispatch(ana.state.tr.replaceWith(start, start + 5, block('2', { header: 2 })))
  expect(lines(ana)).toEqual([
    ['zero', { header: 1 }], 'half', 'one', ['2', { header: 2 }], ['three', { list: 'bullet' }],
  ])
})

test('the only line can be replaced', () => {
  const ana = desk('one\n')
  ana.dispatch(ana.state.tr.replaceWith(0, 5, schema.node('block', { header: 1 })))
  expect(delta(ana)).toEqual([{ insert: '\n', attributes: { header: 1 } }])
})

test('several lines are pasted into one', () => {
  const ana = desk('onefour\n')
  const pasted = new Slice(
    Fragment.from(['two', 'three', 'x'].map(text => schema.node('block', { align: 'right' }, schema.text(text)))), 1, 1,
  )
  ana.dispatch(ana.state.tr.replace(at(ana, 'four'), at(ana, 'four'), pasted))
  expect(lines(ana).flat().filter(part => typeof part === 'string')).toEqual(['onetwo', 'three', 'xfour'])
})

test('lines are pasted at the end of a line', () => {
  const { ana, ben, merge } = pair([{ insert: 'one' }, { insert: '\n', attributes: { header: 1 } }, { insert: 'last\n' }])
  const pasted = new Slice(Fragment.from(['', 'two', 'three'].map(text => schema.node('block', null, text ? [schema.text(text)] : []))), 1, 1)
  const end = at(ana, 'one', 'after')
  ana.dispatch(ana.state.tr.replace(end, end, pasted))
  ben.select(at(ben, 'one', 'after'))
  ben.type('!')
  merge()
  expect(lines(ana)).toEqual([['one!', { header: 1 }], 'two', 'three', 'last'])
})

test('marks are added and taken over several lines, without their line breaks', () => {
  const ana = desk('one two\nthree\n')
  ana.select(at(ana, 'two'), at(ana, 'ree'))
  ana.run(toggleMark(mark('bold')))
  expect(delta(ana)).toEqual([
    { insert: 'one ' },
    { insert: 'two', attributes: { bold: true } },
    { insert: '\n' },
    { insert: 'th', attributes: { bold: true } },
    { insert: 'ree\n' },
  ])
  ana.select(at(ana, 'two'), at(ana, 'th', 'after'))
  ana.run(toggleMark(mark('bold')))
  expect(delta(ana)).toEqual([{ insert: 'one two\nthree\n' }])
})

test('a link is changed to another, and a mark on a footnote is one on its embed', () => {
  const ana = desk([{ insert: 'see here', attributes: { link: 'https://a.example' } }, { insert: { footnote: 'f' } }, { insert: '\n' }])
  ana.dispatch(ana.state.tr.addMark(1, 4, schema.mark('link', { href: 'https://b.example' })))
  ana.dispatch(ana.state.tr.addNodeMark(9, schema.mark('bold')))
  expect(delta(ana)).toEqual([
    { insert: 'see', attributes: { link: 'https://b.example' } },
    { insert: ' here', attributes: { link: 'https://a.example' } },
    { insert: { footnote: 'f' }, attributes: { bold: true } },
    { insert: '\n' },
  ])
  ana.dispatch(ana.state.tr.removeNodeMark(9, schema.mark('bold')))
  ana.dispatch(ana.state.tr.setNodeAttribute(9, 'id', 'g'))
  expect((delta(ana) as unknown[]).at(-2)).toEqual({ insert: { footnote: 'g' } })
})

test('a step around its content keeps the content', () => {
  const { ana, ben, merge } = pair('one\n')
  const around = new ReplaceAroundStep(0, 5, 1, 4, new Slice(Fragment.from(schema.node('block', { header: 4 })), 0, 0), 1, true)
  ana.dispatch(ana.state.tr.step(around))
  ben.select(4)
  ben.type('!')
  merge()
  expect(lines(ana)).toEqual([['one!', { header: 4 }]])
})

test('a kind of step that is not known is written by what it says it replaced', () => {
  class Shout extends Step {
    apply(doc: typeof ana.state.doc) {
      return StepResult.fromReplace(doc, 1, 4, new Slice(Fragment.from(schema.text('ONE!')), 0, 0))
    }
    override getMap() {
      return new StepMap([1, 3, 4])
    }
    invert(): Step {
      throw new Error('not asked for')
    }
    map(_mapping: Mapping): Step {
      return this
    }
    toJSON() {
      return {}
    }
  }
  const ana = desk('one two\n')
  ana.dispatch(ana.state.tr.step(new Shout() as unknown as Step))
  expect(delta(ana)).toEqual([{ insert: 'ONE! two\n' }])
})

test('many steps of one transaction are written in their order', () => {
  const ana = desk('one\ntwo\nthree\n')
  const { tr } = ana.state
  tr.insertText('1', 1, 4).split(2).delete(5, 10).insertText('end', tr.doc.content.size - 1)
  tr.setNodeAttribute(0, 'header', 2)
  ana.dispatch(tr)
  expect(readText(ana.binding.text).eq(ana.state.doc)).toBe(true)
  expect(lines(ana)[0]).toEqual(['1', { header: 2 }])
})

test('lines move, and what they are moves with them', () => {
  const ana = desk([{ insert: 'one\ntwo' }, { insert: '\n', attributes: { list: 'bullet', 'x-mine': 1 } }, { insert: 'three\n' }])
  ana.select(at(ana, 'wo'))
  ana.run(moveBlocks('down'))
  expect(lines(ana)).toEqual(['one', 'three', ['two', { list: 'bullet', other: { 'x-mine': 1 } }]])
  expect(ana.state.selection.head).toBe(at(ana, 'wo'))
  ana.run(moveBlocks('up'))
  ana.run(moveBlocks('up'))
  expect(lines(ana).map(line => [line].flat()[0])).toEqual(['two', 'one', 'three'])
  expect(ana.run(moveBlocks('up'))).toBe(false)
})

test('what others write does not move the cursor of one who types in the same place', () => {
  const ana = desk('one end\n')
  ana.select(at(ana, 'end'))
  ana.type('my')
  others(ana, text => text.insert(6, 'theirs '))
  ana.type(' own ')
  expect(lines(ana)).toEqual(['one my own theirs end'])
})

test('what others write at the edges of a selection stays outside, and marks to come are kept', () => {
  const ana = desk('one two three\n')
  ana.select(at(ana, 'two'), at(ana, 'two', 'after'))
  others(ana, text => {
    text.insert(7, '>')
    text.insert(4, '<')
  })
  expect(ana.state.doc.textBetween(ana.state.selection.from, ana.state.selection.to)).toBe('two')
  ana.select(2)
  ana.dispatch(ana.state.tr.addStoredMark(schema.mark('bold')))
  others(ana, text => text.insert(10, 'x'))
  ana.type('!')
  expect((delta(ana) as { attributes?: unknown }[])[1]?.attributes).toEqual({ bold: true })
})

test('changes of others touch only what they change', () => {
  const ana = desk('one\ntwo\nthree\n')
  const [first, , third] = ana.state.doc.content.content
  others(ana, text => text.insert(5, 'X', { bold: true }))
  others(ana, text => text.format(7 + 1, 1, { header: 1 }))
  others(ana, text => text.insert(4, '\n'))
  expect(ana.state.doc.child(0)).toBe(first)
  expect(ana.state.doc.child(3)).toBe(third)
})

test('what another program writes arrives whatever it is', () => {
  const ana = desk('one\n')
  others(ana, text => text.applyDelta([
    { insert: 'a\nb', attributes: { bold: true } },
    { insert: '\n', attributes: { list: 'checked', bold: true } },
    { insert: { image: 'x.png' } },
    { retain: 2 },
    { delete: 1 },
    { retain: 1, attributes: { header: 2 } },
  ]))
  expect(lines(ana)).toEqual(['a', ['b', { list: 'checked' }], ['*on', { header: 2 }]])
  others(ana, text => text.delete(0, text.length))
  expect(lines(ana)).toEqual([''])
  others(ana, text => text.insert(0, 'x\n\ny'))
  expect(lines(ana)).toEqual(['x', '', 'y'])
})

test('unknown attributes stay through typing, splitting, joining and a change of kind', () => {
  const ana = desk([
    { insert: 'red', attributes: { color: 'red', bold: 'very' } },
    { insert: '\n', attributes: { 'line-height': 2, header: 9, align: 'top' } },
    { insert: 'two\n' },
  ])
  ana.select(at(ana, 'ed'))
  ana.type('x')
  ana.run(splitLine)
  ana.run(setKind({ header: 1 }))
  ana.run(joinBackward)
  ana.select(at(ana, 'two'))
  ana.run(joinBackward)
  expect(delta(ana)).toEqual([
    { insert: 'rxed', attributes: { color: 'red', bold: 'very' } },
    { insert: 'two' },
    { insert: '\n', attributes: { 'line-height': 2, header: 9, align: 'top' } },
  ])
})

test('a kind takes the place of one that is not known', () => {
  const ana = desk([{ insert: 'one' }, { insert: '\n', attributes: { header: 9, 'line-height': 2, 'code-block': 7 } }])
  ana.run(setKind({ header: 1 }))
  expect(lines(ana)).toEqual([['one', { header: 1, other: { 'line-height': 2 } }]])
})

test('an attribute that a newer client adds is kept when this one changes the same line', () => {
  const ana = desk('one\n')
  others(ana, text => text.format(3, 1, { 'line-height': 2 }))
  others(ana, text => text.format(0, 3, { color: 'red' }))
  ana.select(2)
  ana.run(setKind({ list: 'bullet' }))
  ana.run(toggleMark(mark('bold')))
  ana.type('!')
  expect(delta(ana)).toEqual([
    { insert: 'o', attributes: { color: 'red' } },
    { insert: '!', attributes: { color: 'red', bold: true } },
    { insert: 'ne', attributes: { color: 'red' } },
    { insert: '\n', attributes: { list: 'bullet', 'line-height': 2 } },
  ])
})

test('what is not known stands as a locked box that a deletion does not take', () => {
  const ana = desk([{ insert: 'one ' }, { insert: { poll: { id: 7 } } }, { insert: ' two ' }, { insert: { table: 't' } }, { insert: '\n' }])
  const before = delta(ana)
  ana.select(at(ana, 'ne'), at(ana, 'wo'))
  ana.dispatch(ana.state.tr.deleteSelection())
  ana.type('x')
  expect(delta(ana)).toEqual(before)
  expect(lines(ana)).toEqual(['one * two *'])
  // Chosen by itself, it goes like anything else.
  ana.dispatch(ana.state.tr.setSelection(NodeSelection.create(ana.state.doc, 5)))
  ana.dispatch(ana.state.tr.deleteSelection())
  expect(lines(ana)).toEqual(['one  two *'])
})

test('a locked box moves with its line, but a shared type stays where it is', () => {
  const ana = desk([{ insert: 'one\n' }, { insert: { poll: 7 } }, { insert: '\n' }])
  ana.dispatch(ana.state.tr.setSelection(TextSelection.create(ana.state.doc, 7)))
  expect(ana.run(moveBlocks('up'))).toBe(true)
  expect(lines(ana)).toEqual(['*', 'one'])
  others(ana, text => text.insertEmbed(0, new Y.Map()))
  ana.select(1)
  expect(ana.run(moveBlocks('down'))).toBe(false)
  ana.select(ana.state.doc.content.size - 1)
  ana.run(moveBlocks('up'))
  expect(lines(ana)).toEqual(['one', '**'])
  const box = ana.state.doc.child(1).child(0)
  ana.dispatch(ana.state.tr.insert(1, box))
  expect(lines(ana)).toEqual(['one', '**'])
})

test('an implied last line break is shown and not written', () => {
  for (const text of ['', 'one', 'one\ntwo']) {
    const ana = desk(text)
    expect(lines(ana)).toEqual(text.split('\n'))
    ana.type('x')
    ana.select(ana.state.doc.content.size - 1)
    ana.type('y')
    expect(ana.binding.text.toString()).not.toMatch(/\n$/)
  }
})

test('an implied last line break is written when somebody makes something of it', () => {
  const [split, kind, emptied, appended] = [desk('one'), desk('one'), desk('one\ntwo'), desk('one')]
  split.select(4)
  split.run(splitLine)
  expect(delta(split)).toEqual([{ insert: 'one\n\n' }])
  kind.run(setKind({ header: 1 }))
  expect(delta(kind)).toEqual([{ insert: 'one' }, { insert: '\n', attributes: { header: 1 } }])
  emptied.select(at(emptied, 'two'), at(emptied, 'two', 'after'))
  emptied.dispatch(emptied.state.tr.deleteSelection())
  expect(delta(emptied)).toEqual([{ insert: 'one\n\n' }])
  appended.dispatch(appended.state.tr.insert(5, schema.node('block', null, schema.text('two'))))
  expect(delta(appended)).toEqual([{ insert: 'one\ntwo\n' }])
})

test('others write and take the last line break', () => {
  const ana = desk('one')
  others(ana, text => text.insert(3, '\n'))
  expect(lines(ana)).toEqual(['one'])
  others(ana, text => text.insert(4, 'two'))
  expect(lines(ana)).toEqual(['one', 'two'])
  others(ana, text => text.insert(7, '\n\n', { list: 'bullet' }))
  expect(lines(ana)).toEqual(['one', ['two', { list: 'bullet' }], ['', { list: 'bullet' }]])
  others(ana, text => text.delete(7, 2))
  expect(lines(ana)).toEqual(['one', 'two'])
  others(ana, text => text.delete(3, 4))
  expect(lines(ana)).toEqual(['one'])
})

test('a letter of two units is replaced as a whole, and half of one spoils no other', () => {
  const { ana, ben, merge } = pair('a😀b\n')
  // Only the second unit differs, and a program may say so.
  ana.dispatch(ana.state.tr.insertText('😁'.slice(1), 3, 4))
  expect(delta(ana)).toEqual([{ insert: 'a😁b\n' }])
  merge()
  expect(lines(ben)).toEqual(['a😁b'])
  ana.dispatch(ana.state.tr.insertText('x', 3))
  merge()
  expect(lines(ben)).toEqual(lines(ana))
})

test('a mark over half of a letter is one over all of it, and spoils it for nobody', () => {
  for (const [from, to] of [[2, 3], [3, 4], [1, 3], [3, 5]] as const) {
    const { ana, ben, merge } = pair('a😀b\n')
    ana.dispatch(ana.state.tr.addMark(from, to, schema.mark('bold')))
    merge()
    expect(lines(ana)).toEqual(['a😀b'])
    expect(lines(ben)).toEqual(['a😀b'])
    const { insert } = (delta(ana) as { insert: string; attributes?: object }[]).find(({ attributes }) => attributes) ?? {}
    expect(insert).toBe(`${from === 1 ? 'a' : ''}😀${to === 5 ? 'b' : ''}`)
    expect(ben.state.doc.eq(ana.state.doc)).toBe(true)
  }
})

test('a line break inside of a text node becomes one', () => {
  const ana = desk('one\n')
  ana.dispatch(ana.state.tr.insertText('a\nb', 2))
  expect(lines(ana)).toEqual(['oa', 'bne'])
})

test('a footnote comes with its note, and two who insert at once have one each', () => {
  const { ana, ben, merge } = pair('one\n')
  ana.select(4)
  ana.run(insertFootnote('see there', () => 'a'))
  ben.select(4)
  ben.run(insertFootnote('', () => 'b'))
  merge()
  expect(lines(ana)).toEqual(['one**'])
  expect([...(ana.binding.notes?.keys() ?? [])].sort()).toEqual(['a', 'b'])
  expect(ben.binding.notes?.get('a')?.toString()).toBe('see there')
  expect(JSON.stringify(ana.state.doc)).not.toContain('see there')
})

test('two footnotes that are given one id have a note each', () => {
  const ana = desk('one\n')
  ana.select(4)
  ana.run(insertFootnote('first', () => 'n'))
  ana.run(insertFootnote('second', () => 'n'))
  const notes = [...(ana.binding.notes?.values() ?? [])].map(note => note.toString())
  expect(notes).toEqual(['first', 'second'])
  const ids = (delta(ana) as { insert: unknown }[]).flatMap(({ insert }) => (typeof insert === 'string' ? [] : [insert]))
  expect(new Set(ids.map(insert => (insert as { footnote: string }).footnote)).size).toBe(2)
})

test('a footnote that is moved keeps its note as it is', () => {
  const ana = desk([{ insert: 'one' }, { insert: { footnote: 'gone' } }, { insert: '\ntwo\n' }])
  ana.select(2)
  ana.run(moveBlocks('down'))
  expect(ana.binding.notes?.has('gone')).toBe(false)
})

test('what is typed within a transaction of something else is there once', () => {
  const ana = desk('one\n')
  ana.select(4)
  others(ana, text => {
    ana.type(' my')
    ana.type(' own')
    text.insert(0, 'their ')
  })
  expect(lines(ana)).toEqual(['their one my own'])
  ana.type('!')
  others(ana, text => text.insert(0, 'all '))
  expect(lines(ana)).toEqual(['all their one my own!'])
})

test('what comes between a transaction and its writing finds both in their places', () => {
  vi.useFakeTimers()
  const ana = desk('one two\n')
  ana.state = ana.state.apply(ana.state.tr.insertText('my ', at(ana, 'two')))
  others(ana, text => text.insert(0, 'their '))
  ana.binding.flush()
  expect(ana.binding.text.toString()).toBe('their one my two\n')
  vi.runAllTimers()
  expect(lines(ana)).toEqual(['their one my two'])
  vi.useRealTimers()
})

/** An editor with a plugin that lets nothing in while `isShut()`. */
function guarded(words: string, isShut: () => boolean): Desk {
  const ana = desk(words)
  const guard = new Plugin({ filterTransaction: transaction => !(isShut() && isFromText(transaction)) })
  ana.state = ana.state.reconfigure({ plugins: [...ana.state.plugins, guard] })
  return ana
}

test('what another plugin does not let in waits, and what is typed meanwhile finds its place', () => {
  vi.useFakeTimers()
  let isShut = true
  const ana = guarded('one two\nthree\n', () => isShut)
  others(ana, text => text.insert(0, 'theirs '))
  others(ana, text => text.insert(text.toString().indexOf('three'), 'line\n'))
  expect(lines(ana)).toEqual(['one two', 'three'])
  ana.select(at(ana, 'two'))
  ana.type('my ')
  ana.select(at(ana, 'three', 'after'))
  ana.run(splitLine)
  ana.type('four')
  expect(ana.binding.text.toString()).toBe('theirs one my two\nline\nthree\nfour\n')
  expect(lines(ana)).toEqual(['one my two', 'three', 'four'])
  isShut = false
  vi.advanceTimersByTime(3000)
  expect(lines(ana)).toEqual(['theirs one my two', 'line', 'three', 'four'])
  expect(ana.binding.lag).toBeNull()
  vi.useRealTimers()
})

test('what was not let in comes with the next change that is', () => {
  let isShut = true
  const ana = guarded('one', () => isShut)
  others(ana, text => text.insert(3, ' two\nthree'))
  isShut = false
  others(ana, text => text.insert(0, 'zero '))
  expect(lines(ana)).toEqual(['zero one two', 'three'])
  expect(ana.binding.lag).toBeNull()
})

test('a text that is read anew waits as well when it is not let in', () => {
  vi.useFakeTimers()
  let isShut = true
  const ana = guarded('one\n', () => isShut)
  // Half a letter is written as a sign for what cannot be read, and the document has to be read anew.
  ana.dispatch(ana.state.tr.insertText('\ud83d', 2))
  expect(ana.binding.text.toString()).toBe('o\ufffdne\n')
  ana.dispatch(ana.state.tr.insertText('!', 5))
  expect(ana.binding.text.toString()).toBe('o\ufffdne!\n')
  isShut = false
  vi.advanceTimersByTime(3000)
  expect(lines(ana)).toEqual(['o\ufffdne!'])
  vi.useRealTimers()
})

test('a document that differs from its text is read anew, and nothing is written', () => {
  const doc = new Y.Doc()
  const text = doc.getText('body')
  text.insert(0, 'one\ntwo\n')
  const mended = vi.fn()
  const ana = new Desk(text)
  ana.binding.destroy()
  const binding = new LinearBinding({ text, onMismatch: mended })
  Object.assign(ana, { binding })
  binding.attach(ana)
  // A fault is played: the editor shows a word that nobody wrote.
  const { apply } = ana.state
  ana.state.apply = transaction => apply.call(ana.state, transaction.insertText('FAULT', 1))
  const written = vi.fn()
  doc.on('update', written)
  doc.transact(() => text.insert(7, '!'), 'others')
  expect(readText(text).eq(ana.state.doc)).toBe(true)
  expect(mended).toHaveBeenCalledOnce()
  expect(written).toHaveBeenCalledOnce()
})
