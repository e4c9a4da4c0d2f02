// @vitest-environment happy-dom

import { EditorState, TextSelection } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import { toggleMark } from 'prosemirror-commands'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { Random } from '../../../tests/no-word-lost/random.ts'
import { compose } from '../src/delta.ts'
import { breakAttributes, LinearBinding, type Op, readText, runAttributes, schema, setKind, splitLine } from '../src/index.ts'
import { at, type Desk, desk, lines, others } from './desks.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('while somebody composes, changes elsewhere are shown and those to their line wait', () => {
  const ana = desk('before\nhere it is\nafter\n')
  ana.select(at(ana, 'it'))
  ana.composing = true
  ana.type('ni')
  others(ana, text => {
    text.insert(text.toString().indexOf('after'), 'and ')
    text.insert(text.toString().indexOf('here'), 'up to ')
    text.insert(0, 'long ')
  })
  expect(lines(ana)).toEqual(['long before', 'here niit is', 'and after'])
  // What is typed goes out at once and to its place.
  ana.type('你')
  expect(ana.binding.text.toString()).toBe('long before\nup to here ni你it is\nand after\n')
  ana.composing = false
  vi.advanceTimersByTime(3000)
  expect(lines(ana)).toEqual(['long before', 'up to here ni你it is', 'and after'])
  expect(ana.state.selection.head).toBe(at(ana, 'it is'))
})

test('nobody waits longer than three seconds', () => {
  const ana = desk('here\n')
  ana.composing = true
  others(ana, text => text.insert(0, '1'))
  vi.advanceTimersByTime(2000)
  others(ana, text => text.insert(1, '2'))
  vi.advanceTimersByTime(900)
  expect(lines(ana)).toEqual(['here'])
  vi.advanceTimersByTime(100)
  expect(lines(ana)).toEqual(['12here'])
})

test('when the line itself is joined to the one before, it is shown at once', () => {
  const ana = desk('one\ntwo\n')
  ana.select(at(ana, 'two', 'after'))
  ana.composing = true
  others(ana, text => text.delete(3, 1))
  expect(lines(ana)).toEqual(['onetwo'])
  ana.type('!')
  expect(lines(ana)).toEqual(['onetwo!'])
})

test('in a real view, what waits is shown soon after the composition ends', () => {
  const doc = new Y.Doc()
  const text = doc.getText('body')
  text.insert(0, 'one\ntwo\n')
  const binding = new LinearBinding({ text, check: true })
  const place = document.createElement('div')
  document.body.append(place)
  const view = new EditorView(place, {
    state: EditorState.create({ doc: readText(text), plugins: [binding.plugin()] }),
  })
  view.dom.dispatchEvent(new Event('compositionstart'))
  expect(view.composing).toBe(true)
  doc.transact(() => {
    text.insert(5, 'X')
    text.insert(0, 'Y')
  }, 'others')
  expect(view.dom.textContent).toBe('onetXwo')
  view.dispatch(view.state.tr.insertText('は', 3))
  expect(text.toString()).toBe('Yonはe\ntXwo\n')
  view.dom.dispatchEvent(new Event('compositionend'))
  vi.advanceTimersByTime(100)
  expect(view.dom.textContent).toBe('Yonはe' + 'tXwo')
  view.destroy()
  // After its view, a binding writes and reads nothing.
  doc.transact(() => text.insert(0, 'later '), 'others')
  binding.destroy()
})

test('a composition that follows on another goes on undisturbed', () => {
  const doc = new Y.Doc()
  const text = doc.getText('body')
  text.insert(0, 'one\n')
  const binding = new LinearBinding({ text, check: true })
  const view = new EditorView(document.body.appendChild(document.createElement('div')), {
    state: EditorState.create({ doc: readText(text), plugins: [binding.plugin()] }),
  })
  view.dom.dispatchEvent(new Event('compositionstart'))
  doc.transact(() => text.insert(0, 'X'), 'others')
  view.dom.dispatchEvent(new Event('compositionend'))
  view.dom.dispatchEvent(new Event('compositionstart'))
  vi.advanceTimersByTime(1000)
  expect(view.dom.textContent).toBe('one')
  vi.advanceTimersByTime(2000)
  expect(view.dom.textContent).toBe('Xone')
  view.destroy()
})

