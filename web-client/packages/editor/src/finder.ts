import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { TextSelection } from 'prosemirror-state'
import type { EditorHost } from './editor-host.ts'
import type { FindBar, FindEvent, FindResult } from './find-bar.ts'
import type { Fit } from './fit.ts'
import { replaceMatches, searchIn, setSearch } from './search.ts'

const nothingFound: FindResult = { count: 0, current: -1, replaced: null }

/** Find and replace: the bar over the text, and what it does in it. */
export class Finder {
  isOpen = false
  readonly #host: EditorHost
  readonly #fit: Fit
  #found = nothingFound

  constructor(host: EditorHost, fit: Fit) {
    this.#host = host
    this.#fit = fit
  }

  /** Opens the bar, with the words that are selected. */
  open(): void {
    const { view } = this.#host
    if (!view) return
    this.isOpen = true
    this.#host.requestUpdate()
    const { from, to } = view.state.selection
    const query = to - from < 100 ? view.state.doc.textBetween(from, to, ' ') : ''
    void this.#host.updateComplete.then(() =>
      this.#host.renderRoot.querySelector<FindBar>('plenary-find')?.open(query),
    )
  }

  /** The text or the selection is another. */
  follow(hasChanged: boolean): void {
    if (this.isOpen) this.#show(hasChanged && this.#found.replaced === null ? null : this.#found.replaced)
  }

  render(): TemplateResult | typeof nothing {
    const { messages, canWrite, number } = this.#host
    if (!this.isOpen) return nothing
    return html`<div class="finder">
      <plenary-find
        .messages=${messages}
        .result=${this.#found}
        .canWrite=${canWrite}
        .number=${number}
        @find=${this.#onFind}
      ></plenary-find>
    </div>`
  }

  readonly #onFind = (event: FindEvent): void => {
    const { view, canWrite } = this.#host
    if (!view) return
    const { step, request } = event
    const { query, matchCase, replacement } = request
    const before = searchIn(view.state)
    let replaced: number | null = null
    if (step === 'close') return this.#close()
    if (query !== before.query || matchCase !== before.matchCase) {
      view.dispatch(setSearch(view.state.tr, { query, matchCase }))
    } else if (step === 'next' || step === 'previous') {
      const { matches, current } = before
      const by = step === 'next' ? 1 : -1
      if (matches.length > 0) {
        view.dispatch(setSearch(view.state.tr, { current: (current + by + matches.length) % matches.length }))
      }
    } else if (step !== 'search' && canWrite) {
      const shown = before.matches[before.current]
      const chosen = step === 'replaceAll' ? before.matches : shown ? [shown] : []
      replaced = step === 'replaceAll' ? chosen.length : null
      if (chosen.length > 0) view.dispatch(replaceMatches(view.state, chosen, replacement))
    }
    this.#show(replaced)
    const found = view.dom.querySelector('.plenary-found-now')
    if (found) this.#fit.centre(found)
  }

  #close(): void {
    const { view } = this.#host
    this.isOpen = false
    this.#host.requestUpdate()
    if (!view) return
    const { matches, current } = searchIn(view.state)
    const at = matches[current]
    const tr = setSearch(view.state.tr, { query: '' })
    if (at) tr.setSelection(TextSelection.create(tr.doc, at.from, at.to))
    view.dispatch(tr)
    view.focus()
  }

  #show(replaced: number | null): void {
    const { view } = this.#host
    if (!view) return
    const { matches, current } = searchIn(view.state)
    this.#found = { count: matches.length, current, replaced }
    this.#host.requestUpdate()
  }
}
