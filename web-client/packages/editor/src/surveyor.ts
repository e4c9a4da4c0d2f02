import type { EditorView } from 'prosemirror-view'
import { countRange } from '@plenary/text'
import { toolbarState } from './editing.ts'
import type { WordCounts } from './status-bar.ts'
import { sectionIndex, surveying } from './survey.ts'
import type { Counting, Survey } from './survey.ts'
import type { ToolbarState } from './toolbar.ts'

/** What is to be shown beside the text. */
export interface Findings {
  survey: Survey
  /** Which of its sections the cursor is in. */
  section: number
  counts: WordCounts
  tools: ToolbarState
}

// Who types goes on within this time; what is shown beside the text can wait until they pause.
const AFTER_CHANGE_MS = 400
const AFTER_MOVE_MS = 150
const WITHIN_MS = 1000
// Longer at a stretch, and somebody who goes on typing would notice.
const STRETCH_MS = 4
const IDLE_MS_MAX = 500

/** Counts and lists what is in a text, some time after it changed or the cursor moved in it, a little at a time. */
export class Surveyor {
  readonly #view: EditorView
  readonly #counting: () => Counting
  readonly #report: (findings: Findings) => void
  #timer = 0
  #dueAt = 0
  #latestAt = 0
  /** Of the text as it is. */
  #survey: Survey | null = null
  #reading: Generator<void, Survey> | null = null

  constructor(view: EditorView, counting: () => Counting, report: (findings: Findings) => void) {
    this.#view = view
    this.#counting = counting
    this.#report = report
  }

  /** `hasChanged`: the text or what counts in it is another; otherwise only the cursor moved. */
  soon(hasChanged: boolean): void {
    if (hasChanged) this.#survey = this.#reading = null
    const now = performance.now()
    // The first change since the last survey says when it is due at the latest.
    if (!this.#timer) this.#latestAt = now + WITHIN_MS
    this.#dueAt = Math.min(now + (this.#survey ? AFTER_MOVE_MS : AFTER_CHANGE_MS), this.#latestAt)
    if (!this.#timer) this.#wait()
  }

  // With each key it is due later, and the timer that runs finds out: cheaper than a new one for each.
  #wait(): void {
    this.#timer = window.setTimeout(() => {
      this.#timer = 0
      if (this.#dueAt > performance.now()) this.#wait()
      else this.#whenIdle()
    }, this.#dueAt - performance.now())
  }

  destroy(): void {
    clearTimeout(this.#timer)
  }

  #whenIdle(): void {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(() => this.#look(), { timeout: IDLE_MS_MAX })
    else this.#look()
  }

  #look(): void {
    if (this.#view.isDestroyed) return
    const { state } = this.#view
    const counting = this.#counting()
    if (!this.#survey) {
      this.#reading ??= surveying(state.doc, counting)
      const until = performance.now() + STRETCH_MS
      let step = this.#reading.next()
      while (!step.done && performance.now() < until) step = this.#reading.next()
      if (!step.done) return this.#whenIdle()
      this.#survey = step.value
      this.#reading = null
    }
    const { sections, words } = this.#survey
    const { from, to, head, empty } = state.selection
    const section = sectionIndex(sections, head)
    const counts: WordCounts = {
      total: words,
      // The title of all is no section of its own.
      section: sections[section]!.level > 0 && sections[section]!.words < words ? sections[section]!.words : null,
      selection: empty ? null : countRange(state.doc, from, to, counting.footnotes, counting.embeds),
    }
    this.#report({ survey: this.#survey, section, counts, tools: toolbarState(state) })
  }
}
