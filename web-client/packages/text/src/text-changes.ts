// What an editor's document did, done to its shared text.

import type * as Y from 'yjs'
import type { Node } from 'prosemirror-model'
import type { Lag } from './lag.ts'
import type { TextChanges } from './writing.ts'

// With `u`, only those that no other half belongs to.
const HALF_LETTERS = /\p{Surrogate}/gu

/** Writes changes of a document into its shared text. Indexes are those of the document. */
export class Changes implements TextChanges {
  readonly #text: Y.Text
  readonly #lag: Lag | null
  #length: number
  implied: boolean
  /** The shared text could not say exactly what the document did, so the document has to be read anew. */
  isInexact = false

  constructor(text: Y.Text, lag: Lag | null, length: number, implied: boolean) {
    this.#text = text
    this.#lag = lag
    this.#length = length
    this.implied = implied
  }

  inexact(): void {
    this.isInexact = true
  }

  isImplied(index: number): boolean {
    return this.implied && index === this.#length - 1
  }

  insert(index: number, content: unknown, attributes: Record<string, unknown>): void {
    if (this.implied && index >= this.#length) this.#writeImplied()
    if (content === undefined) throw new Error('a shared type cannot be put into a text again')
    const text = typeof content === 'string' ? content.replace(HALF_LETTERS, '\ufffd') : undefined
    // A line break within a piece of text is one all the same, and half a letter cannot be sent.
    if (text !== content && text !== undefined) this.isInexact = true
    if (text !== '\n' && text?.includes('\n')) this.isInexact = true
    const length = text?.length ?? 1
    const at = this.#lag?.insert(index, length) ?? index
    if (text !== undefined) this.#text.insert(at, text, attributes)
    else this.#text.insertEmbed(at, content as object, attributes)
    this.#length += length
  }

  delete(index: number, length: number): void {
    if (this.implied && index + length >= this.#length) this.#writeImplied()
    for (const stretch of this.#lag?.delete(index, length) ?? [{ index, length }]) {
      this.#text.delete(stretch.index, stretch.length)
    }
    this.#length -= length
  }

  format(index: number, length: number, changes: Record<string, unknown>): void {
    if (this.implied && index + length >= this.#length) this.#writeImplied()
    for (const stretch of this.#lag?.format(index, length, changes) ?? [{ index, length }]) {
      this.#text.format(stretch.index, stretch.length, { ...changes })
    }
  }

  /** An empty last line has to be ended, or it would not be there. */
  endStep(doc: Node): void {
    if (this.implied && doc.childCount > 1 && doc.lastChild?.content.size === 0) this.#writeImplied()
  }

  #writeImplied(): void {
    const index = this.#length - 1
    this.#text.insert(this.#lag?.insert(index, 1) ?? index, '\n', {})
    this.#lag?.delete(index + 1, 1)
    this.implied = false
  }
}
