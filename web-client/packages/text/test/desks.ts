// Editors without a page, for tests: `pair('one\n', 'two')` are two people's, on two copies of one text.

import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { Desk } from '../../../tests/no-word-lost/linear-author.ts'
import type { Delta } from '../src/index.ts'

export { Desk }

/** A document of its own with `delta` as its body, and an editor on it. */
export function desk(delta: Delta | string, clientID = 1): Desk {
  const doc = new Y.Doc()
  doc.clientID = 1_000_000
  const text = doc.getText('body')
  if (delta.length > 0) text.applyDelta(typeof delta === 'string' ? [{ insert: delta }] : [...delta])
  doc.clientID = clientID
  return new Desk(text, doc.getMap('notes') as Y.Map<Y.Text>)
}

/** Two people's editors on one text; `merge` brings together what they did apart. */
export function pair(delta: Delta | string): { ana: Desk; ben: Desk; merge(): void } {
  const ana = desk(delta, 1)
  const doc = new Y.Doc()
  doc.clientID = 2
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(docOf(ana)))
  const ben = new Desk(doc.getText('body'), doc.getMap('notes') as Y.Map<Y.Text>)
  const merge = () => {
    const [fromAna, fromBen] = [Y.encodeStateAsUpdate(docOf(ana)), Y.encodeStateAsUpdate(docOf(ben))]
    Y.applyUpdate(docOf(ana), fromBen)
    Y.applyUpdate(docOf(ben), fromAna)
  }
  return { ana, ben, merge }
}

export const docOf = (of: Desk): Y.Doc => of.binding.text.doc as Y.Doc

/** Changes the shared text as another program would. */
export function others(of: Desk, change: (text: Y.Text) => void): void {
  docOf(of).transact(() => change(of.binding.text), 'others')
}

/** The position of `words` in the document; `after`: that of their end. */
export function at(of: Desk, words: string, side: 'before' | 'after' = 'before'): number {
  const found: number[] = []
  of.state.doc.descendants((node: Node, position) => {
    const offset = node.isText ? (node.text as string).indexOf(words) : -1
    if (offset >= 0) found.push(position + offset + (side === 'after' ? words.length : 0))
  })
  if (found.length !== 1) throw new Error(`${words} stands ${found.length} times in ${of.state.doc}`)
  return found[0] as number
}

/** The lines with what they are, as `['title', {header: 1}]`; `*` for an embed. */
export function lines(of: Desk): (string | [string, Record<string, unknown>])[] {
  return of.state.doc.content.content.map(block => {
    const text = block.textBetween(0, block.content.size, '', '*')
    const attrs = Object.fromEntries(Object.entries(block.attrs).filter(([, value]) => value !== null && value !== 0))
    return Object.keys(attrs).length > 0 ? [text, attrs] : text
  })
}

export const delta = (of: Desk): unknown => of.binding.text.toDelta()
