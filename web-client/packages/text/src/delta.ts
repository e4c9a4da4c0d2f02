// Changes of a shared text in the Quill delta format.

import type { Attributes } from './attributes.ts'

/** One part of a change. Lengths are in UTF-16 units; an embed counts one. */
export type Op =
  | { readonly insert: unknown; readonly attributes?: Attributes }
  | { readonly retain: number; readonly attributes?: Attributes }
  | { readonly delete: number }

/** A change of a text, or a whole text as one change of nothing. */
export type Delta = readonly Op[]

export const isInsert = (op: Op): op is Extract<Op, { insert: unknown }> => 'insert' in op
export const isDelete = (op: Op): op is Extract<Op, { delete: number }> => 'delete' in op

/** How much of the text after the change, or for a deletion before it, a part covers. */
export function opLength(op: Op): number {
  if (isInsert(op)) return typeof op.insert === 'string' ? op.insert.length : 1
  return isDelete(op) ? op.delete : op.retain
}

/** The part of `op` from `start`, at most `length` long. */
export function sliceOp(op: Op, start: number, length: number): Op {
  const attributes = 'attributes' in op && op.attributes ? { attributes: op.attributes } : {}
  if (isInsert(op)) {
    return typeof op.insert === 'string' ? { insert: op.insert.slice(start, start + length), ...attributes } : op
  }
  const rest = Math.min(length, opLength(op) - start)
  return isDelete(op) ? { delete: rest } : { retain: rest, ...attributes }
}

/** The parts of a delta from `start` to `end`. */
export function sliceDelta(delta: Delta, start: number, end: number): Op[] {
  const parts: Op[] = []
  let at = 0
  for (const op of delta) {
    const [from, to] = [Math.max(start - at, 0), Math.min(end - at, opLength(op))]
    if (to > from) parts.push(sliceOp(op, from, to - from))
    at += opLength(op)
  }
  return parts
}

/** Reads the parts of a delta in pieces of any length; after its end there is nothing but what is retained. */
class OpReader {
  readonly #ops: Delta
  #index = 0
  #offset = 0

  constructor(ops: Delta) {
    this.#ops = ops
  }

  get op(): Op | undefined {
    return this.#ops[this.#index]
  }

  get rest(): number {
    return this.op ? opLength(this.op) - this.#offset : Infinity
  }

  next(length: number = this.rest): Op {
    const op = this.op
    if (!op) return { retain: length }
    const piece = sliceOp(op, this.#offset, length)
    this.#offset += length
    if (this.#offset >= opLength(op)) {
      this.#index++
      this.#offset = 0
    }
    return piece
  }
}

/** One change for two that follow each other. */
export function compose(first: Delta, second: Delta): Op[] {
  const [a, b] = [new OpReader(first), new OpReader(second)]
  const result: Op[] = []
  while (a.op || b.op) {
    if (b.op && isInsert(b.op)) result.push(b.next())
    else if (a.op && isDelete(a.op)) result.push(a.next())
    else {
      const length = Math.min(a.rest, b.rest)
      const [before, change] = [a.next(length), b.next(length)]
      if (isDelete(change)) {
        if (!isInsert(before)) result.push(change)
      } else {
        const attributes = merged(before, change)
        const part = isInsert(before) ? { insert: before.insert } : { retain: length }
        result.push(attributes ? { ...part, attributes } : part)
      }
    }
  }
  return result
}

function merged(before: Op, change: Op): Attributes | undefined {
  const [a, b] = [before, change].map(op => ('attributes' in op ? op.attributes : undefined))
  if (!b) return a
  const attributes: Record<string, unknown> = { ...a, ...b }
  // What is inserted has no attribute to remove; what is retained may have one.
  if (isInsert(before)) for (const name in b) if (b[name] === null) delete attributes[name]
  return Object.keys(attributes).length > 0 ? attributes : undefined
}
