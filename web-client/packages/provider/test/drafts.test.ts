import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { setAside, textOf } from '../src/drafts.ts'
import { docOf } from './support/fakes.ts'

const base = { id: '1', document: 'doc', at: 1, why: 'refused' } as const

test('the text of a draft is what was typed, in one piece where it was typed in one piece', () => {
  const doc = docOf('We, the undersigned')
  const before = Y.encodeStateVector(doc)
  const text = doc.getText('body')
  text.insert(3, ' six ', { bold: true })
  text.insert(8, 'organisations,')
  text.insert(text.length, ' (end)')
  text.delete(text.length - 1, 1)
  expect(textOf(Y.encodeStateAsUpdate(doc, before))).toBe(' six organisations, (end')
  const elsewhere = Y.mergeUpdates([Y.encodeStateAsUpdate(docOf('one')), Y.encodeStateAsUpdate(docOf('two'))])
  expect(textOf(elsewhere).split('\n').toSorted()).toEqual(['one', 'two'])
})

test('the text can be told of an update whose document is not there', () => {
  const updates: Uint8Array[] = []
  const doc = new Y.Doc()
  doc.on('update', update => updates.push(update))
  doc.getText('body').insert(0, 'lost ')
  doc.getText('body').insert(5, 'and found')
  expect(textOf(updates[1]!)).toBe('and found')
})

test('what is refused again and again is one draft, which grows only by what is new', () => {
  const doc = docOf('first')
  const draft = setAside(undefined, Y.encodeStateAsUpdate(doc), base)
  expect(setAside(draft, Y.encodeStateAsUpdate(doc), base)).toBe(draft)
  doc.getText('body').insert(5, ' second')
  const grown = setAside(draft, Y.encodeStateAsUpdate(doc), { ...base, id: '2', at: 2 })
  expect(grown).toMatchObject({ id: '1', at: 1, text: 'first second' })
})
