// Actions on the text as commands, and what the toolbar shows of a state.

import type { MarkType, Node } from 'prosemirror-model'
import type { Command, EditorState } from 'prosemirror-state'
import { canRedo, canUndo, indent, moveBlocks, redo, schema, setBlock, setKind, toggleList, undo } from '@plenary/text'
import type { BlockAttrs } from '@plenary/text'
import type { Action } from './action.ts'
import { hasMark, toggleMark } from './basic-commands.ts'
import type { ToolbarState } from './toolbar.ts'
import { blockText } from './survey.ts'

const { marks } = schema

const heading = (header: number): Command => setKind({ header })

const scripted = (value: 'super' | 'sub'): Command => toggleMark(marks['script'] as MarkType, value)

const marked = (name: string): Command => toggleMark(marks[name] as MarkType)

const aligned = (side: 'start' | 'center' | 'end' | 'justify'): Command => (state, dispatch, view) => {
  const isRtl = directionOf(state.selection.$from.parent) === 'rtl'
  const align = { start: null, center: 'center', end: isRtl ? 'left' : 'right', justify: 'justify' } as const
  return setBlock({ align: align[side] })(state, dispatch, view)
}

const clear: Command = (state, dispatch) => {
  const { from, to, empty } = state.selection
  if (empty) return false
  // What is not known, and what says that words are not agreed, is no formatting.
  const kept = ['bracket', 'unknown']
  if (dispatch) {
    const tr = state.tr
    for (const [name, type] of Object.entries(marks)) if (!kept.includes(name)) tr.removeMark(from, to, type)
    dispatch(tr)
  }
  return true
}

/** The commands of those actions that change the text by themselves. */
export const commands: Partial<Record<Action, Command>> = {
  undo,
  redo,
  bold: marked('bold'),
  italic: marked('italic'),
  underline: marked('underline'),
  strike: marked('strike'),
  superscript: scripted('super'),
  subscript: scripted('sub'),
  clear,
  paragraph: setKind({}),
  heading1: heading(1),
  heading2: heading(2),
  heading3: heading(3),
  heading4: heading(4),
  heading5: heading(5),
  heading6: heading(6),
  quote: setKind({ blockquote: true }),
  bullets: toggleList('bullet'),
  numbers: toggleList('ordered'),
  indent: indent(1),
  outdent: indent(-1),
  moveUp: moveBlocks('up'),
  moveDown: moveBlocks('down'),
  alignStart: aligned('start'),
  alignCenter: aligned('center'),
  alignEnd: aligned('end'),
  alignJustify: aligned('justify'),
  dirAuto: setBlock({ direction: null }),
  ltr: setBlock({ direction: 'ltr' }),
  rtl: setBlock({ direction: 'rtl' }),
}

/** Which way a line runs, as `dir="auto"` has it. */
export function directionOf(block: Node): 'ltr' | 'rtl' {
  const set = (block.attrs as BlockAttrs).direction
  if (set) return set
  const first = /\p{L}/u.exec(blockText(block))?.[0] ?? ''
  return /[\p{sc=Arab}\p{sc=Hebr}\p{sc=Syrc}\p{sc=Thaa}\p{sc=Nkoo}]/u.test(first) ? 'rtl' : 'ltr'
}

/** The lines that the selection touches. */
export function chosenBlocks(state: EditorState): Node[] {
  const blocks: Node[] = []
  const { from, to } = state.selection
  state.doc.nodesBetween(from, to, node => {
    if (node.isTextblock) blocks.push(node)
    return !node.isTextblock
  })
  return blocks.length > 0 ? blocks : [state.selection.$from.parent]
}

function kindOf(block: Node): Action {
  const { header, blockquote } = block.attrs as BlockAttrs
  return header ? (`heading${header}` as Action) : blockquote ? 'quote' : 'paragraph'
}

/** What the toolbar shows of `state`. */
export function toolbarState(state: EditorState): ToolbarState {
  const blocks = chosenBlocks(state)
  const all = (test: (attrs: BlockAttrs, block: Node) => boolean) =>
    blocks.every(block => test(block.attrs as BlockAttrs, block))
  const [first] = blocks as [Node, ...Node[]]
  const { lang } = first.attrs as BlockAttrs
  const kind = kindOf(first)
  const end = (block: Node) => (directionOf(block) === 'rtl' ? 'left' : 'right')
  const has = (name: string, value?: string) => hasMark(state, marks[name] as MarkType, value)
  const states: Partial<Record<Action, boolean>> = {
    bold: has('bold'),
    italic: has('italic'),
    underline: has('underline'),
    strike: has('strike'),
    superscript: has('script', 'super'),
    subscript: has('script', 'sub'),
    link: has('link'),
    bracket: has('bracket'),
    bullets: all(({ list }) => list === 'bullet'),
    numbers: all(({ list }) => list === 'ordered'),
    alignCenter: all(({ align }) => align === 'center'),
    alignEnd: all(({ align }, block) => align === end(block)),
    alignJustify: all(({ align }) => align === 'justify'),
    dirAuto: all(({ direction }) => direction === null),
    ltr: all(({ direction }) => direction === 'ltr'),
    rtl: all(({ direction }) => direction === 'rtl'),
  }
  const { empty } = state.selection
  const isOff: Partial<Record<Action, boolean>> = {
    undo: !canUndo(state),
    redo: !canRedo(state),
    link: empty && !states.link,
    bracket: empty && !states.bracket,
    clear: empty,
    outdent: all(attrs => attrs.indent === 0),
  }
  const names = (entries: Partial<Record<Action, boolean>>) =>
    new Set(Object.entries(entries).flatMap(([action, is]) => (is ? [action as Action] : [])))
  return {
    active: names(states),
    disabled: names(isOff),
    kind: blocks.every(block => kindOf(block) === kind) ? kind : null,
    language: all(attrs => attrs.lang === lang) ? lang : null,
  }
}

/** The stretch around the cursor that has the mark `name` with the same value, or the selection. */
export function markStretch(state: EditorState, name: string): { from: number; to: number; value: unknown } | null {
  const type = marks[name] as MarkType
  const { $from, from, to } = state.selection
  const after = $from.parent.childAfter($from.parentOffset)
  const before = $from.parent.childBefore($from.parentOffset)
  const mark = [after.node, before.node].map(node => node && type.isInSet(node.marks)).find(Boolean)
  if (!mark) return null
  const start = $from.start()
  let stretch: { from: number; to: number } | null = null
  $from.parent.forEach((node, offset) => {
    const [nodeFrom, nodeTo] = [start + offset, start + offset + node.nodeSize]
    if (!mark.isInSet(node.marks)) return
    if (stretch && stretch.to === nodeFrom) stretch.to = nodeTo
    else if (!stretch || stretch.to < from) stretch = { from: nodeFrom, to: nodeTo }
  })
  const found = stretch as { from: number; to: number } | null
  if (!found) return null
  const isChosen = from < found.from || to > found.to
  return { ...(isChosen ? { from, to } : found), value: Object.values(mark.attrs)[0] }
}

/** The selection without the spaces at its ends, which choosing word by word takes along. */
export function wordsChosen(state: EditorState): { from: number; to: number } {
  const { from, to } = state.selection
  const text = state.doc.textBetween(from, to, '\n', '\ufffc')
  const spaces = (pattern: RegExp) => pattern.exec(text)?.[0].length ?? 0
  return text.trim() === '' ? { from, to } : { from: from + spaces(/^[ \u00a0]+/), to: to - spaces(/[ \u00a0]+$/) }
}
