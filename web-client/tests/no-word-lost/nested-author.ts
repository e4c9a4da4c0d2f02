// An author whose editor has the usual binding and the usual schema: y-prosemirror, paragraphs and headings as elements,
// items in lists. It does the same things as the other one, by the stock commands.

import { joinBackward, joinForward, lift, setBlockType, splitBlock, toggleMark, wrapIn } from 'prosemirror-commands'
import { Schema } from 'prosemirror-model'
import { type Command, EditorState, type PluginView, TextSelection, type Transaction } from 'prosemirror-state'
import { canSplit } from 'prosemirror-transform'
import type { EditorView } from 'prosemirror-view'
import {
  defaultDeleteFilter,
  defaultProtectedNodes,
  redo,
  undo,
  ySyncPlugin,
  ySyncPluginKey,
  yUndoPlugin,
} from 'y-prosemirror'
import * as Y from 'yjs'
import type { Action, Author } from './author.ts'
import type { Random } from './random.ts'

const schema = new Schema({
  nodes: {
    doc: { content: 'block+' },
    paragraph: { content: 'inline*', group: 'block' },
    heading: { content: 'inline*', group: 'block', attrs: { level: { default: 1 } } },
    bullet_list: { content: 'list_item+', group: 'block' },
    ordered_list: { content: 'list_item+', group: 'block' },
    list_item: { content: 'paragraph block*' },
    text: { group: 'inline' },
    footnote: { inline: true, group: 'inline', atom: true, attrs: { id: {} } },
  },
  marks: { bold: {}, italic: {}, link: { attrs: { href: {} } } },
})
const { paragraph, heading, bullet_list, ordered_list, list_item, footnote } = schema.nodes

/** Works in one Y.XmlFragment. */
export class NestedAuthor implements Author {
  readonly doc = new Y.Doc()
  readonly name: string
  state: EditorState
  readonly #views: PluginView[] = []
  #footnotes = 0

  constructor(name: string, captureTimeout = 0) {
    this.name = name
    const fragment = this.doc.getXmlFragment('prosemirror')
    // As the plugin makes it, but that by default each action can be taken back by itself.
    const undoManager = new Y.UndoManager(fragment, {
      trackedOrigins: new Set([ySyncPluginKey]),
      deleteFilter: item => defaultDeleteFilter(item, defaultProtectedNodes),
      captureTransaction: transaction => transaction.meta.get('addToHistory') !== false,
      captureTimeout,
    })
    this.state = EditorState.create({
      schema,
      plugins: [ySyncPlugin(fragment), yUndoPlugin({ undoManager })],
    })
    // All that the plugins ask of a view; they draw nothing.
    const view = this as unknown as EditorView
    for (const plugin of this.state.plugins) {
      const shown = plugin.spec.view?.(view)
      if (shown) this.#views.push(shown)
    }
  }

  readonly isDestroyed = false

  hasFocus(): boolean {
    return false
  }

  dispatch = (transaction: Transaction): void => {
    const before = this.state
    this.state = this.state.apply(transaction)
    for (const view of this.#views) view.update?.(this as unknown as EditorView, before)
  }

  // It deletes what it does not know (y-prosemirror#275), which is not what is measured here.
  writeUnknown(): void {}

  hasUnknown(): boolean {
    return true
  }

  text(): string {
    return this.state.doc.textBetween(0, this.state.doc.content.size, '\n', '*')
  }

  json(): string {
    // The editor's own document may have neighbours of the same marks that another's has as one.
    return this.doc.getXmlFragment('prosemirror').toString()
  }

  #run(command: Command): void {
    command(this.state, this.dispatch)
  }

  #select(anchor: number, head = anchor): void {
    const { doc } = this.state
    this.dispatch(this.state.tr.setSelection(TextSelection.between(doc.resolve(anchor), doc.resolve(head))))
  }

  #anywhere(random: Random, near?: number, within = 0): number {
    const { size } = this.state.doc.content
    const position = near === undefined ? random.below(size + 1) : near + random.below(2 * within + 1) - within
    return TextSelection.near(this.state.doc.resolve(Math.min(Math.max(position, 0), size))).head
  }

  type(word: string, random: Random): void {
    // Notes have no text of their own here; the choice is made all the same, so that both do alike.
    random.below(8)
    this.#select(this.#anywhere(random))
    const type = (text: string) => this.dispatch(this.state.tr.insertText(text))
    if (random.below(3) === 0) type(`${word} `)
    else for (const letter of `${word} `) type(letter)
  }

  act(action: Exclude<Action, 'type'>, random: Random): void {
    const at = this.#anywhere(random)
    const end = Math.min(at + 1 + random.below(12), this.state.doc.content.size)
    switch (action) {
      case 'delete':
        this.#select(at, random.below(5) === 0 ? this.#anywhere(random, at, 30) : end)
        if (random.below(4) === 0) this.dispatch(this.state.tr.insertText('-'))
        else this.dispatch(this.state.tr.deleteSelection())
        return
      case 'split': {
        this.#select(at)
        const isItem = this.state.selection.$from.node(-1)?.type === list_item
        if (isItem && canSplit(this.state.doc, at, 2)) this.dispatch(this.state.tr.split(at, 2))
        else this.#run(splitBlock)
        return
      }
      case 'join': {
        const $at = this.state.doc.resolve(at)
        const isBackward = random.below(2) === 0
        this.#select(isBackward ? $at.start() : $at.end())
        this.#run(isBackward ? joinBackward : joinForward)
        return
      }
      case 'kind':
        this.#select(at, random.below(3) === 0 ? end : at)
        if (random.below(3) === 0) this.#run(setBlockType(paragraph as never))
        else this.#run(setBlockType(heading as never, { level: 1 + random.below(3) }))
        return
      case 'list':
        this.#select(at, random.below(2) === 0 ? this.#anywhere(random, at, 40) : at)
        if (this.state.selection.$from.node(-1)?.type === list_item) this.#run(lift)
        else this.#run(wrapIn(random.pick([bullet_list, ordered_list]) as never))
        return
      case 'indent':
        this.#select(at)
        this.#run(lift)
        return
      case 'move': {
        const { doc, tr } = this.state
        const index = doc.resolve(at).index(0)
        const to = index + random.pick([1, -1])
        const [node, neighbour] = [doc.child(index), doc.maybeChild(to)]
        if (!neighbour) return
        let start = 0
        for (let i = 0; i < index; i++) start += doc.child(i).nodeSize
        const target = to < index ? start - neighbour.nodeSize : start + neighbour.nodeSize
        this.dispatch(tr.delete(start, start + node.nodeSize).insert(target, node))
        return
      }
      case 'mark': {
        this.#select(at, end)
        const [mark, attrs] = random.pick<[string, Record<string, string>?]>([
          ['bold'],
          ['italic'],
          ['link', { href: `https://example.org/${random.below(3)}` }],
        ])
        this.#run(toggleMark(schema.marks[mark] as never, attrs))
        return
      }
      case 'footnote':
        this.#select(at)
        this.dispatch(this.state.tr.insert(this.state.selection.to, footnote?.create({ id: `${this.name}${this.#footnotes++}` }) as never))
        return
      case 'undo':
        undo(this.state)
        return
      case 'redo':
        redo(this.state)
    }
  }

  destroy(): void {
    for (const view of this.#views) view.destroy?.()
    this.doc.destroy()
  }
}
