import { html, nothing, type TemplateResult } from 'lit'
import { chooseDevice, device, hasChosen } from '../account.ts'
import { ApiError, type Device, signIn, signInByLink } from '../api.ts'
import { PageElement } from './page-element.ts'

/**
 * Signs in, by e-mail and password or by the secret of a link, and asks whose computer it is.
 * Fires `signed-in` when done. A link is used when the person says so, not when something merely looks at the page.
 */
export class SignInForm extends PageElement {
  static override properties = {
    ...PageElement.properties,
    secret: { attribute: false },
    problem: { state: true },
    isBusy: { state: true },
    isShared: { state: true },
  }

  /** Of a sign-in link; `null` asks for e-mail and password. */
  declare secret: string | null
  declare problem: string
  declare isBusy: boolean
  declare isShared: boolean

  constructor() {
    super()
    this.secret = null
    this.problem = ''
    this.isBusy = false
    this.isShared = hasChosen() && device() === 'shared'
  }

  override firstUpdated(): void {
    this.querySelector<HTMLElement>('input[type=email], button.primary')?.focus()
  }

  async #submit(event: Event): Promise<void> {
    event.preventDefault()
    const data = new FormData(event.target as HTMLFormElement)
    const where: Device = this.isShared ? 'shared' : 'own'
    this.isBusy = true
    this.problem = ''
    try {
      if (this.secret === null) await signIn(String(data.get('email')), String(data.get('password')), where)
      else await signInByLink(this.secret, where)
      chooseDevice(where)
      this.dispatchEvent(new Event('signed-in'))
    } catch (error) {
      this.problem = this.#words(error)
      if (this.secret !== null && !(error instanceof ApiError && error.isAway)) this.secret = null
      this.querySelector<HTMLInputElement>('input[type=password]')?.select()
    } finally {
      this.isBusy = false
    }
  }

  #words(error: unknown): string {
    const { messages } = this
    if (!(error instanceof ApiError)) throw error
    if (error.status === 0) return messages.unreachable
    if (error.status === 429) return messages.tooManyTries
    if (error.status === 400 || error.status === 401) {
      return this.secret === null ? messages.wrongCredentials : messages.linkInvalid
    }
    return messages.failed
  }

  override render(): TemplateResult {
    const { messages } = this
    return html`<form @submit=${this.#submit}>
      ${this.secret === null
        ? html`
            <label for="email">${messages.email}</label>
            <input id="email" name="email" type="email" autocomplete="username" required dir="ltr" />
            <label for="password">${messages.password}</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required dir="ltr" />
          `
        : html`<p>${messages.linkExplained}</p>`}
      <label class="choice">
        <input
          type="checkbox"
          name="shared"
          aria-describedby="shared-explained"
          .checked=${this.isShared}
          @change=${(event: Event) => (this.isShared = (event.target as HTMLInputElement).checked)}
        />
        <span>${messages.shared}</span>
      </label>
      <p id="shared-explained" class="hint">${this.isShared ? messages.sharedExplained : messages.ownExplained}</p>
      <p class="problem" role="alert">${this.problem || nothing}</p>
      <button class="primary" ?disabled=${this.isBusy}>${messages.signIn}</button>
    </form>`
  }
}

customElements.define('plenary-sign-in-form', SignInForm)
