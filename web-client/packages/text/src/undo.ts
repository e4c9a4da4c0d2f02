// Undo and redo of one's own changes; those of others stay.

import type { Command, EditorState } from 'prosemirror-state'
import { bindingOf } from './binding.ts'

/** Takes back the last change of one's own, and puts the selection where it was. */
export const undo: Command = (state, dispatch) => run(state, 'undo', dispatch !== undefined)

/** Brings again what was last taken back. */
export const redo: Command = (state, dispatch) => run(state, 'redo', dispatch !== undefined)

/** Whether there is a change of one's own to take back. */
export const canUndo = (state: EditorState): boolean => bindingOf(state)?.undoManager.canUndo() ?? false

/** Whether something that was taken back can be brought again. */
export const canRedo = (state: EditorState): boolean => bindingOf(state)?.undoManager.canRedo() ?? false

function run(state: EditorState, direction: 'undo' | 'redo', does: boolean): boolean {
  const binding = bindingOf(state)
  if (!binding) return false
  if (does) return binding.undo(direction)
  return direction === 'undo' ? canUndo(state) : canRedo(state)
}
