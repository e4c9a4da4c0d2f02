// What stays in sight while the text moves below it: tools and notices above, the state of things below. Where the editor is as
// tall as its text, it is the page around it that moves; where it has a height of its own, its middle does. Either way nothing
// that is written, found or jumped to may end up behind them, so they are measured.

import type { ReactiveController } from 'lit'
import type { EditorHost } from './editor-host.ts'

// Between what is looked for and what lies over the text.
const AIR_PX = 20

/** Measures what lies over the text and tells the style sheets: `--_head`, `--_foot`, and for the outline `--_frame`. */
export class Fit implements ReactiveController {
  readonly #host: EditorHost
  /** How much of the window lies under something, in px. */
  readonly #covered = { top: 0, bottom: 0 }
  #observer: ResizeObserver | null = null

  constructor(host: EditorHost) {
    this.#host = host
    host.addController(this)
  }

  /** How far from the edges of the window ProseMirror keeps the cursor; asked each time. */
  readonly margin = this.#sides(AIR_PX)
  /** How near to them it may come before the text is moved. */
  readonly threshold = this.#sides(0)

  #sides(air: number): Record<'top' | 'bottom' | 'left' | 'right', number> {
    const covered = this.#covered
    return {
      get top() {
        return covered.top + air
      },
      get bottom() {
        return covered.bottom + air
      },
      left: 0,
      right: 0,
    }
  }

  hostUpdated(): void {
    if (this.#observer) return
    this.#observer = new ResizeObserver(() => this.#measure())
    for (const part of ['.frame', '.head', 'plenary-status']) {
      const element = this.#part(part)
      if (element) this.#observer.observe(element)
    }
  }

  hostDisconnected(): void {
    this.#observer?.disconnect()
    this.#observer = null
  }

  #part(selector: string): HTMLElement | null {
    return this.#host.renderRoot.querySelector<HTMLElement>(selector)
  }

  #measure(): void {
    const height = (selector: string) => Math.round(this.#part(selector)?.getBoundingClientRect().height ?? 0)
    const [top, bottom] = [height('.head'), height('plenary-status')]
    // A change here makes all of the text be styled anew: only when it is one.
    if (top !== this.#covered.top) this.#host.style.setProperty('--_head', `${top}px`)
    if (bottom !== this.#covered.bottom) this.#host.style.setProperty('--_foot', `${bottom}px`)
    Object.assign(this.#covered, { top, bottom })
    this.#part('plenary-sidebar')?.style.setProperty('--_frame', `${height('.frame')}px`)
  }
}
