import { html, type TemplateResult } from 'lit'
import './copy.ts'
import { tick } from './field.ts'
import { PageElement } from './page-element.ts'

/** Recovery codes, shown once. Fires `kept` when the person says that they have put them away. */
export class RecoveryCodes extends PageElement {
  static override properties = {
    ...PageElement.properties,
    codes: { attribute: false },
    owner: { attribute: false },
    isKept: { state: true },
  }

  declare codes: readonly string[]
  /** Whose account they are for, for the file; empty where that is not known. */
  declare owner: string
  protected declare isKept: boolean

  constructor() {
    super()
    this.codes = []
    this.owner = ''
    this.isKept = false
  }

  override firstUpdated(): void {
    this.querySelector('h3')?.focus()
    addEventListener('beforeunload', this.#warn)
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    removeEventListener('beforeunload', this.#warn)
  }

  /** They are nowhere else yet. */
  get wouldLose(): boolean {
    return !this.isKept
  }

  readonly #warn = (event: Event): void => {
    if (this.wouldLose) event.preventDefault()
  }

  get #text(): string {
    const head = `${this.messages.account.recoveryFile} ${[location.host, this.owner].filter(Boolean).join(', ')}`
    return [head, '', ...this.codes, ''].join('\n')
  }

  #download(): void {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([this.#text], { type: 'text/plain' }))
    link.download = 'plenary-recovery-codes.txt'
    link.click()
    URL.revokeObjectURL(link.href)
  }

  override render(): TemplateResult {
    const { account } = this.messages
    return html`<h3 tabindex="-1">${account.recoveryTitle}</h3>
      <p>${account.recoveryExplained}</p>
      <ol class="codes" dir="ltr">
        ${this.codes.map(code => html`<li><code>${code}</code></li>`)}
      </ol>
      <p class="actions">
        <plenary-copy .messages=${this.messages} .text=${this.#text}></plenary-copy>
        <button type="button" @click=${this.#download}>${account.download}</button>
      </p>
      ${tick({
        name: 'kept',
        label: account.recoveryKept,
        hint: account.recoveryKeptHint,
        isOn: this.isKept,
        changed: isOn => (this.isKept = isOn),
      })}
      <p class="actions">
        <button type="button" class="primary" ?disabled=${!this.isKept} @click=${() => this.dispatchEvent(new Event('kept'))}>
          ${account.done}
        </button>
      </p>`
  }
}

customElements.define('plenary-recovery-codes', RecoveryCodes)
