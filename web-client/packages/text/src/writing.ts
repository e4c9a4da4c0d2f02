// Steps of the editor as exact changes of the shared text.
//
// A step says what it replaces where, so nothing is compared and nothing is guessed. What is replaced are letters,
// embeds, and line breaks: the end of a block is a line break with the block's attributes, its start is nothing.

import type { Node } from 'prosemirror-model'
import type { Step } from 'prosemirror-transform'
import { attributeChanges, type Attributes, breakAttributes, isSameValue, runAttributes } from './attributes.ts'
import { placeOf, textIndex } from './positions.ts'
import { nodeEmbed } from './reading.ts'

/** Takes the changes, one after the other; indexes are those after the changes before. */
export interface TextChanges {
  insert(index: number, content: unknown, attributes: Record<string, unknown>): void
  delete(index: number, length: number): void
  format(index: number, length: number, changes: Record<string, unknown>): void
  /** What is written differs from what the document did: it asked for what a text cannot say. */
  inexact(): void
  /** Whether the line break at `index` is only implied: the text ends without one. */
  isImplied(index: number): boolean
}

interface Piece {
  readonly content: unknown
  readonly attributes: Record<string, unknown>
}

interface Range {
  readonly oldStart: number
  readonly oldEnd: number
  readonly newStart: number
  readonly newEnd: number
}

/** Writes what `step` did to `before`, of which it made `after`. */
export function writeStep(step: Step, before: Node, after: Node, text: TextChanges): void {
  const ranges: Range[] = []
  step.getMap().forEach((oldStart, oldEnd, newStart, newEnd) => {
    ranges.push({ oldStart, oldEnd, newStart, newEnd })
  })
  // Marks and attributes move nothing.
  if (ranges.length === 0) return writeInPlace(before, after, text)
  // From the end, so that the indexes of what is still to do stay right.
  for (let i = ranges.length - 1; i >= 0; i--) {
    writeRange(before, after, ranges[i] as Range, ranges[i + 1]?.oldStart ?? Infinity, text)
  }
}

function writeRange(before: Node, after: Node, exact: Range, nextStart: number, text: TextChanges): void {
  const range = wholeLetters(before, exact)
  const start = placeOf(before, range.oldStart)
  const end = placeOf(before, range.oldEnd)
  const from = textIndex(before, range.oldStart)
  let to = textIndex(before, range.oldEnd)
  const pieces = piecesBetween(after, range.newStart, range.newEnd)

  if (end.offset < 0) {
    // The last line break that goes and the last that comes are one that stays: its line is still that line.
    const last = pieces.at(-1)
    if (last?.content === '\n' && to > from) {
      const changes = attributeChanges(breakAttributes(before.child(end.index - 1).attrs), last.attributes)
      if (changes) text.format(to - 1, 1, changes)
      pieces.pop()
      to--
    }
  } else {
    // The line break behind the range stays. Whose it is may have changed.
    const block = before.child(end.index)
    const rest = block.content.size - end.offset
    const own = breakAttributes(block.attrs)
    const becomes = breakAttributes(after.child(placeOf(after, range.newEnd).index).attrs)
    const first = pieces.findIndex(piece => piece.content === '\n')
    if (rest === 0 && first >= 0 && start.index === end.index && start.offset >= 0 && !text.isImplied(to)) {
      // Lines are added at the end of one. The line break that is there goes on ending that line, and what
      // comes is put behind it: so a co-author who at this moment changes what the line is changes this line,
      // and one who types at its end types in it.
      insertPieces(text, to + 1, [...pieces.slice(first + 1), { content: '\n', attributes: becomes }])
      const changes = attributeChanges(own, (pieces[first] as Piece).attributes)
      if (changes) text.format(to, 1, changes)
      pieces.length = first
    } else if (range.oldEnd + rest < nextStart) {
      const changes = attributeChanges(own, becomes)
      if (changes) text.format(to + rest, 1, changes)
    }
  }

  if (to > from) text.delete(from, to - from)
  insertPieces(text, from, pieces)
}

/** Yjs spoils a letter of two units that is cut in half, so such a letter is replaced as a whole. */
function wholeLetters(doc: Node, { oldStart, oldEnd, newStart, newEnd }: Range): Range {
  const cuts = (position: number) => {
    const { index, offset } = placeOf(doc, position)
    return offset >= 1 && cutsLetter(doc.child(index), offset) ? 1 : 0
  }
  const [more, after] = [cuts(oldStart), cuts(oldEnd)]
  return { oldStart: oldStart - more, newStart: newStart - more, oldEnd: oldEnd + after, newEnd: newEnd + after }
}

