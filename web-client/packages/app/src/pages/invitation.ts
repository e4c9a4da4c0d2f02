import { html, nothing, type TemplateResult } from 'lit'
import { chooseDevice, device, hasChosen } from '../account.ts'
import { acceptInvitation, type InvitationOffer, lookAtInvitation } from '../api/links.ts'
import { ApiError, type Device } from '../api.ts'
import { isolated } from '../isolated.ts'
import { field, problem } from '../parts/field.ts'
import { newPassword } from '../parts/new-password.ts'
import { Offered } from '../parts/offer.ts'
import '../parts/sign-in-form.ts'
import { sharedComputer, wasShared } from '../parts/shared-computer.ts'
import { problemWords, Submission } from '../parts/submission.ts'
import { dayAndTime } from '../when.ts'

/** An invitation into a group: what it gives, and how to take it, with an account or without one. */
export class InvitationPage extends Offered<InvitationOffer> {
  static override properties = { ...Offered.properties, hasAccount: { state: true }, isShared: { state: true }, isIn: { state: true } }

  /** Which of the two ways in is shown to somebody who is not signed in. */
  protected declare hasAccount: boolean
  protected declare isShared: boolean
  /** They are in the group already. */
  protected declare isIn: boolean

  readonly #submission = new Submission(this, error => this.#words(error))

  constructor() {
    super()
    // Whoever has signed in in this browser has an account.
    this.hasAccount = hasChosen()
    this.isShared = wasShared()
    this.isIn = false
  }

  protected override look(secret: string): Promise<InvitationOffer> {
    return lookAtInvitation(secret)
  }

  protected override over(): string {
    return this.messages.account.invitationOver
  }

  #words(error: unknown): string {
    const { messages } = this
    const { account } = messages
    if (this.tellIfOver(error)) return ''
    const code = error instanceof ApiError ? error.code : ''
    // Somebody signed in, or out, in another tab, or more is asked of them.
    if (['sign-in-needed', 'signed-in', 'second-factor-required'].includes(code)) void this.arriving.changed()
    if (code === 'already-member') this.isIn = true
    const words: Record<string, string> = {
      'other-address': account.otherAddress,
      'email-taken': account.emailTaken,
      'already-member': account.alreadyMember,
      'archived': account.archived,
      'invalid': `${account.passwordRefused} ${account.checkEntries}`,
      'unknown-user': account.checkEntries,
    }
    return words[code] ?? problemWords(error, messages)
  }

  async #submit(event: Event): Promise<void> {
    const { secret, here, leave } = this.arriving
    const where: Device = this.isShared ? 'shared' : 'own'
    const isIn = await this.#submission.run(event, async data => {
      const text = (name: string) => String(data.get(name)).trim()
      const newcomer = here ? null : { name: text('name'), email: text('email'), password: String(data.get('new')) }
      await acceptInvitation(secret, here ? device() : where, newcomer)
      if (newcomer) chooseDevice(where)
    })
    if (isIn) await leave()
  }

  #join(name: string): TemplateResult {
    const { messages, arriving } = this
    const { account } = messages
    const { isBusy, problem: words } = this.#submission
    return html`<form @submit=${this.#submit}>
      <p>${account.youAre(isolated(name))}</p>
      ${problem(words)}
      ${this.isIn
        ? html`<button type="button" class="primary" @click=${() => void arriving.leave()}>${account.toStatements}</button>`
        : html`<button class="primary" ?disabled=${isBusy}>${isBusy ? messages.loading : account.join}</button>`}
      <p class="other-ways">
        <button type="button" class="link" @click=${() => void arriving.signOut()}>${account.notMe}</button>
        <button type="button" class="link" @click=${() => void arriving.leave()}>${account.leaveLink}</button>
      </p>
    </form>`
  }

  #newcomer(): TemplateResult {
    const { messages, isShared } = this
    const { account } = messages
    const { isBusy, problem: words } = this.#submission
    return html`<form @submit=${this.#submit}>
      ${problem(words)}
      ${field({ name: 'name', label: account.yourName, hint: account.yourNameHint, autocomplete: 'name', lengthMax: 120 })}
      ${field({ name: 'email', label: messages.email, type: 'email', autocomplete: 'username' })}
      ${newPassword(messages, messages.password)}
      ${sharedComputer(messages, isShared, isOn => (this.isShared = isOn))}
      <button class="primary" ?disabled=${isBusy}>${isBusy ? messages.loading : account.makeAndJoin}</button>
    </form>`
  }

  #who(): TemplateResult {
    const { account } = this.messages
    const option = (hasAccount: boolean, words: string) =>
      html`<label class="tick">
        <input type="radio" name="who" .checked=${this.hasAccount === hasAccount} @change=${() => (this.hasAccount = hasAccount)} />
        <span>${words}</span>
      </label>`
    return html`<fieldset class="choice">
        <legend>${account.whoAreYou}</legend>
        ${option(false, account.isNew)} ${option(true, account.hasAccount)}
      </fieldset>
      ${this.hasAccount
        ? html`<p class="hint">${account.signInAndSee}</p>
            <plenary-sign-in-form .messages=${this.messages} @signed-in=${() => void this.arriving.changed()}></plenary-sign-in-form>`
        : this.#newcomer()}`
  }

  protected override show({ group, role, inviter, is_for_one_address, expires }: InvitationOffer): TemplateResult {
    const { messages, arriving } = this
    const { account } = messages
    // A guest has no account yet.
    const user = arriving.here && !arriving.here.user.guest ? arriving.here.user : null
    return html`<p>${inviter === null ? account.invitedByOperator : account.invitedBy(isolated(inviter))}</p>
      <p class="offer"><strong><bdi>${group.name}</bdi></strong></p>
      <p>${account.asRole(messages.roles[role])}. ${account.mayDo[role]}</p>
      <p class="hint">${account.until(dayAndTime(expires))}. ${is_for_one_address ? account.forOneAddress : nothing}</p>
      ${user ? this.#join(user.name) : this.#who()}`
  }
}

customElements.define('plenary-invitation', InvitationPage)
