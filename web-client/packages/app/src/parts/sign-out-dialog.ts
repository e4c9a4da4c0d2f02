import { html, type TemplateResult } from 'lit'
import { PageElement } from './page-element.ts'

/** A statement with work that would be lost. */
export interface Lost {
  document: string
  title: string
}

/** Warns before a sign-out that would lose work. */
export class SignOutDialog extends PageElement {
  static override properties = { ...PageElement.properties, unsaved: { attribute: false } }

  declare unsaved: Lost[]

  #answer: (isSure: boolean) => void = () => {}

  constructor() {
    super()
    this.unsaved = []
  }

  /** Resolves to whether the person signs out all the same. */
  async isSure(unsaved: Lost[]): Promise<boolean> {
    this.unsaved = unsaved
    await this.updateComplete
    const dialog = this.querySelector('dialog')!
    dialog.showModal()
    const isSure = await new Promise<boolean>(resolve => (this.#answer = resolve))
    dialog.close()
    return isSure
  }

  override render(): TemplateResult {
    const { messages, unsaved } = this
    return html`<dialog aria-labelledby="sign-out-title" @cancel=${() => this.#answer(false)}>
      <h2 id="sign-out-title">${messages.signOutTitle}</h2>
      <p>${messages.signOutLoses}</p>
      <ul>
        ${unsaved.map(({ title }) => html`<li><bdi>${title}</bdi></li>`)}
      </ul>
      <p>${messages.signOutWarning}</p>
      <p class="actions">
        <button type="button" class="primary" autofocus @click=${() => this.#answer(false)}>${messages.stay}</button>
        <button type="button" class="danger" @click=${() => this.#answer(true)}>${messages.signOutAnyway}</button>
      </p>
    </dialog>`
  }
}

customElements.define('plenary-sign-out-dialog', SignOutDialog)
