// What a key costs in a joint submission of 5,600 words that three people have worked on: the editor's own state, the
// binding and Yjs. Both bindings take turns, so that a busy machine is unfair to none.

import { TextSelection } from 'prosemirror-state'
import * as Y from 'yjs'
import { LinearAuthor } from '../no-word-lost/linear-author.ts'
import { NestedAuthor } from '../no-word-lost/nested-author.ts'
import { Random } from '../no-word-lost/random.ts'

const WORDS = 5600
const WORDS_A_BLOCK = 50
const EDITS = 1500
const KEYS = 2000
// What is typed within half a second is taken back together.
const UNDO_MS = 500
const WORD_LIST = 'the State party should ensure that all persons enjoy their rights without discrimination'.split(' ')

type Editor = LinearAuthor | NestedAuthor

const stateOf = (editor: Editor) => (editor instanceof LinearAuthor ? editor.desk.state : editor.state)
const dispatchOf = (editor: Editor) => (editor instanceof LinearAuthor ? editor.desk.dispatch : editor.dispatch)

function insert(editor: Editor, position: number, text: string): void {
  const { tr, doc } = stateOf(editor)
  const selection = TextSelection.near(doc.resolve(Math.min(position, doc.content.size)))
  dispatchOf(editor)(tr.setSelection(selection).insertText(text))
}

/** A text of its length with a history: written by one, then worked over by three. */
function grow(make: (name: string) => Editor, seed: number): [Editor, Editor] {
  const random = new Random(seed)
  const editors = ['ana', 'ben', 'olu'].map(make) as [Editor, Editor, Editor]
  editors.forEach((editor, i) => (editor.doc.clientID = i + 1))
  const [ana] = editors
  const { schema } = stateOf(ana)
  const blocks = Array.from({ length: WORDS / WORDS_A_BLOCK }, (_, i) => {
    const words = Array.from({ length: WORDS_A_BLOCK }, () => random.pick(WORD_LIST))
    const bold = schema.text(`${words.splice(0, 3).join(' ')} `, [schema.mark('bold')])
    const type = schema.nodes['block'] ?? (i % 8 === 0 ? schema.nodes['heading'] : schema.nodes['paragraph'])
    const attrs = schema.nodes['block'] && i % 8 === 0 ? { header: 1 } : null
    return type?.create(attrs, [bold, schema.text(words.join(' '))]) as never
  })
  const { tr, doc } = stateOf(ana)
  dispatchOf(ana)(tr.replaceWith(0, doc.content.size, blocks))
  const merge = () => {
    for (const from of editors) {
      for (const to of editors) {
        if (from !== to) Y.applyUpdate(to.doc, Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc)))
      }
    }
  }
  merge()
  for (let i = 0; i < EDITS; i++) {
    const editor = random.pick(editors)
    const { doc: now, tr: change } = stateOf(editor)
    const at = TextSelection.near(now.resolve(random.below(now.content.size))).head
    const end = Math.min(at + 3, now.resolve(at).end())
    if (random.below(4) === 0) dispatchOf(editor)(change.delete(at, end))
    else insert(editor, at, random.pick(WORD_LIST))
    if (i % 50 === 49) merge()
  }
  merge()
  return [ana, editors[1]]
}

const figure = (times: number[], part: number) =>
  (times.sort((a, b) => a - b)[Math.floor(times.length * part)] as number).toFixed(2)

/** Prints the milliseconds of a key of one's own, and of a key that comes from another. */
export function main(): void {
  const kinds = {
    linear: grow(name => new LinearAuthor(name, false, UNDO_MS), 1),
    'y-prosemirror': grow(name => new NestedAuthor(name, UNDO_MS), 1),
  }
  const times = Object.fromEntries(Object.keys(kinds).map(kind => [kind, { own: [] as number[], other: [] as number[] }]))
  const random = new Random(2)
  for (let key = 0; key < KEYS; key++) {
    const place = random.next()
    for (const [kind, [ana, ben]] of Object.entries(kinds)) {
      const time = times[kind] as { own: number[]; other: number[] }
      // Runs of twenty keys in one place.
      const at = (editor: Editor, part: number) => {
        const { doc, selection } = stateOf(editor)
        return key % 20 === 0 ? Math.floor(part * doc.content.size) : selection.head
      }
      let update: Uint8Array | undefined
      ben.doc.once('update', (bytes: Uint8Array) => (update = bytes))
      insert(ben, at(ben, 1 - place), 'x')
      let start = performance.now()
      Y.applyUpdate(ana.doc, update as Uint8Array, 'line')
      if (key >= 100) time.other.push(performance.now() - start)
      const vector = Y.encodeStateVector(ben.doc)
      start = performance.now()
      insert(ana, at(ana, place), 'k')
      if (key >= 100) time.own.push(performance.now() - start)
      Y.applyUpdate(ben.doc, Y.encodeStateAsUpdate(ana.doc, vector), 'line')
    }
  }
  console.table(
    Object.fromEntries(
      Object.entries(times).map(([kind, { own, other }]) => [
        kind,
        {
          'own key, median ms': figure(own, 0.5),
          'p95': figure(own, 0.95),
          'another\'s key, median ms': figure(other, 0.5),
          'p95 ': figure(other, 0.95),
        },
      ]),
    ),
  )
  process.exit(0)
}
