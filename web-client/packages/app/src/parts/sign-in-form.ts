import { html, type TemplateResult } from 'lit'
import { chooseDevice, device, hasChosen } from '../account.ts'
import { ApiError, type Device, signIn, signInByLink } from '../api.ts'
import { field, problem, tick } from './field.ts'
import { PageElement } from './page-element.ts'
import { problemWords, Submission } from './submission.ts'

/**
 * Signs in, by e-mail and password or by the secret of a link, and asks whose computer it is.
 * Fires `signed-in` when done, and `link-invalid` when the link is of no use: then it asks for e-mail and password.
 * A link is used when the person says so, not when something merely looks at the page.
 */
export class SignInForm extends PageElement {
  static override properties = {
    ...PageElement.properties,
    secret: { attribute: false },
    isShared: { state: true },
  }

  /** Of a sign-in link; `null` asks for e-mail and password. */
  declare secret: string | null
  protected declare isShared: boolean

  readonly #submission = new Submission(this, error => this.#words(error))

  constructor() {
    super()
    this.secret = null
    this.isShared = hasChosen() && device() === 'shared'
  }

  override firstUpdated(): void {
    this.querySelector<HTMLElement>('input[type=email], button.primary')?.focus()
  }

  async #submit(event: Event): Promise<void> {
    const { secret } = this
    const where: Device = this.isShared ? 'shared' : 'own'
    const isIn = await this.#submission.run(event, async data => {
      if (secret === null) await signIn(String(data.get('email')), String(data.get('password')), where)
      else await signInByLink(secret, where)
      chooseDevice(where)
    })
    if (isIn) return void this.dispatchEvent(new Event('signed-in'))
    await this.updateComplete
    this.querySelector<HTMLInputElement>(secret === null ? '#password' : '#email')?.select()
  }

  #words(error: unknown): string {
    const { messages } = this
    const { status } = error instanceof ApiError ? error : { status: 0 }
    if (status !== 400 && status !== 401) return problemWords(error, messages)
    if (this.secret === null) return messages.wrongCredentials
    this.dispatchEvent(new Event('link-invalid'))
    return messages.linkInvalid
  }

  override render(): TemplateResult {
    const { messages, isShared } = this
    const { isBusy, problem: words } = this.#submission
    return html`<form @submit=${this.#submit}>
      ${problem(words)}
      ${this.secret === null
        ? html`${field({ name: 'email', label: messages.email, type: 'email', autocomplete: 'username' })}
          ${field({ name: 'password', label: messages.password, type: 'password', autocomplete: 'current-password' })}`
        : html`<p>${messages.linkExplained}</p>`}
      ${tick({
        name: 'shared',
        label: messages.shared,
        hint: isShared ? messages.sharedExplained : messages.ownExplained,
        isOn: isShared,
        changed: isOn => (this.isShared = isOn),
      })}
      <button class="primary" ?disabled=${isBusy}>${isBusy ? messages.loading : messages.signIn}</button>
    </form>`
  }
}

customElements.define('plenary-sign-in-form', SignInForm)
