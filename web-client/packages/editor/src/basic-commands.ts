// What every editor's keys do, for a text of flat lines. (prosemirror-commands would bring what nested nodes need.)

import type { MarkType } from 'prosemirror-model'
import { AllSelection, TextSelection } from 'prosemirror-state'
import type { Command, EditorState } from 'prosemirror-state'

/** The first of `commands` that has something to do. */
export function firstOf(...commands: Command[]): Command {
  return (state, dispatch, view) => commands.some(command => command(state, dispatch, view))
}

export const selectAll: Command = (state, dispatch) => {
  dispatch?.(state.tr.setSelection(new AllSelection(state.doc)))
  return true
}

export const deleteSelection: Command = (state, dispatch) => {
  if (state.selection.empty) return false
  dispatch?.(state.tr.deleteSelection().scrollIntoView())
  return true
}

/** Joins the line of the cursor to the one before it, at its start, or to the one after it, at its end. */
export function joinLine(side: 'before' | 'after'): Command {
  return (state, dispatch, view) => {
    const { selection, doc, tr } = state
    if (!(selection instanceof TextSelection) || !selection.$cursor) return false
    const { $cursor } = selection
    const isAtEdge = view
      ? view.endOfTextblock(side === 'before' ? 'backward' : 'forward', state)
      : $cursor.parentOffset === (side === 'before' ? 0 : $cursor.parent.content.size)
    const edge = side === 'before' ? $cursor.before() : $cursor.after()
    if (!isAtEdge || edge === 0 || edge === doc.content.size) return false
    dispatch?.(tr.delete(edge - 1, edge + 1).scrollIntoView())
    return true
  }
}

/** Whether the selection, or what would be typed, has a mark everywhere. */
export function hasMark(state: EditorState, type: MarkType, value?: string): boolean {
  const { from, to, empty, $from } = state.selection
  const isSame = (marks: readonly { type: MarkType; attrs: Record<string, unknown> }[]) =>
    marks.some(mark => mark.type === type && (value === undefined || mark.attrs['value'] === value))
  if (empty) return isSame(state.storedMarks ?? $from.marks())
  const found = { some: false, all: true }
  state.doc.nodesBetween(from, to, node => {
    if (!node.isText) return found.all
    if (isSame(node.marks)) found.some = true
    else found.all = false
    return false
  })
  return found.some && found.all
}

/** Sets a mark on all that is selected, or takes it away where all has it; without a selection, for what is typed. */
export function toggleMark(type: MarkType, value?: string): Command {
  return (state, dispatch) => {
    const { from, to, empty, $from } = state.selection
    if (!$from.parent.isTextblock && empty) return false
    const mark = type.create(value === undefined ? null : { value })
    const isOn = hasMark(state, type, value)
    const { tr } = state
    if (empty) dispatch?.(isOn ? tr.removeStoredMark(type) : tr.addStoredMark(mark))
    else dispatch?.((isOn ? tr.removeMark(from, to, type) : tr.addMark(from, to, mark)).scrollIntoView())
    return true
  }
}
