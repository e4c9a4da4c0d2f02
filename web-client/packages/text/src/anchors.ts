// Places that stay with the words they were put at, whatever is written around them: the cursors of others, and the
// passages that comments are about.

import type { EditorState } from 'prosemirror-state'
import * as Y from 'yjs'
import { bindingOf } from './binding.ts'
import { docPosition, textIndex } from './positions.ts'

/** A place in a shared text, as JSON: the relative position of Yjs that y-prosemirror and quill-cursors use too. */
export type Anchor = Readonly<Record<string, unknown>>

/**
 * The place `position` of the document. `side`: which neighbour it stays with, the letter `after` it (for a cursor,
 * or where a passage starts) or the one `before` it (where a passage ends). Null without a binding.
 */
export function anchorAt(state: EditorState, position: number, side: 'before' | 'after' = 'after'): Anchor | null {
  const binding = bindingOf(state)
  if (!binding) return null
  const index = textIndex(state.doc, position)
  const place = Math.min(binding.lag?.indexOf(index) ?? index, binding.text.length)
  const relative = Y.createRelativePositionFromTypeIndex(binding.text, place, side === 'before' ? -1 : 0)
  return Y.relativePositionToJSON(relative) as Anchor
}

/** Where an anchor is now; null when it is of another text, or of something that has not arrived yet. */
export function anchorPosition(state: EditorState, anchor: Anchor): number | null {
  const binding = bindingOf(state)
  if (!binding?.text.doc) return null
  try {
    const relative = Y.createRelativePositionFromJSON(anchor)
    const place = Y.createAbsolutePositionFromRelativePosition(relative, binding.text.doc)
    if (place?.type !== binding.text) return null
    return docPosition(state.doc, binding.lag?.documentIndexOf(place.index) ?? place.index)
  } catch {
    // It came from another person's program.
    return null
  }
}

/** Whether all that stood between two anchors has been removed. */
export function isOrphaned(state: EditorState, start: Anchor, end: Anchor): boolean {
  const [from, to] = [anchorPosition(state, start), anchorPosition(state, end)]
  return from === null || to === null || to <= from
}