test('what comes between a transaction and its writing waits no longer, either', () => {
  const ana = desk('here\n')
  ana.select(3)
  ana.composing = true
  ana.state = ana.state.apply(ana.state.tr.insertText('ni'))
  others(ana, text => text.insert(0, 'up to '))
  ana.binding.flush()
  expect(lines(ana)).toEqual(['henire'])
  vi.advanceTimersByTime(3000)
  expect(lines(ana)).toEqual(['up to henire'])
})

test('what is shown and what waits are the text at all times, with a last line break or without one', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = new Random(seed)
    const ana = desk(random.pick(['one two\nthree', 'one', '', 'a\n\nb', 'one\n']))
    for (let i = 0; i < 15; i++) {
      ana.composing = random.below(8) > 0
      if (random.below(2) === 0) actLocally(ana, random)
      else others(ana, text => actRemotely(text, random))
      const { lag, text } = ana.binding
      if (!lag) continue
      const copy = new Y.Doc().getText('copy')
      const shown = shownDelta(ana)
      copy.applyDelta(compose(shown, lag.delta) as never)
      // A last line break that is only implied is in the document all the same.
      const hasMore = lag.delta.length === 0 ? 0 : copy.length - text.length
      if (hasMore > 0) copy.delete(text.length, hasMore)
      expect(readText(copy).eq(readText(text)), `seed ${seed}, step ${i}`).toBe(true)
    }
  }
}, 60_000)

/** The document as one insertion, with every line break. */
function shownDelta(ana: Desk): Op[] {
  return ana.state.doc.children.flatMap(block => [
    ...block.children.map(node => ({ insert: node.text, attributes: runAttributes(node.marks) })),
    { insert: '\n', attributes: breakAttributes(block.attrs) },
  ])
}

test('whatever two do while one of them composes, both have the same in the end', () => {
  for (let seed = 1; seed <= 80; seed++) {
    const random = new Random(seed)
    const ana = desk(random.pick(['one two three\nfour five\nsix\n', 'one', 'one\ntwo', '\n', '']))
    for (let i = 0; i < 40; i++) {
      ana.composing = random.below(5) > 0
      if (random.below(2) === 0) actLocally(ana, random)
      else others(ana, text => actRemotely(text, random))
      if (random.below(8) === 0) vi.advanceTimersByTime(random.below(4000))
    }
    ana.composing = false
    vi.advanceTimersByTime(4000)
    // The desk checks itself against the text; here that nothing waits any more.
    expect(ana.binding.lag, `seed ${seed}`).toBeNull()
    expect(ana.state.doc.eq(readText(ana.binding.text)), `seed ${seed}`).toBe(true)
  }
}, 60_000)

function actLocally(ana: Desk, random: Random): void {
  const { doc } = ana.state
  const anywhere = () => TextSelection.near(doc.resolve(random.below(doc.content.size + 1))).head
  // One composes where one is; now and then elsewhere, as a script may.
  if (random.below(4) === 0) ana.select(anywhere())
  const { head } = ana.state.selection
  const there = TextSelection.near(doc.resolve(Math.min(doc.content.size, head + random.below(6)))).head
  switch (random.below(7)) {
    case 0:
      ana.select(head, there)
      ana.dispatch(ana.state.tr.deleteSelection())
      return
    case 1:
      ana.select(head, there)
      ana.run(toggleMark(schema.marks['bold'] as never))
      return
    case 2:
      ana.run(splitLine)
      return
    case 3:
      ana.run(setKind(random.pick([{}, { header: 1 }])))
      return
    default:
      ana.type(random.pick(['a', 'bc', 'D']))
  }
}

function actRemotely(text: Y.Text, random: Random): void {
  for (let i = random.below(3); i >= 0; i--) {
    const index = random.below(text.length + 1)
    const length = Math.min(random.below(6), text.length - index)
    switch (random.below(5)) {
      case 0:
        text.delete(index, length)
        break
      case 1:
        if (length > 0) text.format(index, length, random.pick([{ italic: true }, { header: 2 }, { bold: null }]))
        break
      case 2:
        text.insert(index, '\n', random.pick([{}, { list: 'bullet' }]))
        break
      default:
        text.insert(index, random.pick(['x', 'yz', 'one\ntwo']))
    }
  }
}
