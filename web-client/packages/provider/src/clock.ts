// Time, handed in, so that tests decide how much of it passes.

/** Where time and timers come from. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number
  setTimeout(run: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, delayMs) => setTimeout(run, delayMs),
  clearTimeout: handle => clearTimeout(handle as number),
}

/** One thing that is due at some time, or not at all. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #handle: unknown = null
  #at: number | null = null

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** When it rings; `null` while it does not. */
  get at(): number | null {
    return this.#at
  }

  /** Sets it to another time, or off. */
  set(at: number | null): void {
    if (at === this.#at) return
    if (this.#at !== null) this.#clock.clearTimeout(this.#handle)
    this.#at = at
    if (at === null) return
    this.#handle = this.#clock.setTimeout(() => {
      this.#at = null
      this.#ring()
    }, Math.max(0, at - this.#clock.now()))
  }

  /** Rings no later than `at`. */
  setBy(at: number): void {
    if (this.#at === null || this.#at > at) this.set(at)
  }
}
