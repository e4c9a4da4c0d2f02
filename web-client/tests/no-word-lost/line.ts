// A line to a real server by our own provider, as a page has it: it goes offline and returns, and what was written meanwhile is
// exchanged then. "On disk" is the provider's word, which is what people are told.

import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { type DocumentStore, PlenaryProvider, type ProviderOptions } from '../../packages/provider/src/index.ts'

const PATIENCE_MS = 30_000

/** One author's document and its provider, which is away until it comes. */
export class Line {
  readonly doc: Y.Doc
  readonly #provider: PlenaryProvider
  #problem: Error | null = null
  #look: () => void = () => {}

  /** `store`: where the document is kept while its page is closed. */
  constructor(server: string, document: string, token: string, doc: Y.Doc, store: DocumentStore | null = null) {
    this.doc = doc
    this.#provider = new PlenaryProvider({
      server, document, token, doc, store, awareness: null, connect: false,
      // Node before version 22 has none of its own.
      WebSocket: WebSocket as unknown as NonNullable<ProviderOptions['WebSocket']>,
    })
    // Nothing of this may happen: everybody may write, and what they write is sound.
    this.#provider.on('refused', ({ code, reason }) => this.#fail(`refused: ${code} ${reason}`))
    this.#provider.on('denied', ({ reason }) => this.#fail(`denied: ${reason}`))
    this.#provider.on('draft', ({ text }) => this.#fail(`set aside: ${text}`))
    this.#provider.on('save-state', () => this.#look())
    this.#provider.on('sync', () => this.#look())
    doc.on('update', this.#updated)
  }

  /** Goes online. What was written before is sent, and what others wrote comes. */
  come(): void {
    this.#provider.connect()
  }

  /** Goes offline: the socket is closed. */
  leave(): void {
    this.#provider.disconnect()
  }

  /** Resolves when what was kept is in the document. */
  get loaded(): Promise<void> {
    return this.#provider.whenLoaded
  }

  /** Resolves when people are told that their words outlive the page: on this device, if not at the server. */
  async kept(): Promise<void> {
    await this.#until('kept', [this], () => ['saved', 'on-this-device'].includes(this.#provider.saveState))
  }

  destroy(): void {
    this.doc.off('update', this.#updated)
    this.#provider.destroy()
  }

  /** Resolves when all that any of them has is on disk and with the others. */
  static async settle(lines: readonly Line[]): Promise<void> {
    const [first] = lines
    if (first) await first.#until('settled', lines, () => Line.#areSettled(lines))
  }

  async #until(what: string, lines: readonly Line[], isSo: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        const states = lines.map(line => `${line.#provider.saveState} ${line.#provider.status}`)
        reject(new Error(`not ${what} after ${PATIENCE_MS} ms: ${states.join(', ')}`))
      }, PATIENCE_MS)
      const look = (): void => {
        const problem = lines.map(line => line.#problem).find(Boolean)
        if (!problem && !isSo()) return
        clearTimeout(timer)
        for (const line of lines) line.#look = () => {}
        if (problem) reject(problem)
        else resolve()
      }
      for (const line of lines) line.#look = look
      look()
    })
  }

  static #areSettled(lines: readonly Line[]): boolean {
    if (lines.some(line => !line.#isSaved)) return false
    const [first, ...others] = lines.map(({ doc }) => Y.snapshot(doc))
    return others.every(other => Y.equalSnapshots(first as Y.Snapshot, other))
  }

  get #isSaved(): boolean {
    return this.#provider.synced && this.#provider.saveState === 'saved'
  }

  #updated = (): void => this.#look()

  #fail(why: string): void {
    this.#problem ??= new Error(why)
    this.#look()
  }
}
