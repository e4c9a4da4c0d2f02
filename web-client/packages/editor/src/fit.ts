// What stays in sight while the text moves below it: tools and notices above, the state of things below. Where the editor is as
// tall as its text, it is the page around it that moves; where it has a height of its own, its middle does. Either way nothing
// that is written, found or jumped to may end up behind them, so they are measured.

import type { ReactiveController } from 'lit'
import type { EditorHost } from './editor-host.ts'

// Between what is looked for and what lies over the text.
const AIR_PX = 20
// Lines that come into sight take their true room only then, which moves what stands below them. So often it is looked again.
const FRAMES_TO_SETTLE = 3

/**
 * Measures what lies over the text, scrolls by it, and tells the outline, which stands between: `--_head`, `--_foot`, `--_frame`.
 * The text must not hear of it in that way: all of it would be styled anew.
 */
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
    const parts = new Map<Element, 'head' | 'foot' | 'frame'>()
    const heights = { head: 0, foot: 0, frame: 0 }
    this.#observer = new ResizeObserver(entries => {
      for (const { target, borderBoxSize } of entries) {
        const part = parts.get(target)
        if (part) heights[part] = Math.round(borderBoxSize[0]?.blockSize ?? 0)
      }
      Object.assign(this.#covered, { top: heights.head, bottom: heights.foot })
      const style = this.#part('plenary-sidebar')?.style
      for (const [name, height] of Object.entries(heights)) style?.setProperty(`--_${name}`, `${height}px`)
    })
    for (const [name, selector] of [['head', '.head'], ['foot', 'plenary-status'], ['frame', '.frame']] as const) {
      const element = this.#part(selector)
      if (!element) continue
      parts.set(element, name)
      this.#observer.observe(element, { box: 'border-box' })
    }
  }

  hostDisconnected(): void {
    this.#observer?.disconnect()
    this.#observer = null
  }

  /** Scrolls to where `element` begins; what is far away comes at once, as does everything for those who ask for calm. */
  goTo(element: Element): void {
    const { top } = element.getBoundingClientRect()
    const isNear = Math.abs(top) < innerHeight && !matchMedia('(prefers-reduced-motion: reduce)').matches
    if (isNear) this.#scroll(element, { block: 'start', behavior: 'smooth' })
    else this.#settle(element, 'start', FRAMES_TO_SETTLE)
  }

  /** Puts `element` into the middle at once. */
  centre(element: Element): void {
    this.#settle(element, 'center', FRAMES_TO_SETTLE)
  }

  #settle(element: Element, place: 'start' | 'center', frames: number): void {
    if (!element.isConnected) return
    this.#scroll(element, { block: place, behavior: 'instant' })
    if (frames > 0) requestAnimationFrame(() => this.#settle(element, place, frames - 1))
  }

  // Whichever of the two moves; either may belong to the page that has the editor, so nothing of it stays.
  #scroll(element: Element, options: ScrollIntoViewOptions): void {
    const movers = [this.#part('.stage'), document.documentElement].filter(mover => mover !== null)
    const before = movers.map(({ style }) => style.scrollPaddingBlock)
    const { top, bottom } = this.margin
    for (const { style } of movers) style.scrollPaddingBlock = `${top}px ${bottom}px`
    element.scrollIntoView(options)
    movers.forEach(({ style }, i) => (style.scrollPaddingBlock = before[i] ?? ''))
  }

  #part(selector: string): HTMLElement | null {
    return this.#host.renderRoot.querySelector<HTMLElement>(selector)
  }
}
