// An author whose editor has the linear binding: the real state, plugin and commands, without a page.

import { joinBackward, joinForward, toggleMark } from 'prosemirror-commands'
import { type Command, EditorState, TextSelection, type Transaction } from 'prosemirror-state'
import * as Y from 'yjs'
import {
  type BlockAttrs,
  indent,
  insertFootnote,
  LinearBinding,
  moveBlocks,
  readText,
  redo,
  schema,
  setBlock,
  setKind,
  splitLine,
  toggleList,
  undo,
} from '../../packages/text/src/index.ts'
import type { Action, Author } from './author.ts'
import type { Random } from './random.ts'

type Notes = Y.Map<Y.Text>

/** An editor without a page: a state that transactions are applied to. */
export class Desk {
  state: EditorState
  readonly binding: LinearBinding
  composing = false

  constructor(text: Y.Text, notes?: Notes, undoManager?: Y.UndoManager, check = true) {
    this.binding = new LinearBinding({
      text,
      check,
      ...(notes ? { notes } : {}),
      ...(undoManager ? { undoManager } : {}),
    })
    this.state = EditorState.create({ schema, doc: readText(text), plugins: [this.binding.plugin()] })
    this.binding.attach(this)
  }

  dispatch = (transaction: Transaction): void => {
    this.state = this.state.apply(transaction)
    this.binding.flush()
  }

  run(command: Command): boolean {
    return command(this.state, this.dispatch)
  }

  select(anchor: number, head = anchor): void {
    const { doc } = this.state
    this.dispatch(this.state.tr.setSelection(TextSelection.between(doc.resolve(anchor), doc.resolve(head))))
  }

  type(text: string): void {
    this.dispatch(this.state.tr.insertText(text))
  }
}

/** Works in the body of a document and, by small desks of their own, in its notes. */
export class LinearAuthor implements Author {
  readonly doc = new Y.Doc()
  readonly desk: Desk
  readonly notes: Notes
  readonly #noteDesks = new Map<string, Desk>()
  readonly #check: boolean
  readonly name: string
  // No two notes have one id, however often their author closes the page.
  #footnotes: number

  constructor(name: string, check = true, captureTimeout = 0, pages = 0) {
    this.name = name
    this.#footnotes = 10_000 * pages
    this.#check = check
    this.notes = this.doc.getMap('notes') as Notes
    // By default each action can be taken back by itself.
    const text = this.doc.getText('body')
    const undoManager = new Y.UndoManager(text, { trackedOrigins: new Set(), captureTimeout })
    this.desk = new Desk(text, this.notes, undoManager, check)
  }

  writeUnknown(): void {
    this.desk.binding.text.applyDelta([
      { insert: 'newer ', attributes: { color: 'red' } },
      { insert: { poll: { id: 7 } } },
      { insert: ' text' },
      { insert: '\n', attributes: { 'line-height': 2 } },
      { insert: { table: 't' } },
      { insert: '\n' },
    ])
  }

  // Runs and lines with unknown attributes may be deleted as any may; boxes may not.
  hasUnknown(): boolean {
    const json = JSON.stringify(this.desk.binding.text.toDelta())
    return json.includes('{"poll":{"id":7}}') && json.includes('{"table":"t"}')
  }

  text(): string {
    const notes = [...this.notes.keys()].sort().map(id => this.notes.get(id)?.toString())
    return [this.desk.state.doc.textBetween(0, this.desk.state.doc.content.size, '\n', '*'), ...notes].join('\n')
  }

  json(): string {
    const notes = [...this.notes.keys()].sort().map(id => readText(this.notes.get(id) as Y.Text))
    return JSON.stringify([this.desk.state.doc, ...notes])
  }

  #noteDesk(random: Random): Desk | undefined {
    const id = random.pick([...this.notes.keys()].sort())
    const text = id === undefined ? undefined : this.notes.get(id)
    if (id === undefined || !text) return undefined
    let desk = this.#noteDesks.get(id)
    if (!desk) this.#noteDesks.set(id, (desk = new Desk(text, undefined, this.desk.binding.undoManager, this.#check)))
    return desk
  }

  type(word: string, random: Random): void {
    const desk = (random.below(8) === 0 && this.#noteDesk(random)) || this.desk
    desk.select(anywhere(desk.state, random))
    if (random.below(3) === 0) desk.type(`${word} `)
    else for (const letter of `${word} `) desk.type(letter)
  }

  act(action: Exclude<Action, 'type'>, random: Random): void {
    const { desk } = this
    const { state } = desk
    const at = anywhere(state, random)
    const end = Math.min(at + 1 + random.below(12), state.doc.content.size)
    switch (action) {
      case 'delete':
        desk.select(at, random.below(5) === 0 ? anywhere(state, random, at, 30) : end)
        if (random.below(4) === 0) desk.type('-')
        else desk.dispatch(desk.state.tr.deleteSelection())
        return
      case 'split':
        desk.select(at)
        desk.run(splitLine)
        return
      case 'join': {
        const $at = state.doc.resolve(at)
        const isBackward = random.below(2) === 0
        desk.select(isBackward ? $at.start() : $at.end())
        desk.run(isBackward ? joinBackward : joinForward)
        return
      }
      case 'kind': {
        desk.select(at, random.below(3) === 0 ? end : at)
        const kinds = [{}, { header: 1 }, { header: 2 }, { header: 3 }, { blockquote: true as const }]
        if (random.below(3) > 0) desk.run(setKind(random.pick(kinds)))
        else desk.run(setBlock(random.pick<Partial<BlockAttrs>>([{ align: 'center' }, { lang: 'fr' }, { direction: 'rtl' }])))
        return
      }
      case 'list':
        desk.select(at, random.below(2) === 0 ? anywhere(state, random, at, 40) : at)
        desk.run(toggleList(random.pick(['bullet', 'ordered'])))
        return
      case 'indent':
        desk.select(at)
        desk.run(indent(random.pick([1, -1])))
        return
      case 'move':
        desk.select(at)
        desk.run(moveBlocks(random.pick(['up', 'down'])))
        return
      case 'mark': {
        desk.select(at, end)
        const [mark, attrs] = random.pick<[string, Record<string, string>?]>([
          ['bold'],
          ['italic'],
          ['link', { href: `https://example.org/${random.below(3)}` }],
          ['bracket', { proposer: random.pick(['Ana', 'Ben']) }],
          ['script', { value: random.pick(['super', 'sub']) }],
        ])
        desk.run(toggleMark(schema.marks[mark] as never, attrs))
        return
      }
      case 'footnote':
        desk.select(at)
        desk.run(insertFootnote('', () => `${this.name}${this.#footnotes++}`))
        return
      case 'undo':
        desk.run(undo)
        return
      case 'redo':
        desk.run(redo)
    }
  }

  destroy(): void {
    for (const desk of this.#noteDesks.values()) desk.binding.destroy()
    this.desk.binding.destroy()
    this.doc.destroy()
  }
}

/** A place where a cursor can be, near `near` when that is given. */
function anywhere(state: EditorState, random: Random, near?: number, within = 0): number {
  const { size } = state.doc.content
  const position = near === undefined ? random.below(size + 1) : near + random.below(2 * within + 1) - within
  const clamped = Math.min(Math.max(position, 0), size)
  return TextSelection.near(state.doc.resolve(clamped)).head
}
