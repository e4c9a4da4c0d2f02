import { html, nothing, type TemplateResult } from 'lit'
import {
  type Proof,
  renewRecoveryCodes,
  type SecondFactor as State,
  secondFactor,
  turnOffSecondFactor,
} from '../../api/account.ts'
import { ApiError } from '../../api.ts'
import type { Dialog } from '../../parts/dialog.ts'
import { field } from '../../parts/field.ts'
import '../../parts/recovery-codes.ts'
import '../../parts/second-factor-setup.ts'
import { day } from '../../when.ts'
import { Section } from './section.ts'

// From here on it is said that they run out.
const CODES_FEW = 3

const PROOF_MISSING = 'proof-missing'

/** One's second factor: on or off, with what can be done about it. Fires `others-ended` when all other sign-ins have. */
export class SecondFactor extends Section {
  static override properties = {
    ...Section.properties,
    dialog: { attribute: false },
    owner: { attribute: false },
    state: { state: true },
    fresh: { state: true },
    isTurnedOn: { state: true },
  }

  declare dialog: Dialog
  /** Whose account it is, for the file of the recovery codes. */
  declare owner: string
  /** `null` until the server has answered. */
  protected declare state: State | null
  /** Recovery codes that were just made. */
  protected declare fresh: string[] | null
  /** It has just been set up; its recovery codes are still to be put away. */
  protected declare isTurnedOn: boolean

  constructor() {
    super()
    this.owner = ''
    this.state = null
    this.fresh = null
    this.isTurnedOn = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#ask()
  }

  async #ask(): Promise<void> {
    await this.attempt(async () => {
      this.state = await secondFactor()
    })
  }

  // What was worked at is done: on from the top of the section.
  async #back(): Promise<void> {
    this.fresh = null
    this.isTurnedOn = false
    await this.#ask()
    await this.updateComplete
    this.querySelector('h2')?.focus()
  }

  #proofWords(error: unknown): string {
    const { account } = this.messages
    if (!(error instanceof ApiError)) return this.wordsOf(error)
    if (error.code === PROOF_MISSING) return account.proofMissing
    if (error.code === 'wrong-code') return account.wrongCode
    if (error.code === 'wrong-credentials') return account.wrongProof
    return this.wordsOf(error)
  }

  /** Asks who it is and does something that only they may; resolves to whether it was done. */
  #prove(title: string, yes: string, explained: TemplateResult, isGrave: boolean, work: (proof: Proof) => Promise<void>): Promise<boolean> {
    const { messages } = this
    const { account } = messages
    const content = html`${explained}
      <p>${account.proofExplained}</p>
      ${field({ name: 'proof-code', label: account.codeOrRecovery, autocomplete: 'one-time-code', isCode: true, isRequired: false })}
      ${field({ name: 'proof-password', label: messages.password, type: 'password', autocomplete: 'current-password', isRequired: false })}`
    return this.dialog.fill({ title, yes, content, isGrave, words: error => this.#proofWords(error) }, async data => {
      const [code, password] = [String(data.get('proof-code')).trim(), String(data.get('proof-password'))]
      if (code === '' && password === '') throw new ApiError(400, PROOF_MISSING)
      await work(code === '' ? { password } : { code })
    })
  }

  #turnedOn(): void {
    this.isTurnedOn = true
    this.dispatchEvent(new Event('others-ended'))
  }

  async #turnOff(): Promise<void> {
    const { account } = this.messages
    this.said = ''
    const explained = html`<p>${account.turnOffExplained} ${this.state?.required ? account.turnOffRequired : nothing}</p>`
    const isOff = await this.#prove(account.turnOffTitle, account.turnOff, explained, true, async proof => {
      await turnOffSecondFactor(proof)
    })
    if (!isOff) return
    this.dispatchEvent(new Event('others-ended'))
    await this.#back()
    this.said = account.nowOff
  }

  async #renew(): Promise<void> {
    const { account } = this.messages
    this.said = ''
    const explained = html`<p>${account.freshCodesExplained}</p>`
    await this.#prove(account.freshCodes, account.makeCodes, explained, false, async proof => {
      this.fresh = await renewRecoveryCodes(proof)
    })
  }

  #on({ since, recovery_codes_left: left }: State): TemplateResult {
    const { account } = this.messages
    return html`<p class="facts">
        <span class="good">${since === null ? account.isOn : account.isOnSince(day(since))}</span>
        <span class=${left <= CODES_FEW ? 'warning' : ''}>${account.codesLeft(left)}</span>
      </p>
      ${left <= CODES_FEW ? html`<p class="warning">${account.fewCodesLeft}</p>` : nothing}
      <p class="actions">
        <button type="button" @click=${() => void this.#renew()}>${account.freshCodes}</button>
        <button type="button" @click=${() => void this.#turnOff()}>${account.turnOff}</button>
      </p>`
  }

  #off(state: State): TemplateResult {
    const { account } = this.messages
    return html`<p class="facts" ?hidden=${this.isTurnedOn}>
        <span class="warning">${account.isOff}</span>
        ${state.required ? html`<span class="warning">${account.isRequired}</span>` : nothing}
      </p>
      <plenary-second-factor-setup
        .messages=${this.messages}
        .owner=${this.owner}
        .mayLeave=${true}
        @turned-on=${this.#turnedOn}
        @done=${() => void this.#back()}
        @signed-out=${() => this.wordsOf(new ApiError(401, 'sign-in-needed'))}
      ></plenary-second-factor-setup>`
  }

  #content(state: State): TemplateResult {
    const { messages, owner } = this
    if (this.fresh) {
      return html`<plenary-recovery-codes
        .messages=${messages}
        .codes=${this.fresh}
        .owner=${owner}
        @kept=${() => void this.#back()}
      ></plenary-recovery-codes>`
    }
    return html`${this.outcome()} ${state.on ? this.#on(state) : this.#off(state)}`
  }

  override render(): TemplateResult {
    return html`<section aria-labelledby="second-factor-title">
      <h2 id="second-factor-title" tabindex="-1">${this.messages.account.secondFactor}</h2>
      ${this.state ? this.#content(this.state) : this.waiting(() => void this.#ask())}
    </section>`
  }
}

customElements.define('plenary-second-factor', SecondFactor)
