// When others' words come in: not between a key and the frame that shows it, and those of all who write together.
//
// On a slow machine each change of the text costs as much as a key. Taken as they come, they are what somebody who types
// waits for; taken right behind the frame that shows a key, they are done before the next one.

// Who has not touched a key for so long is not typing.
const PAUSE_MS = 300
// However many write: each time costs a frame.
const APART_MS = 100
const APART_WHILE_TYPING_MS = 250

/** Finds the moments at which what is done to the text keeps nobody waiting who writes in it. */
export class Pace {
  #waiting: (() => void)[] = []
  #keyAt = -Infinity
  #calmAt = -Infinity
  #timer = 0
  #frame = 0

  /** `host`: what holds the text; for as long as there is one. */
  constructor(host: HTMLElement) {
    for (const name of ['keydown', 'beforeinput']) host.addEventListener(name, this.#onKey, { capture: true, passive: true })
  }

  /** Calls `run` once, at the next such moment. */
  readonly whenCalm = (run: () => void): void => {
    this.#waiting.push(run)
    if (!this.#timer) this.#wait()
  }

  #wait(): void {
    const calmAt = Math.max(this.#keyAt + PAUSE_MS, this.#calmAt + APART_MS)
    this.#timer = window.setTimeout(() => {
      this.#timer = 0
      // Keys since then: it is looked again, rather than set anew with each of them.
      if (Math.max(this.#keyAt + PAUSE_MS, this.#calmAt + APART_MS) > performance.now()) this.#wait()
      else this.#calm()
    }, Math.max(0, calmAt - performance.now()))
  }

  readonly #onKey = (): void => {
    const now = performance.now()
    this.#keyAt = now
    if (this.#waiting.length === 0 || this.#frame || now - this.#calmAt < APART_WHILE_TYPING_MS) return
    // A frame's timers come after it.
    this.#frame = requestAnimationFrame(() => {
      setTimeout(() => {
        this.#frame = 0
        this.#calm()
      })
    })
  }

  #calm(): void {
    if (this.#waiting.length === 0) return
    clearTimeout(this.#timer)
    this.#timer = 0
    this.#calmAt = performance.now()
    for (const run of this.#waiting.splice(0)) run()
  }
}
