// @vitest-environment happy-dom

import { DOMParser, DOMSerializer } from 'prosemirror-model'
import { EditorState } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { type Delta, LinearBinding, readDelta, readText, schema } from '../src/index.ts'

function open(doc: Y.Doc, state = EditorState.create({ schema })): EditorView {
  const binding = new LinearBinding({
    text: doc.getText('body'),
    notes: doc.getMap('notes') as Y.Map<Y.Text>,
    tables: doc.getMap('tables'),
    check: true,
  })
  const place = document.createElement('div')
  document.body.append(place)
  return new EditorView(place, { state: state.reconfigure({ plugins: [binding.plugin()] }) })
}

test('a view that was opened on nothing shows the text, and follows it until it is destroyed', () => {
  const doc = new Y.Doc()
  doc.getText('body').insert(0, 'one\n')
  const view = open(doc)
  expect(view.dom.textContent).toBe('one')
  doc.getText('body').insert(3, ' two')
  expect(view.dom.textContent).toBe('one two')
  view.dispatch(view.state.tr.insertText('!', 8))
  expect(doc.getText('body').toString()).toBe('one two!\n')
  view.destroy()
  doc.getText('body').insert(0, 'later ')
  expect(view.state.doc.textContent).toBe('one two!')
})

test('opening a text writes nothing into it, whatever it is', () => {
  for (const text of ['', 'one', '\n']) {
    const doc = new Y.Doc()
    if (text) doc.getText('body').insert(0, text)
    const before = Y.encodeStateAsUpdate(doc)
    const view = open(doc)
    view.dispatch(view.state.tr.setMeta('nothing', true))
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before)
    view.destroy()
  }
})

test('a table is shown with its cells as they are, and cannot be written in', () => {
  const doc = new Y.Doc()
  doc.getText('body').applyDelta([{ insert: 'before\n' }, { insert: { table: 't' } }, { insert: '\n' }])
  const view = open(doc)
  expect(view.dom.querySelectorAll('td')).toHaveLength(0)
  // The table itself may arrive later than the text that names it.
  const table = doc.getMap('tables').set('t', new Y.Map<unknown>())
  doc.transact(() => {
    table.set('rows', Y.Array.from(['r1', 'r2']))
    table.set('columns', Y.Array.from(['c1']))
    table.set('header_rows', 1)
    const cells = table.set('cells', new Y.Map<Y.Text>())
    cells.set('r1/c1', new Y.Text('Head'))
    cells.set('r2/c1', new Y.Text('cell'))
  })
  const box = view.dom.querySelector<HTMLElement>('[data-table]')
  expect(box?.contentEditable).toBe('false')
  expect(box?.querySelector('th')?.textContent).toBe('Head')
  const cells = table.get('cells') as Y.Map<Y.Text>
  cells.get('r2/c1')?.insert(4, 's')
  expect(box?.querySelector('td')?.textContent).toBe('cells')
  view.destroy()
})

test('what is copied and put in again is the same, with all that is not known', () => {
  const delta: Delta = [
    { insert: 'Title', attributes: { bold: true } },
    { insert: '\n', attributes: { header: 2, align: 'center', direction: 'rtl', lang: 'ar', 'line-height': 2 } },
    { insert: 'see ' },
    { insert: 'there', attributes: { link: 'https://example.org', italic: true, color: 'red' } },
    { insert: { footnote: 'f' } },
    { insert: ' as proposed', attributes: { bracket: 'Ana', script: 'sub' } },
    { insert: '\n', attributes: { list: 'ordered', indent: 2 } },
    { insert: { poll: { id: 7 } } },
    { insert: '\n', attributes: { blockquote: true } },
    { insert: { table: 't' } },
    { insert: '\n' },
    { insert: 'let  x' },
    { insert: '\n', attributes: { 'code-block': 'rust' } },
    { insert: 'done' },
    { insert: '\n', attributes: { list: 'checked' } },
  ]
  const doc = readDelta(delta)
  const dom = document.createElement('div')
  dom.append(DOMSerializer.fromSchema(schema).serializeFragment(doc.content))
  const copied = document.createElement('div')
  copied.innerHTML = dom.innerHTML
  expect(DOMParser.fromSchema(schema).parse(copied).toJSON()).toEqual(doc.toJSON())
})

test('an address that a browser would run is kept and is nothing to click on', () => {
  const text = new Y.Doc().getText('body')
  text.insert(0, 'here', { link: 'javascript:alert(1)' })
  const dom = document.createElement('div')
  dom.append(DOMSerializer.fromSchema(schema).serializeFragment(readText(text).content))
  expect(dom.querySelector('a')?.hasAttribute('href')).toBe(false)
  expect(dom.innerHTML).toContain('javascript:alert(1)')
})
