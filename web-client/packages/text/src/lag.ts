// How far the editor's document is behind the shared text.
//
// While somebody composes a letter from several keys, changes of others to that line wait. What is typed
// meanwhile still goes out at once, so its places have to be found in a text that is already further.

import type { Attributes } from './attributes.ts'
import { compose, type Delta, isDelete, isInsert, type Op, opLength, sliceOp } from './delta.ts'

/** A stretch of the shared text. */
export interface Stretch {
  readonly index: number
  readonly length: number
}

/** Changes of the shared text that the document does not show yet; indexes of the document go in. */
export class Lag {
  #ops: Op[]

  constructor(delta: Delta) {
    this.#ops = [...delta]
  }

  /** The change that makes the document what the shared text is. */
  get delta(): Delta {
    return this.#ops
  }

  /** The shared text changed once more. */
  add(delta: Delta): void {
    this.#ops = compose(this.#ops, delta)
  }

  /** Where `index` of the document is in the shared text; before what others wrote in the same place. */
  indexOf(index: number): number {
    return this.#indexOfOp(this.#cut(index))
  }

  /** Where `index` of the shared text is in the document, or would be. */
  documentIndexOf(index: number): number {
    let [there, here] = [0, 0]
    for (const op of this.#ops) {
      if (isDelete(op)) {
        here += op.delete
        continue
      }
      const length = opLength(op)
      if (there + length >= index) return isInsert(op) ? here : here + index - there
      there += length
      if (!isInsert(op)) here += length
    }
    return here + index - there
  }

  /** The document gets `length` more at `index`. Returns the place in the shared text. */
  insert(index: number, length: number): number {
    const at = this.#cut(index)
    this.#ops.splice(at, 0, { retain: length })
    return this.#indexOfOp(at)
  }

  /** The document loses a stretch. Returns what of it is still there in the shared text, the last first. */
  delete(index: number, length: number): Stretch[] {
    return this.#each(index, length, () => undefined)
  }

  /** The document changes attributes. Returns where in the shared text to do the same, the last first. */
  format(index: number, length: number, changes: Attributes): Stretch[] {
    return this.#each(index, length, op => {
      const later = 'attributes' in op && op.attributes
      if (!later) return op
      const attributes = Object.fromEntries(Object.entries(later).filter(([name]) => !(name in changes)))
      return { retain: op.retain, ...(Object.keys(attributes).length > 0 ? { attributes } : {}) }
    })
  }

  /** Calls `change` for what the shared text has retained of a stretch; `undefined` takes it out of the change. */
  #each(
    index: number,
    length: number,
    change: (op: Extract<Op, { retain: number }>) => Op | undefined,
  ): Stretch[] {
    const start = this.#cut(index)
    const end = this.#cut(index + length)
    const stretches: Stretch[] = []
    const kept: Op[] = []
    let at = this.#indexOfOp(start)
    for (const op of this.#ops.slice(start, end)) {
      if (isInsert(op)) {
        kept.push(op)
        at += opLength(op)
      } else if (isDelete(op)) {
        if (change({ retain: 0 })) kept.push(op)
      } else {
        stretches.unshift({ index: at, length: op.retain })
        const changed = change(op)
        if (changed) kept.push(changed)
        at += op.retain
      }
    }
    this.#ops.splice(start, end - start, ...kept)
    return stretches
  }

  /** Cuts the change at an index of the document. Returns the first part there, insertions included. */
  #cut(index: number): number {
    let at = 0
    for (let i = 0; i < this.#ops.length; i++) {
      const op = this.#ops[i] as Op
      if (at === index) return i
      if (isInsert(op)) continue
      const length = opLength(op)
      if (at + length > index) {
        this.#ops.splice(i, 1, sliceOp(op, 0, index - at), sliceOp(op, index - at, length))
        return i + 1
      }
      at += length
    }
    if (at < index) this.#ops.push({ retain: index - at })
    return this.#ops.length
  }

  #indexOfOp(count: number): number {
    return this.#ops.slice(0, count).reduce((sum, op) => (isDelete(op) ? sum : sum + opLength(op)), 0)
  }
}
