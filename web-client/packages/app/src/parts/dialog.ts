import { html, nothing, type TemplateResult } from 'lit'
import { PageElement } from './page-element.ts'
import { problem } from './field.ts'
import { problemWords, Submission } from './submission.ts'

/** What a dialog is about. */
export interface Subject {
  title: string
  content: TemplateResult
  /** What the button says that does it. */
  yes: string
  /** What the other one says. Default: Cancel. */
  no?: string
  /** It cannot be undone: the other button is the one that is ready to be pressed. */
  isGrave?: boolean
  /** What to say of a request that failed. Default: `problemWords`. */
  words?: (error: unknown) => string
}

/**
 * A question, or a form, over the page: one of them for all pages, in `plenary-app`. It closes by Escape and by its second
 * button as well, which change nothing.
 */
export class Dialog extends PageElement {
  static override properties = { ...PageElement.properties, subject: { state: true } }

  protected declare subject: Subject | null

  #submit: (data: FormData) => Promise<void> = async () => {}
  #settle: (isDone: boolean) => void = () => {}
  readonly #submission = new Submission(this, error => this.subject?.words?.(error) ?? problemWords(error, this.messages))

  constructor() {
    super()
    this.subject = null
  }

  /** Asks; resolves to whether the answer was yes. */
  ask(subject: Subject): Promise<boolean> {
    return this.fill(subject, async () => {})
  }

  /**
   * Shows a form; `submit` sends what was filled in, and the dialog stays open, with a problem in words, as long as that fails
   * with an `ApiError`. Resolves to whether it was sent.
   */
  async fill(subject: Subject, submit: (data: FormData) => Promise<void>): Promise<boolean> {
    // A second question closes the first one with no.
    this.#settle(false)
    this.#submission.clear()
    this.#submit = submit
    this.subject = subject
    await this.updateComplete
    const dialog = this.querySelector('dialog')!
    dialog.showModal()
    const isDone = await new Promise<boolean>(resolve => (this.#settle = resolve))
    dialog.close()
    this.subject = null
    return isDone
  }

  // It is told late: by then another question may be asked, in the same place.
  #closed(event: Event): void {
    const dialog = event.target as HTMLDialogElement
    if (dialog.isConnected && !dialog.open) this.#settle(false)
  }

  async #onSubmit(event: Event): Promise<void> {
    if (await this.#submission.run(event, data => this.#submit(data))) this.#settle(true)
  }

  override render(): TemplateResult | typeof nothing {
    const { subject, messages } = this
    if (!subject) return nothing
    const { title, content, yes, no = messages.cancel, isGrave = false } = subject
    const { isBusy } = this.#submission
    const doIt = html`<button class=${isGrave ? 'danger' : 'primary'} ?disabled=${isBusy}>${isBusy ? messages.loading : yes}</button>`
    const leave = html`<button
      type="button"
      class=${isGrave ? 'primary' : ''}
      ?autofocus=${isGrave}
      @click=${() => this.#settle(false)}
    >
      ${no}
    </button>`
    return html`<dialog aria-labelledby="dialog-title" @cancel=${() => this.#settle(false)} @close=${this.#closed}>
      <form @submit=${this.#onSubmit}>
        <h2 id="dialog-title">${title}</h2>
        ${content} ${problem(this.#submission.problem)}
        <p class="actions">${isGrave ? [leave, doIt] : [doIt, leave]}</p>
      </form>
    </dialog>`
  }
}

customElements.define('plenary-dialog', Dialog)
