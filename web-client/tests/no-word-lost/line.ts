// A line to a real server: the y-websocket dialect with marks, so that one knows when something is on disk.

import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import * as Y from 'yjs'

const SYNC = 0
const PLENARY = 110
const [STEP_1, STEP_2, UPDATE] = [0, 1, 2]
const [HELLO, MARK, DURABLE, REFUSED] = [0, 2, 3, 4]
const PATIENCE_MS = 30_000

/** Keeps one document in step with the server while it is open; what is written before goes out when it opens. */
export class Line {
  readonly #doc: Y.Doc
  readonly #socket: WebSocket
  #marks = 0
  readonly #waiting = new Map<number, () => void>()
  #onStep2: (() => void) | undefined
  #fail: (error: Error) => void = () => {}
  readonly #failed: Promise<never>

  private constructor(url: string, doc: Y.Doc) {
    this.#doc = doc
    this.#failed = new Promise((_, reject) => (this.#fail = reject))
    this.#failed.catch(() => {})
    this.#socket = new WebSocket(url, { perMessageDeflate: false })
    this.#socket.binaryType = 'arraybuffer'
    this.#socket.on('message', (data: ArrayBuffer) => this.#read(new Uint8Array(data)))
    this.#socket.on('error', error => this.#fail(error))
    this.#socket.on('close', (code, reason) => this.#fail(new Error(`closed: ${code} ${reason.toString()}`)))
    doc.on('update', this.#onUpdate)
  }

  /** Opens a line and exchanges all that either side has; resolves when the server has it on disk. */
  static async open(url: string, doc: Y.Doc): Promise<Line> {
    const line = new Line(url, doc)
    await line.#within(new Promise<void>(resolve => line.#socket.once('open', () => resolve())))
    line.#send(PLENARY, encoder => {
      encoding.writeVarUint(encoder, HELLO)
      encoding.writeVarUint(encoder, 1)
    })
    await line.fetch()
    await line.saved()
    return line
  }

  /** Asks for what the server has, and resolves when it is here. */
  async fetch(): Promise<void> {
    const done = new Promise<void>(resolve => (this.#onStep2 = resolve))
    this.#sync(STEP_1, Y.encodeStateVector(this.#doc))
    await this.#within(done)
  }

  /** Resolves when all that has been sent is on disk. */
  async saved(): Promise<void> {
    const mark = ++this.#marks
    const done = new Promise<void>(resolve => this.#waiting.set(mark, resolve))
    this.#send(PLENARY, encoder => {
      encoding.writeVarUint(encoder, MARK)
      encoding.writeVarUint(encoder, mark)
    })
    await this.#within(done)
  }

  close(): void {
    this.#doc.off('update', this.#onUpdate)
    this.#socket.terminate()
  }

  async #within<T>(promise: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('the server does not answer')), PATIENCE_MS)
    })
    try {
      return await Promise.race([promise, late, this.#failed])
    } finally {
      clearTimeout(timer)
    }
  }

  #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this && this.#socket.readyState === WebSocket.OPEN) this.#sync(UPDATE, update)
  }

  #sync(step: number, bytes: Uint8Array): void {
    this.#send(SYNC, encoder => {
      encoding.writeVarUint(encoder, step)
      encoding.writeVarUint8Array(encoder, bytes)
    })
  }

  #send(type: number, write: (encoder: encoding.Encoder) => void): void {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, type)
    write(encoder)
    this.#socket.send(encoding.toUint8Array(encoder))
  }

  #read(frame: Uint8Array): void {
    const decoder = decoding.createDecoder(frame)
    const type = decoding.readVarUint(decoder)
    if (type === SYNC) {
      const step = decoding.readVarUint(decoder)
      const bytes = decoding.readVarUint8Array(decoder)
      if (step === STEP_1) return this.#sync(STEP_2, Y.encodeStateAsUpdate(this.#doc, bytes))
      try {
        Y.applyUpdate(this.#doc, bytes, this)
      } catch (error) {
        this.#fail(error as Error)
        return
      }
      if (step === STEP_2) this.#onStep2?.()
    } else if (type === PLENARY) {
      const subType = decoding.readVarUint(decoder)
      const number = decoding.readVarUint(decoder)
      if (subType === DURABLE) {
        for (const [mark, done] of this.#waiting) {
          if (mark > number) continue
          this.#waiting.delete(mark)
          done()
        }
      } else if (subType === REFUSED) {
        decoding.readVarUint(decoder)
        this.#fail(new Error(`refused: ${decoding.readVarString(decoder)}`))
      }
    }
  }
}
