// Changes of the shared text as steps of the editor, the smallest there are: selections, decorations and the cursors
// of others move along with them, and nothing that did not change is drawn again.

import { Fragment, type Node, Slice } from 'prosemirror-model'
import { TextSelection, type Transaction } from 'prosemirror-state'
import { AddMarkStep, AttrStep, RemoveMarkStep, ReplaceStep } from 'prosemirror-transform'
import { type Attributes, blockAttrs, breakAttributes, isSameValue, runAttributes, runMarks } from './attributes.ts'
import { type Delta, isDelete, isInsert, type Op, opLength } from './delta.ts'
import { textLength } from './positions.ts'
import { readLines } from './reading.ts'
import { schema } from './schema.ts'

/**
 * Adds to `transaction` the steps for a change of the shared text. `isImplied`: whether the text had no last line
 * break before the change. Returns whether it has none after it.
 */
export function applyDelta(transaction: Transaction, delta: Delta, isImplied: boolean): boolean {
  let implied = isImplied
  if (!implied && reachesEnd(delta, textLength(transaction.doc))) {
    // The last line break may go, or text come behind it. With an implied one behind it all is as elsewhere.
    const end = transaction.doc.content.size
    transaction.step(new ReplaceStep(end, end, new Slice(Fragment.from(schema.node('block')), 0, 0)))
    implied = true
  }
  const cursor = new Cursor(transaction)
  for (let i = 0; i < delta.length; ) {
    const op = delta[i] as Op
    if (isInsert(op)) {
      let end = i + 1
      while (end < delta.length && isInsert(delta[end] as Op)) end++
      cursor.insert(delta.slice(i, end))
      i = end
      continue
    }
    if (isDelete(op)) cursor.delete(op.delete)
    else if (op.attributes) cursor.format(op.retain, op.attributes)
    else cursor.forward(op.retain)
    i++
  }
  const { doc } = transaction
  if (implied && doc.childCount > 1 && doc.child(doc.childCount - 1).content.size === 0) {
    const size = doc.content.size
    transaction.step(new ReplaceStep(size - 2, size, Slice.empty))
    return false
  }
  return implied
}

/** Whether a change puts something behind a text of `length`, or takes its last line break. */
function reachesEnd(delta: Delta, length: number): boolean {
  let at = 0
  for (const op of delta) {
    if (isInsert(op)) {
      if (at >= length) return true
      continue
    }
    at += opLength(op)
    if (isDelete(op) && at >= length) return true
  }
  return false
}

/** A place that goes forward through a transaction's document, by indexes of the shared text. */
class Cursor {
  readonly #transaction: Transaction
  #block = 0
  #start = 0
  #offset = 0

  constructor(transaction: Transaction) {
    this.#transaction = transaction
  }

  get #node(): Node {
    return this.#transaction.doc.child(this.#block)
  }

  get #position(): number {
    return this.#start + 1 + this.#offset
  }

  forward(length: number): void {
    let rest = length
    while (rest > 0) {
      const left = this.#node.content.size - this.#offset
      if (rest <= left) {
        this.#offset += rest
        return
      }
      rest -= left + 1
      this.#start += this.#node.nodeSize
      this.#block++
      this.#offset = 0
    }
  }

  insert(delta: Delta): void {
    const { blocks, tail } = readLines(delta)
    const node = this.#node
    const inline = Fragment.fromArray(tail)
    if (blocks.length > 0) {
      if (this.#offset === 0) {
        this.#replace(this.#start, this.#start, new Slice(Fragment.from(blocks), 0, 0))
      } else {
        // The new line break ends the first half, the old one the second.
        const second = node.type.create(node.attrs)
        const attrs = (blocks[0] as Node).attrs
        this.#replace(this.#position, this.#position, new Slice(Fragment.from([...blocks, second]), 1, 1))
        this.#setAttrs(this.#start, this.#node.attrs, attrs)
      }
      for (let i = 0; i < blocks.length; i++) this.#start += this.#transaction.doc.child(this.#block++).nodeSize
      this.#offset = 0
    }
    if (inline.size > 0) {
      this.#replace(this.#position, this.#position, new Slice(inline, 0, 0))
      this.#offset += inline.size
    }
  }

  delete(length: number): void {
    const { doc } = this.#transaction
    let [rest, block, start, offset] = [length, this.#block, this.#start, this.#offset]
    for (;;) {
      const left = doc.child(block).content.size - offset
      if (rest <= left) break
      rest -= left + 1
      start += doc.child(block).nodeSize
      block++
      offset = 0
    }
    offset += rest
    if (block > this.#block && this.#offset === 0) {
      // Whole lines go; what is left of the last one stays the line it is.
      this.#replace(this.#start, start, Slice.empty)
      if (offset > 0) this.#replace(this.#position, this.#position + offset, Slice.empty)
      return
    }
    const { attrs } = doc.child(block)
    this.#replace(this.#position, start + 1 + offset, Slice.empty)
    // The line break that stays is the later one.
    if (block > this.#block) this.#setAttrs(this.#start, this.#node.attrs, attrs)
  }

  format(length: number, changes: Attributes): void {
    let rest = length
    while (rest > 0) {
      const node = this.#node
      const end = Math.min(this.#offset + rest, node.content.size)
      if (end > this.#offset) this.#formatRuns(node, end, changes)
      rest -= end - this.#offset
      this.#offset = end
      if (rest > 0) {
        const attributes = applied(breakAttributes(node.attrs), changes)
        this.#setAttrs(this.#start, node.attrs, schema.node('block', blockAttrs(attributes)).attrs)
        this.forward(1)
        rest--
      }
    }
  }

  #formatRuns(block: Node, end: number, changes: Attributes): void {
    const inside = this.#start + 1
    block.nodesBetween(this.#offset, end, (node, at) => {
      const from = inside + Math.max(at, this.#offset)
      const to = inside + Math.min(at + node.nodeSize, end)
      const marks = runMarks(applied(runAttributes(node.marks), changes))
      for (const mark of node.marks) {
        if (!marks.some(({ type }) => type === mark.type)) this.#transaction.step(new RemoveMarkStep(from, to, mark))
      }
      for (const mark of marks) {
        if (!mark.isInSet(node.marks)) this.#transaction.step(new AddMarkStep(from, to, mark))
      }
    })
  }

  #setAttrs(position: number, before: Node['attrs'], after: Node['attrs']): void {
    for (const name in after) {
      if (!isSameValue(before[name], after[name])) this.#transaction.step(new AttrStep(position, name, after[name]))
    }
  }

  #replace(from: number, to: number, slice: Slice): void {
    if (to > from || slice.size > 0) this.#transaction.step(new ReplaceStep(from, to, slice))
  }
}

function applied(attributes: Attributes, changes: Attributes): Attributes {
  return { ...attributes, ...changes }
}

/**
 * Takes the selection along so that what others write at its edges stays outside, and somebody who types goes on
 * behind their own last letter.
 */
export function keepSelection(transaction: Transaction, selection: TextSelection): void {
  const { anchor, head, empty } = selection
  const map = (position: number) =>
    transaction.mapping.map(position, empty || position === selection.to ? -1 : 1)
  let [newAnchor, newHead] = [map(anchor), map(head)]
  // Nothing is left between them.
  if (newAnchor > newHead !== anchor > head) newAnchor = newHead = Math.min(newAnchor, newHead)
  const { doc } = transaction
  transaction.setSelection(TextSelection.between(doc.resolve(newAnchor), doc.resolve(newHead)))
}
