import { html, nothing, type TemplateResult } from 'lit'
import { resetPassword } from '../api/account.ts'
import { ApiError } from '../api.ts'
import type { Arriving } from '../arrivals.ts'
import { isolated } from '../isolated.ts'
import { problem } from '../parts/field.ts'
import { newPassword, newPasswordWords } from '../parts/new-password.ts'
import { PageElement } from '../parts/page-element.ts'
import { Submission } from '../parts/submission.ts'

/** An administrator's link, by which somebody sets a new password. It signs nobody in. */
export class Reset extends PageElement {
  static override properties = {
    ...PageElement.properties,
    arriving: { attribute: false },
    state: { state: true },
  }

  declare arriving: Arriving
  protected declare state: 'open' | 'done' | 'over'

  readonly #submission = new Submission(this, error => this.#words(error))

  constructor() {
    super()
    this.state = 'open'
  }

  override firstUpdated(): void {
    this.querySelector<HTMLElement>('#new')?.focus()
  }

  #words(error: unknown): string {
    if (error instanceof ApiError && error.code === 'wrong-credentials') {
      this.state = 'over'
      return ''
    }
    return newPasswordWords(error, this.messages)
  }

  async #submit(event: Event): Promise<void> {
    const isSet = await this.#submission.run(event, data => resetPassword(this.arriving.secret, String(data.get('new'))))
    if (isSet) this.state = 'done'
    await this.updateComplete
    if (this.state !== 'open') this.querySelector<HTMLElement>('button')?.focus()
    else this.querySelector<HTMLInputElement>('#new')?.select()
  }

  override render(): TemplateResult {
    const { messages, arriving, state } = this
    const { account } = messages
    if (state !== 'open') {
      return html`<p class="note ${state === 'done' ? 'calm' : ''}" role="status">
          ${state === 'done' ? account.resetDone : account.resetOver}
        </p>
        <button type="button" class="primary" @click=${() => void arriving.leave()}>${account.toSignIn}</button>`
    }
    return html`<form @submit=${this.#submit}>
      <p>${account.resetExplained} ${account.resetEnds}</p>
      ${arriving.here ? html`<p class="note">${account.resetInstead(isolated(arriving.here.user.name))}</p>` : nothing}
      ${problem(this.#submission.problem)} ${newPassword(messages, account.newPassword)}
      <button class="primary" ?disabled=${this.#submission.isBusy}>
        ${this.#submission.isBusy ? messages.loading : account.resetDo}
      </button>
      <p class="other-ways"><button type="button" class="link" @click=${() => void arriving.leave()}>${account.leaveLink}</button></p>
    </form>`
  }
}

customElements.define('plenary-reset', Reset)
