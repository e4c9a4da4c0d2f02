// What is owed: which changes the server has said to be on its disk. "Saved" is only ever the answer to the last mark
// (docs/protocol.md, "What saved means"): state vectors cannot tell, because deleting text does not move them.

/** A step 2 holds everything the server lacked, an update one batch of typing. */
export type SentKind = 'step-2' | 'update'

interface Mark {
  mark: number
  /** The changes made when it was sent; all of them had been sent before it. */
  changes: number
  /** The sync frames sent before it, and the last step 2 among them. */
  frames: number
  lastStep2: number
}

/**
 * Counts the changes of one document over all its lines. Frames are numbered through; the server counts those of one
 * line since hello, from 1.
 */
export class Ledger {
  #changes = 0
  #acknowledged = 0
  #frames = 0
  /** Frames sent on earlier lines. */
  #before = 0
  #lastStep2 = 0
  #marks = 0
  /** Sent on this line and not answered yet. */
  #open: Mark[] = []
  #unanswered = new Map<number, { kind: SentKind, update: Uint8Array }>()
  #refusedFrame: number | null = null

  /** There are changes that no answer to a mark has covered. */
  get hasUnacknowledged(): boolean {
    return this.#acknowledged < this.#changes
  }

  /** The server refused a frame, and has not taken a step 2 since, which would have held the same. */
  get isRefused(): boolean {
    return this.#refusedFrame !== null
  }

  /** There is a change that the server is not known to have. */
  change(): void {
    this.#changes += 1
  }

  /** A line begins (hello): what was sent on earlier ones will not be answered. */
  begin(): void {
    this.#before = this.#frames
    this.#open = []
    this.#unanswered.clear()
  }

  /** A sync frame goes out; its bytes are kept until it is answered. */
  send(kind: SentKind, update: Uint8Array): void {
    this.#frames += 1
    if (kind === 'step-2') this.#lastStep2 = this.#frames
    this.#unanswered.set(this.#frames, { kind, update })
  }

  /** A sync frame was not even sent, for the server would not take it. */
  withhold(): void {
    this.#refusedFrame = this.#frames
  }

  /** A mark goes out, behind everything that has changed. Returns its number. */
  mark(): number {
    this.#marks += 1
    this.#open.push({
      mark: this.#marks,
      changes: this.#changes,
      frames: this.#frames,
      lastStep2: this.#lastStep2,
    })
    return this.#marks
  }

  /**
   * All before a mark is on disk, but what was refused. Whether this says that all up to it is: not while a refused
   * frame has no step 2 after it.
   */
  durable(mark: number): boolean {
    const answered = this.#open.findLast(open => open.mark <= mark)
    if (answered === undefined) return false
    this.#open = this.#open.filter(open => open.mark > answered.mark)
    for (const frame of this.#unanswered.keys()) if (frame <= answered.frames) this.#unanswered.delete(frame)
    if (this.#refusedFrame !== null) {
      if (answered.lastStep2 <= this.#refusedFrame) return false
      this.#refusedFrame = null
    }
    this.#acknowledged = Math.max(this.#acknowledged, answered.changes)
    return true
  }

  /** The server took the `ordinal`th sync frame of this line, without a word on whether it is on disk. */
  settle(ordinal: number): void {
    this.#unanswered.delete(this.#before + ordinal)
  }

  /** The server refused the `ordinal`th sync frame of this line. Returns what it was, or `null` if there is none. */
  refuse(ordinal: number): { kind: SentKind, update: Uint8Array } | null {
    const frame = this.#before + ordinal
    const refused = this.#unanswered.get(frame)
    if (refused === undefined) return null
    this.#unanswered.delete(frame)
    this.#refusedFrame = Math.max(this.#refusedFrame ?? 0, frame)
    return refused
  }
}