/** Whether the place `offset` of a block is between the two units of a letter. */
function cutsLetter(block: Node, offset: number): boolean {
  if (offset < 1 || offset >= block.content.size) return false
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(block.textBetween(offset - 1, offset + 1))
}

function insertPieces(text: TextChanges, index: number, pieces: readonly Piece[]): void {
  let at = index
  for (const { content, attributes } of pieces) {
    text.insert(at, content, attributes)
    at += typeof content === 'string' ? content.length : 1
  }
}

/** What stands between two positions of a document, each line break a piece of its own. */
function piecesBetween(doc: Node, from: number, to: number): Piece[] {
  const pieces: Piece[] = []
  if (to <= from) return pieces
  let { index, start } = placeOf(doc, from)
  for (; index < doc.childCount && start < to; index++) {
    const block = doc.child(index)
    const inside = start + 1
    const end = inside + block.content.size
    block.nodesBetween(Math.max(0, from - inside), Math.min(block.content.size, to - inside), (node, at) => {
      const skip = Math.max(0, from - inside - at)
      pieces.push(pieceOf(node, skip, Math.min(node.nodeSize, to - inside - at)))
    })
    if (from <= end && to > end) pieces.push({ content: '\n', attributes: breakAttributes(block.attrs) })
    start = end + 1
  }
  return pieces
}

function pieceOf(node: Node, start = 0, end = node.nodeSize): Piece {
  return {
    content: node.isText ? (node.text as string).slice(start, end) : nodeEmbed(node),
    attributes: runAttributes(node.marks),
  }
}

/** Writes the differences of two documents in which everything stands at the same place. */
function writeInPlace(before: Node, after: Node, text: TextChanges): void {
  for (let index = 0, start = 0; index < after.childCount; index++) {
    const [old, block] = [before.child(index), after.child(index)]
    if (old !== block) {
      if (old.content !== block.content) writeContentInPlace(old, block, start, text)
      const changes = attributeChanges(breakAttributes(old.attrs), breakAttributes(block.attrs))
      if (changes) text.format(start + block.content.size, 1, changes)
    }
    start += block.content.size + 1
  }
}

function writeContentInPlace(before: Node, after: Node, start: number, text: TextChanges): void {
  let pending: { from: number; to: number; changes: Attributes } | undefined
  const flush = () => {
    if (pending) {
      // A letter of two units has the attributes as a whole.
      const [from, to] = [
        cutsLetter(before, pending.from) ? pending.from - 1 : pending.from,
        cutsLetter(before, pending.to) ? pending.to + 1 : pending.to,
      ]
      if (to - from > pending.to - pending.from) text.inexact()
      text.format(start + from, to - from, { ...pending.changes })
    }
    pending = undefined
  }
  let [i, j, at] = [0, 0, 0]
  let [oldEnd, newEnd] = [before.maybeChild(0)?.nodeSize ?? 0, after.maybeChild(0)?.nodeSize ?? 0]
  while (i < before.childCount && j < after.childCount) {
    const [old, node] = [before.child(i), after.child(j)]
    const end = Math.min(oldEnd, newEnd)
    if (old !== node) {
      const [was, is] = [
        pieceOf(old, at - (oldEnd - old.nodeSize), end - (oldEnd - old.nodeSize)),
        pieceOf(node, at - (newEnd - node.nodeSize), end - (newEnd - node.nodeSize)),
      ]
      if (!isSameValue(was.content, is.content)) {
        flush()
        text.delete(start + at, end - at)
        insertPieces(text, start + at, [is])
      } else {
        const changes = attributeChanges(was.attributes, is.attributes)
        if (changes && pending?.to === at && isSameValue(pending.changes, changes)) pending.to = end
        else if (changes) {
          flush()
          pending = { from: at, to: end, changes }
        }
      }
    }
    at = end
    if (end === oldEnd) oldEnd += before.maybeChild(++i)?.nodeSize ?? 0
    if (end === newEnd) newEnd += after.maybeChild(++j)?.nodeSize ?? 0
  }
  flush()
}
