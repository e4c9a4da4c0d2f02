import { html, nothing, type TemplateResult } from 'lit'
import { changePassword } from '../../api/account.ts'
import { ApiError } from '../../api.ts'
import { field, problem } from '../../parts/field.ts'
import { newPassword, newPasswordWords } from '../../parts/new-password.ts'
import { Submission } from '../../parts/submission.ts'
import { Section } from './section.ts'

/** Changes one's password. Fires `others-ended` when it has: all other sign-ins are over. */
export class Password extends Section {
  static override properties = { ...Section.properties, owner: { attribute: false }, byLink: { attribute: false } }

  /** The address that is signed in with, for the browser's own list of passwords. */
  declare owner: string
  /** Whoever came by a link is not asked for the present one; `null` while that is not known. */
  declare byLink: boolean | null

  readonly #submission = new Submission(this, error => this.#words(error))

  constructor() {
    super()
    this.owner = ''
    this.byLink = null
  }

  #words(error: unknown): string {
    const words = this.wordsOf(error)
    if (!(error instanceof ApiError)) return words
    return error.code === 'wrong-credentials' ? this.messages.account.wrongPassword : newPasswordWords(error, this.messages)
  }

  async #submit(event: Event): Promise<void> {
    const form = event.currentTarget as HTMLFormElement
    this.said = ''
    const isDone = await this.#submission.run(event, data => {
      const present = data.get('present')
      return changePassword(present === null ? null : String(present), String(data.get('new')))
    })
    if (!isDone) return
    form.reset()
    this.querySelector<HTMLInputElement>('#new')!.type = 'password'
    this.said = this.messages.account.passwordChanged
    this.dispatchEvent(new Event('others-ended'))
    await this.updateComplete
    this.querySelector('h2')?.focus()
  }

  override render(): TemplateResult {
    const { account } = this.messages
    return html`<section aria-labelledby="password-title">
      <h2 id="password-title" tabindex="-1">${account.changePassword}</h2>
      <p class="quiet">${account.endsOthers}</p>
      <p class="note calm" role="status" ?hidden=${this.said === ''}>${this.said}</p>
      ${this.byLink === null
        ? nothing
        : html`<form class="narrow" @submit=${this.#submit}>
            ${problem(this.#submission.problem)}
            <input type="email" name="owner" autocomplete="username" .value=${this.owner} hidden readonly />
            ${this.byLink
              ? nothing
              : field({ name: 'present', label: account.presentPassword, type: 'password', autocomplete: 'current-password' })}
            ${newPassword(this.messages, account.newPassword)}
            <p class="actions"><button class="primary" ?disabled=${this.#submission.isBusy}>${account.changePassword}</button></p>
          </form>`}
    </section>`
  }
}

customElements.define('plenary-password', Password)
