import type { EditorView } from 'prosemirror-view'
import { countRange } from '@plenary/text'
import { toolbarState } from './editing.ts'
import type { WordCounts } from './status-bar.ts'
import { sectionIndex, survey } from './survey.ts'
import type { Counting, Survey } from './survey.ts'
import type { ToolbarState } from './toolbar.ts'

/** What is to be shown beside the text. */
export interface Findings {
  survey: Survey
  counts: WordCounts
  tools: ToolbarState
}

// Counting and listing wait for a pause between keys, but not for ever.
const SURVEY_AFTER_MS = 150
const SURVEY_WITHIN_MS = 1000

/** Counts and lists what is in a text, some time after it changed or the cursor moved in it. */
export class Surveyor {
  readonly #view: EditorView
  readonly #counting: () => Counting
  readonly #report: (findings: Findings) => void
  #timer = 0
  #dueAt = 0
  #survey: Survey | null = null

  constructor(view: EditorView, counting: () => Counting, report: (findings: Findings) => void) {
    this.#view = view
    this.#counting = counting
    this.#report = report
  }

  /** `hasChanged`: the text or what counts in it is another; otherwise only the cursor moved. */
  soon(hasChanged: boolean): void {
    if (hasChanged) this.#survey = null
    const now = performance.now()
    // The first change since the last survey says when it is due at the latest.
    if (this.#timer) clearTimeout(this.#timer)
    else this.#dueAt = now + SURVEY_WITHIN_MS
    const wait = Math.max(0, Math.min(SURVEY_AFTER_MS, this.#dueAt - now))
    this.#timer = window.setTimeout(() => {
      this.#timer = 0
      if (typeof requestIdleCallback === 'function') requestIdleCallback(() => this.#look(), { timeout: 500 })
      else this.#look()
    }, wait)
  }

  destroy(): void {
    clearTimeout(this.#timer)
  }

  #look(): void {
    if (this.#view.isDestroyed) return
    const { state } = this.#view
    const counting = this.#counting()
    const found = (this.#survey ??= survey(state.doc, counting))
    const { from, to, head, empty } = state.selection
    const section = found.sections[sectionIndex(found.sections, head)]
    const counts: WordCounts = {
      total: found.words,
      section: section && section.level > 0 ? section.words : null,
      selection: empty ? null : countRange(state.doc, from, to, counting.footnotes, counting.embeds),
    }
    this.#report({ survey: found, counts, tools: toolbarState(state) })
  }
}

/** Of a text that nobody has looked at. */
export const noCounts: WordCounts = { total: 0, section: null, selection: null }
