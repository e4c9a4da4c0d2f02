// The numbers of footnotes: never typed, computed when shown. A note has one number, however often the text points to
// it, and those in the cells of a table are counted where the table stands; as in packages/text/src/export.ts.

import type { Node } from 'prosemirror-model'
import { Plugin, PluginKey } from 'prosemirror-state'
import type { EditorState, Transaction } from 'prosemirror-state'
import type { EditorView, NodeView } from 'prosemirror-view'
import type * as Y from 'yjs'
import { LockedTable, tableNotes } from '@plenary/text'
import { notesInOrder } from './survey.ts'

type Numbers = ReadonlyMap<string, number>

const key = new PluginKey<Numbers>('note-numbers')

/** The number of the note `id`; `undefined` when the text does not point to it. */
export const noteNumber = (state: EditorState, id: string): number | undefined => key.getState(state)?.get(id)

/** Shows each footnote with its number. `tables`: for those in tables. */
export function noteNumbers(tables: Y.Map<unknown>): Plugin<Numbers> {
  const read = (doc: Node): Numbers =>
    new Map(notesInOrder(doc, id => tableNotes(tables.get(id))).map(({ id }, i) => [id, i + 1]))
  const shown = new Set<Numbered>()
  return new Plugin<Numbers>({
    key,
    state: {
      init: (_, { doc }) => read(doc),
      apply(tr, before) {
        if (!tr.getMeta(key) && !(tr.docChanged && movesNotes(tr))) return before
        const numbers = read(tr.doc)
        return isSame(numbers, before) ? before : numbers
      },
    },
    props: {
      nodeViews: {
        footnote: (node, view) => new Footnote(node, id => noteNumber(view.state, id), shown),
        table: (node, view) => new NumberedTable(node, tables, id => noteNumber(view.state, id), shown),
      },
    },
    view: view => new Numbering(view, tables, shown),
  })
}

function isSame(some: Numbers, others: Numbers): boolean {
  return some.size === others.size && [...some].every(([id, number]) => others.get(id) === number)
}

/** Whether footnotes or tables were in what a transaction replaced, or are in what it put there. */
function movesNotes(tr: Transaction): boolean {
  let moves = false
  const look = (doc: Node | undefined, from: number, to: number) => {
    if (moves || !doc || to <= from) return
    doc.nodesBetween(from, to, ({ type }) => {
      if (type.name === 'footnote' || type.name === 'table') moves = true
      return !moves
    })
  }
  tr.mapping.maps.forEach((map, i) => {
    map.forEach((oldStart, oldEnd, newStart, newEnd) => {
      look(tr.docs[i], oldStart, oldEnd)
      look(tr.docs[i + 1] ?? tr.doc, newStart, newEnd)
    })
  })
  return moves
}

type NumberOf = (id: string) => number | undefined

/** Something that shows numbers of footnotes. */
interface Numbered {
  number(numberOf: NumberOf): void
}

/** A footnote in the text. */
class Footnote implements NodeView, Numbered {
  readonly dom = document.createElement('sup')
  readonly #id: string
  readonly #shown: Set<Numbered>

  constructor(node: Node, numberOf: NumberOf, shown: Set<Numbered>) {
    this.#id = String(node.attrs['id'])
    this.#shown = shown
    this.dom.dataset['footnote'] = this.#id
    this.number(numberOf)
    shown.add(this)
  }

  number(numberOf: NumberOf): void {
    stamp(this.dom, numberOf)
  }

  update(node: Node): boolean {
    return node.type.name === 'footnote' && node.attrs['id'] === this.#id
  }

  ignoreMutation(): boolean {
    return true
  }

  destroy(): void {
    this.#shown.delete(this)
  }
}

/** A table, with the footnotes in its cells. */
class NumberedTable extends LockedTable implements Numbered {
  readonly #shown: Set<Numbered>

  constructor(node: Node, tables: Y.Map<unknown>, numberOf: NumberOf, shown: Set<Numbered>) {
    super(node, tables, dom => numberIn(dom, numberOf))
    this.#shown = shown
    shown.add(this)
  }

  number(numberOf: NumberOf): void {
    numberIn(this.dom, numberOf)
  }

  override destroy(): void {
    super.destroy()
    this.#shown.delete(this)
  }
}

function numberIn(table: HTMLElement, numberOf: NumberOf): void {
  for (const mark of table.querySelectorAll<HTMLElement>('sup[data-footnote]')) stamp(mark, numberOf)
}

function stamp(mark: HTMLElement, numberOf: NumberOf): void {
  const number = String(numberOf(mark.dataset['footnote'] ?? '') ?? '')
  if (mark.dataset['number'] !== number) mark.dataset['number'] = number
}

/** Keeps the numbers that are shown up to date. */
class Numbering {
  readonly #view: EditorView
  readonly #tables: Y.Map<unknown>
  readonly #shown: ReadonlySet<Numbered>

  constructor(view: EditorView, tables: Y.Map<unknown>, shown: ReadonlySet<Numbered>) {
    this.#view = view
    this.#tables = tables
    this.#shown = shown
    tables.observeDeep(this.#onTables)
  }

  update(view: EditorView, before: EditorState): void {
    const numbers = key.getState(view.state)
    if (numbers === key.getState(before)) return
    for (const one of this.#shown) one.number(id => numbers?.get(id))
  }

  destroy(): void {
    this.#tables.unobserveDeep(this.#onTables)
  }

  // Within a change of the shared document nothing may be dispatched: the text may be about to change, too.
  readonly #onTables = (): void =>
    queueMicrotask(() => {
      if (!this.#view.isDestroyed) this.#view.dispatch(this.#view.state.tr.setMeta(key, true).setMeta('addToHistory', false))
    })
}
