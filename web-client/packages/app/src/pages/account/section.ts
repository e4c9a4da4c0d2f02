import { html, nothing, type TemplateResult } from 'lit'
import { PageElement } from '../../parts/page-element.ts'
import { problemWords } from '../../parts/submission.ts'

/**
 * One section of the account page, which asks the server by itself. Fires `request-failed` with the error, so that the page sees
 * when nobody is signed in any more.
 */
export abstract class Section extends PageElement {
  static override properties = { ...PageElement.properties, problem: { state: true }, said: { state: true } }

  /** Why what is shown could not be fetched, or done; empty when there is nothing to say. */
  protected declare problem: string
  /** What was done last, for the person. */
  protected declare said: string

  constructor() {
    super()
    this.problem = ''
    this.said = ''
  }

  /** Runs a request and says what went wrong. Resolves to whether it worked. */
  protected async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      this.problem = ''
      return true
    } catch (error) {
      this.problem = this.wordsOf(error)
      return false
    }
  }

  /** What to say of a request that failed. */
  protected wordsOf(error: unknown): string {
    this.dispatchEvent(new CustomEvent('request-failed', { detail: error, bubbles: true }))
    return problemWords(error, this.messages)
  }

  /** What stands in place of what could not be fetched yet. */
  protected waiting(again: () => void): TemplateResult {
    return this.problem === ''
      ? html`<p class="quiet">${this.messages.loading}</p>`
      : html`<p class="note" role="alert">${this.problem} <button type="button" @click=${again}>${this.messages.tryAgain}</button></p>`
  }

  /** What was done, and what did not work, where it is read out. */
  protected outcome(): TemplateResult {
    return html`<p class="note calm" role="status" ?hidden=${this.said === ''}>${this.said}</p>
      ${this.problem === '' ? nothing : html`<p class="problem" role="alert">${this.problem}</p>`}`
  }
}
