import { html, nothing, type TemplateResult } from 'lit'
import { beginSecondFactor, confirmSecondFactor, type Enrolment } from '../api/account.ts'
import { ApiError } from '../api.ts'
import './copy.ts'
import { field, problem } from './field.ts'
import { PageElement } from './page-element.ts'
import './recovery-codes.ts'
import { problemWords, Submission } from './submission.ts'

/**
 * Sets up a second factor: a secret for the person's app, its first code, and the recovery codes, shown once. Fires `done` once
 * it is on and the codes are put away, `turned-on` when it is on, and `signed-out` when nobody is signed in any more.
 */
export class SecondFactorSetup extends PageElement {
  static override properties = {
    ...PageElement.properties,
    owner: { attribute: false },
    mayLeave: { type: Boolean },
    needsPassword: { state: true },
    enrolment: { state: true },
    draw: { state: true },
    codes: { state: true },
  }

  /** Whose account it is, for the file of the recovery codes. */
  declare owner: string
  /** It can be left for later. */
  declare mayLeave: boolean
  protected declare needsPassword: boolean
  protected declare enrolment: Enrolment | null
  /** `null` until what draws it is there; the secret as text does as well. */
  protected declare draw: ((text: string, label: string) => TemplateResult) | null
  protected declare codes: string[] | null

  readonly #begin = new Submission(this, error => this.#beginWords(error))
  readonly #confirm = new Submission(this, error => this.#confirmWords(error))

  constructor() {
    super()
    this.owner = ''
    this.mayLeave = false
    this.needsPassword = false
    this.enrolment = null
    this.draw = null
    this.codes = null
  }

  #tell(what: 'turned-on' | 'done' | 'signed-out'): void {
    this.dispatchEvent(new Event(what))
  }

  #lookAt(error: unknown): void {
    if (!(error instanceof ApiError)) return
    // It was set up in another window.
    if (error.code === 'second-factor-on') this.#tell('done')
    if (error.code === 'sign-in-needed') this.#tell('signed-out')
  }

  #beginWords(error: unknown): string {
    const { account } = this.messages
    this.#lookAt(error)
    if (error instanceof ApiError && error.code === 'proof-needed') {
      // Somebody without a password is told the other way.
      const words = this.needsPassword ? account.proofNeeded : ''
      this.needsPassword = true
      return words
    }
    if (error instanceof ApiError && error.code === 'wrong-credentials') return account.wrongProof
    return problemWords(error, this.messages)
  }

  #confirmWords(error: unknown): string {
    this.#lookAt(error)
    if (error instanceof ApiError && error.code === 'wrong-code') return this.messages.account.wrongFirstCode
    return problemWords(error, this.messages)
  }

  async #onBegin(event: Event): Promise<void> {
    const hasBegun = await this.#begin.run(event, async data => {
      const password = data.get('password')
      this.enrolment = await beginSecondFactor(password === null ? null : { password: String(password) })
    })
    if (hasBegun) import('./qr-code.ts').then(({ qrCode }) => (this.draw = qrCode), () => {})
    await this.updateComplete
    this.querySelector<HTMLElement>(hasBegun ? 'h3' : '#password')?.focus()
  }

  async #onConfirm(event: Event): Promise<void> {
    const isOn = await this.#confirm.run(event, async data => {
      this.codes = await confirmSecondFactor(String(data.get('code')))
    })
    if (isOn) return this.#tell('turned-on')
    await this.updateComplete
    this.querySelector<HTMLInputElement>('#code')?.select()
  }

  async #giveUp(): Promise<void> {
    this.enrolment = null
    this.needsPassword = false
    this.#begin.clear()
    this.#confirm.clear()
    await this.updateComplete
    this.querySelector<HTMLElement>('button')?.focus()
  }

  #leave(): TemplateResult | typeof nothing {
    if (!this.mayLeave || (!this.needsPassword && !this.enrolment)) return nothing
    return html`<button type="button" @click=${() => void this.#giveUp()}>${this.messages.cancel}</button>`
  }

  #first(): TemplateResult {
    const { messages, needsPassword } = this
    const { account } = messages
    return html`<form @submit=${this.#onBegin}>
      <p>${account.secondFactorExplained}</p>
      ${needsPassword ? html`<p>${account.passwordFirst}</p>` : nothing} ${problem(this.#begin.problem)}
      ${needsPassword
        ? field({ name: 'password', label: messages.password, type: 'password', autocomplete: 'current-password' })
        : nothing}
      <p class="actions">
        <button class="primary" ?disabled=${this.#begin.isBusy}>${needsPassword ? account.goOn : account.setUp}</button>
        ${this.#leave()}
      </p>
    </form>`
  }

  #secret({ secret, uri }: Enrolment): TemplateResult {
    const { account } = this.messages
    return html`<form @submit=${this.#onConfirm}>
      <h3 tabindex="-1">${account.scan}</h3>
      <div class="secret">
        ${this.draw?.(uri, account.picture) ?? nothing}
        <div>
          <p>${account.orType}</p>
          <p><code dir="ltr">${secret.replaceAll(/(.{4})(?=.)/g, '$1 ')}</code></p>
          <p><plenary-copy .messages=${this.messages} .text=${secret}></plenary-copy></p>
          <p><a href=${uri}>${account.openApp}</a></p>
        </div>
      </div>
      <h3>${account.firstCode}</h3>
      ${problem(this.#confirm.problem)}
      ${field({ name: 'code', label: account.code, hint: account.codeHint, autocomplete: 'one-time-code', keys: 'numeric', isCode: true })}
      <p class="actions">
        <button class="primary" ?disabled=${this.#confirm.isBusy}>${account.turnOn}</button>
        ${this.#leave()}
      </p>
    </form>`
  }

  override render(): TemplateResult {
    if (this.codes) {
      return html`<p class="note calm" role="status">${this.messages.account.nowOn}</p>
        <plenary-recovery-codes
          .messages=${this.messages}
          .codes=${this.codes}
          .owner=${this.owner}
          @kept=${() => this.#tell('done')}
        ></plenary-recovery-codes>`
    }
    return this.enrolment ? this.#secret(this.enrolment) : this.#first()
  }
}

customElements.define('plenary-second-factor-setup', SecondFactorSetup)
