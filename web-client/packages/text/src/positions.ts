// Places in the editor's document and in the shared text.
//
// The document has one more boundary for each line than the shared text has line breaks before it; everything else
// takes the same room in both. So a place is found by walking over the lines, never over the words.

import type { Node } from 'prosemirror-model'

/** Where a position is: in or directly before the block `index`, which starts at `start`. */
export interface Place {
  readonly index: number
  readonly start: number
  /** How much of the block's content is before it; -1 between blocks. */
  readonly offset: number
}

/** Finds `position` in `doc`. At the end of the document, `index` is the number of its blocks. */
export function placeOf(doc: Node, position: number): Place {
  let start = 0
  for (let index = 0; index < doc.childCount; index++) {
    const end = start + doc.child(index).nodeSize
    if (position < end) return { index, start, offset: position - start - 1 }
    start = end
  }
  return { index: doc.childCount, start, offset: -1 }
}

/** The index in the shared text of a position in the document. */
export function textIndex(doc: Node, position: number): number {
  const { index, start, offset } = placeOf(doc, position)
  return start - index + Math.max(offset, 0)
}

/** The position in the document of an index in the shared text; of the place behind its end, the last position. */
export function docPosition(doc: Node, textIndex: number): number {
  let start = 0
  for (let index = 0; index < doc.childCount; index++) {
    const { nodeSize } = doc.child(index)
    if (textIndex <= start - index + nodeSize - 2) return textIndex + index + 1
    start += nodeSize
  }
  return start - 1
}

/** How long the shared text of a document is, with the last line break. */
export function textLength(doc: Node): number {
  return doc.content.size - doc.childCount
}
