import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit'
import { ApiError } from '../api.ts'
import type { Place } from '../pages.ts'
import { problemWords } from './submission.ts'

/**
 * What a page shows that comes from the server: asked for when the page opens and whenever `load` is called, then there, or
 * missing with a reason. What was there stays while it is asked for again. `content` is how a page shows it.
 */
export class Loading<T> implements ReactiveController {
  /** `null` until it has come. */
  value: T | null = null
  isBusy = false
  readonly #host: ReactiveControllerHost & { place: Place }
  readonly #fetch: () => Promise<T>
  #error: ApiError | null = null
  #turn = 0
  #wasOffline = false

  constructor(host: ReactiveControllerHost & { place: Place }, fetch: () => Promise<T>) {
    this.#host = host
    this.#fetch = fetch
    host.addController(this)
  }

  hostConnected(): void {
    void this.load()
  }

  // Back on the line: what did not come for want of it is asked for again.
  hostUpdate(): void {
    const { isOffline } = this.#host.place.here
    const isBack = this.#wasOffline && !isOffline
    this.#wasOffline = isOffline
    if (isBack && this.#error?.isAway) void this.load()
  }

  /** Asks again. Resolves when there is an answer; the last one asked for counts. */
  async load(): Promise<void> {
    const turn = ++this.#turn
    this.isBusy = true
    this.#host.requestUpdate()
    try {
      const value = await this.#fetch()
      if (turn !== this.#turn) return
      this.value = value
      this.#error = null
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (turn !== this.#turn) return
      this.#error = error
      // The shell shows the way in, or that there is no line.
      if (error.status === 401 || error.isAway) void this.#host.place.session.ask()
    }
    this.isBusy = false
    this.#host.requestUpdate()
    await this.#host.updateComplete
  }

  /** `shown` of what has come; before, that it is on its way, or why it did not come and a button that tries again. */
  content(shown: (value: T) => TemplateResult | typeof nothing): TemplateResult {
    const { messages } = this.#host.place
    const { value } = this
    const error = this.#error
    return html`${error
      ? html`<p class="note" role="alert">
          ${problemWords(error, messages)}
          <button type="button" ?disabled=${this.isBusy} @click=${() => void this.load()}>${messages.tryAgain}</button>
        </p>`
      : nothing}
    ${value === null ? (error ? nothing : html`<p class="loading" role="status">${messages.loading}</p>`) : shown(value)}`
  }
}
