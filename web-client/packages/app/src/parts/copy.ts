import { html, type TemplateResult } from 'lit'
import { PageElement } from './page-element.ts'

// How long it is said that something was copied.
const SAID_MS = 4_000

/** A button that copies `text`, and says so, or that the browser does not let it. */
export class Copy extends PageElement {
  static override properties = { ...PageElement.properties, text: { attribute: false }, outcome: { state: true } }

  declare text: string
  protected declare outcome: '' | 'copied' | 'failed'

  #timer = 0

  constructor() {
    super()
    this.text = ''
    this.outcome = ''
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    clearTimeout(this.#timer)
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.text)
      this.outcome = 'copied'
    } catch {
      this.outcome = 'failed'
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => (this.outcome = ''), SAID_MS)
  }

  override render(): TemplateResult {
    const { copy, copied, copyFailed } = this.messages.account
    const said = { '': '', copied, 'failed': copyFailed }[this.outcome]
    return html`<button type="button" @click=${this.#copy}>${copy}</button> <span class="hint" role="status">${said}</span>`
  }
}

customElements.define('plenary-copy', Copy)
