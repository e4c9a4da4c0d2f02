// Keeps the words under the text from flickering while somebody types. Each key is written on this device within
// milliseconds and saved at the server soon after; told as it happens, the words would change twice with every key.
//
// What is shown may lag behind by a moment, in three ways and no other. None of them calls anything saved that is not,
// and what worries is shown at once. Programs are told each state as it is (`plenary-save-state`), and the question before
// a page is left rests on that.

import type { Status } from '@plenary/editor'
import type { SaveState } from '@plenary/provider'

/** A write on this device that takes no longer needs no words of its own: nobody could read them. */
export const WRITE_CALM_MS = 300
/** "Saved" stays away for so long after the last "Saving…", so that it comes when the person pauses. */
export const SAVED_CALM_MS = 500

/** How long to go on showing `shown` when `next` has become true; 0 for what is to be seen at once. */
function lag(shown: Situation, next: Situation): number {
  const wasSaving = shown.state === 'saving' && shown.pending
  const isSaving = next.state === 'saving' && next.pending
  if (wasSaving && next.state === 'saved') return SAVED_CALM_MS
  // From key to key without a line; and with the first key after the line was lost.
  if (shown.state === 'on-this-device' && isSaving) return WRITE_CALM_MS
  if (shown.state === 'saved' && shown.isAway && isSaving) return WRITE_CALM_MS
  return 0
}

/** What is said, and what it rests on. */
export interface Situation {
  status: Status
  state: SaveState
  /** There are changes the server has not confirmed. */
  pending: boolean
  /** There has been no line for long enough to speak of it. */
  isAway: boolean
}

/** See the top of this file. */
export class SteadyStatus {
  readonly #show: (status: Status) => void
  #shown: Situation | null = null
  #next: Situation | null = null
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `show` is called with what is to be seen, only when that is something else. */
  constructor(show: (status: Status) => void) {
    this.#show = show
  }

  /** Things stand so now. */
  say(next: Situation): void {
    const before = this.#next ?? this.#shown
    if (before?.state === next.state && before.pending === next.pending && before.status.words === next.status.words) {
      // Nothing new; what waits goes on waiting.
      if (this.#next) this.#next = next
      else this.#settle(next)
      return
    }
    const wait = this.#shown ? lag(this.#shown, next) : 0
    if (wait === 0) return this.#settle(next)
    this.#next = next
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#next && this.#settle(this.#next), wait)
  }

  /** Another text: nothing of it is known yet. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#shown = this.#next = null
  }

  #settle(next: Situation): void {
    clearTimeout(this.#timer)
    const { status } = next
    const isSame = this.#shown?.status.words === status.words && this.#shown.status.tone === status.tone
    this.#shown = next
    this.#next = null
    if (!isSame) this.#show(status)
  }
}
