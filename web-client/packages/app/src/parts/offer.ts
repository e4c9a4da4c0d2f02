import { html, type TemplateResult } from 'lit'
import { ApiError } from '../api.ts'
import type { Arriving } from '../arrivals.ts'
import { PageElement } from './page-element.ts'
import { problemWords } from './submission.ts'

/** A link that can be looked at before it is used. `O`: what it offers. */
export abstract class Offered<O> extends PageElement {
  static override properties = {
    ...PageElement.properties,
    arriving: { attribute: false },
    offer: { state: true },
    isOver: { state: true },
    problem: { state: true },
  }

  declare arriving: Arriving
  /** `null` until the server has answered. */
  protected declare offer: O | null
  /** It works no longer. */
  protected declare isOver: boolean
  /** Why it could not be looked at; empty when there is nothing to say. */
  protected declare problem: string

  constructor() {
    super()
    this.offer = null
    this.isOver = false
    this.problem = ''
  }

  /** Asks the server what the link offers. */
  protected abstract look(secret: string): Promise<O>
  /** What the link offers, and the press that uses it. */
  protected abstract show(offer: O): TemplateResult
  /** What is said of a link that works no longer. */
  protected abstract over(): string

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#look()
  }

  async #look(): Promise<void> {
    this.problem = ''
    try {
      this.offer = await this.look(this.arriving.secret)
    } catch (error) {
      if (this.tellIfOver(error)) return
      this.problem = problemWords(error, this.messages)
    }
  }

  /** Whether the server says that the link works no longer; then that is shown. */
  protected tellIfOver(error: unknown): boolean {
    const isOver = error instanceof ApiError && (error.status === 410 || error.code === 'not-found')
    this.isOver ||= isOver
    return isOver
  }

  override render(): TemplateResult {
    const { messages, arriving } = this
    if (this.isOver) {
      return html`<p class="note" role="alert">${this.over()}</p>
        <button type="button" class="primary" @click=${() => void arriving.leave()}>
          ${arriving.here ? messages.account.toStatements : messages.account.toSignIn}
        </button>`
    }
    if (this.problem !== '') {
      return html`<p class="problem" role="alert">${this.problem}</p>
        <button type="button" class="primary" @click=${() => void this.#look()}>${messages.tryAgain}</button>`
    }
    return this.offer ? this.show(this.offer) : html`<p class="quiet">${messages.loading}</p>`
  }
}
