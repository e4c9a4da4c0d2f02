import { html, type TemplateResult } from 'lit'
import { chooseDevice, remember } from '../account.ts'
import { type HalfSignedIn, showCode, type SignedIn, signIn, signInByLink } from '../api/account.ts'
import { ApiError, type Device } from '../api.ts'
import { field, problem } from './field.ts'
import { PageElement } from './page-element.ts'
import { sharedComputer, wasShared } from './shared-computer.ts'
import { problemWords, Submission } from './submission.ts'

/**
 * Signs in, by e-mail and password or by the secret of a link, and asks whose computer it is; whoever has a second factor shows
 * a code next. Fires `signed-in` when done, and `link-invalid` when the link is of no use: then it asks for e-mail and password.
 * A link is used when the person says so, not when something merely looks at the page.
 */
export class SignInForm extends PageElement {
  static override properties = {
    ...PageElement.properties,
    secret: { attribute: false },
    isShared: { state: true },
    halfSession: { state: true },
    isRecovery: { state: true },
    hasStartedAgain: { state: true },
  }

  /** Of a sign-in link; `null` asks for e-mail and password. */
  declare secret: string | null
  protected declare isShared: boolean
  /** The secret between the two steps; `null` in the first one. */
  protected declare halfSession: string | null
  /** The code is one of those that were put away. */
  protected declare isRecovery: boolean
  /** The second step came to an end without a code that fits. */
  protected declare hasStartedAgain: boolean

  #email = ''
  readonly #submission = new Submission(this, error => this.#words(error))

  constructor() {
    super()
    this.secret = null
    this.isShared = wasShared()
    this.halfSession = null
    this.isRecovery = false
    this.hasStartedAgain = false
  }

  get #device(): Device {
    return this.isShared ? 'shared' : 'own'
  }

  override firstUpdated(): void {
    this.#focus()
  }

  #focus(): void {
    const first = this.halfSession !== null ? '#code' : this.#email !== '' ? '#password' : 'input[type=email], button.primary'
    this.querySelector<HTMLElement>(first)?.focus()
  }

  async #submit(event: Event): Promise<void> {
    const { secret } = this
    let answer: SignedIn | HalfSignedIn | null = null
    this.hasStartedAgain = false
    const isTaken = await this.#submission.run(event, async data => {
      this.#email = String(data.get('email') ?? '')
      answer =
        secret === null
          ? await signIn(this.#email, String(data.get('password')), this.#device)
          : await signInByLink(secret, this.#device)
    })
    if (isTaken && answer !== null) return this.#answered(answer)
    await this.updateComplete
    this.querySelector<HTMLInputElement>(secret === null ? '#password' : '#email')?.select()
  }

  async #answered(answer: SignedIn | HalfSignedIn): Promise<void> {
    if (!('half_session' in answer)) return this.#done(answer)
    this.halfSession = answer.half_session
    this.isRecovery = false
    await this.updateComplete
    this.#focus()
  }

  async #submitCode(event: Event): Promise<void> {
    const { halfSession } = this
    if (halfSession === null) return
    let answer: SignedIn | null = null
    const isIn = await this.#submission.run(event, async data => {
      answer = await showCode(halfSession, String(data.get('code')))
    })
    if (isIn && answer !== null) return this.#done(answer)
    await this.updateComplete
    if (this.halfSession === null) this.#focus()
    else this.querySelector<HTMLInputElement>('#code')?.select()
  }

  #done({ user }: SignedIn): void {
    chooseDevice(this.#device)
    remember(user)
    this.dispatchEvent(new Event('signed-in'))
  }

  async #fromStart(): Promise<void> {
    this.halfSession = null
    this.#submission.clear()
    await this.updateComplete
    this.#focus()
  }

  async #use(isRecovery: boolean): Promise<void> {
    this.isRecovery = isRecovery
    this.#submission.clear()
    await this.updateComplete
    const code = this.querySelector<HTMLInputElement>('#code')
    if (code) code.value = ''
    code?.focus()
  }

  #words(error: unknown): string {
    const { messages } = this
    const { status, code } = error instanceof ApiError ? error : { status: 0, code: '' }
    if (status !== 400 && status !== 401) return problemWords(error, messages)
    if (this.halfSession !== null) {
      if (code === 'wrong-code') return this.isRecovery ? messages.account.wrongRecoveryCode : messages.account.wrongCode
      this.halfSession = null
      this.hasStartedAgain = true
      // A link is used by its first step.
      if (this.secret !== null) this.dispatchEvent(new Event('link-invalid'))
      return ''
    }
    if (this.secret === null) return messages.wrongCredentials
    this.dispatchEvent(new Event('link-invalid'))
    return messages.linkInvalid
  }

  #first(): TemplateResult {
    const { messages, isShared } = this
    const { isBusy, problem: words } = this.#submission
    return html`<form @submit=${this.#submit}>
      ${problem(this.hasStartedAgain && words === '' ? messages.account.startedAgain : words)}
      ${this.secret === null
        ? html`${field({ name: 'email', label: messages.email, type: 'email', autocomplete: 'username', value: this.#email })}
          ${field({ name: 'password', label: messages.password, type: 'password', autocomplete: 'current-password' })}`
        : html`<p>${messages.linkExplained}</p>`}
      ${sharedComputer(messages, isShared, isOn => (this.isShared = isOn))}
      <button class="primary" ?disabled=${isBusy}>${isBusy ? messages.loading : messages.signIn}</button>
    </form>`
  }

  #second(): TemplateResult {
    const { messages, isRecovery } = this
    const { account } = messages
    const { isBusy, problem: words } = this.#submission
    const [label, hint] = isRecovery ? [account.recoveryCode, account.recoveryCodeHint] : [account.code, account.codeHint]
    return html`<form class="second-step" @submit=${this.#submitCode}>
      <p><strong>${account.codeTitle}.</strong> ${account.codeExplained}</p>
      ${problem(words)}
      ${field({ name: 'code', label, hint, autocomplete: 'one-time-code', isCode: true, ...(isRecovery ? {} : { keys: 'numeric' }) })}
      ${isRecovery ? html`<p class="hint">${account.lostBoth}</p>` : null}
      <button class="primary" ?disabled=${isBusy}>${isBusy ? messages.loading : messages.signIn}</button>
      <p class="other-ways">
        <button type="button" class="link" @click=${() => void this.#use(!isRecovery)}>
          ${isRecovery ? account.useCode : account.useRecoveryCode}
        </button>
        <button type="button" class="link" @click=${() => void this.#fromStart()}>${account.fromStart}</button>
      </p>
    </form>`
  }

  override render(): TemplateResult {
    return this.halfSession === null ? this.#first() : this.#second()
  }
}

customElements.define('plenary-sign-in-form', SignInForm)
