import { html, nothing, type TemplateResult } from 'lit'
import { chooseDevice } from '../account.ts'
import { comeAsGuest, type GuestOffer, lookAtGuestLink } from '../api/links.ts'
import { ApiError, type Device } from '../api.ts'
import { isolated } from '../isolated.ts'
import { field, problem } from '../parts/field.ts'
import { Offered } from '../parts/offer.ts'
import { sharedComputer, wasShared } from '../parts/shared-computer.ts'
import { problemWords, Submission } from '../parts/submission.ts'
import { pathOf } from '../router.ts'
import { dayAndTime } from '../when.ts'

/** A link for guests: the one text it opens, and the name to come in by. */
export class GuestPage extends Offered<GuestOffer> {
  static override properties = { ...Offered.properties, isShared: { state: true } }

  protected declare isShared: boolean

  readonly #submission = new Submission(this, error => this.#words(error))

  constructor() {
    super()
    this.isShared = wasShared()
  }

  protected override look(secret: string): Promise<GuestOffer> {
    return lookAtGuestLink(secret)
  }

  protected override over(): string {
    return this.messages.account.guestOver
  }

  #words(error: unknown): string {
    const { messages } = this
    if (this.tellIfOver(error)) return ''
    const code = error instanceof ApiError ? error.code : ''
    if (code === 'signed-in' || code === 'second-factor-required') void this.arriving.changed()
    if (code === 'invalid') return messages.account.checkEntries
    return problemWords(error, messages)
  }

  async #submit(event: Event, { statement }: GuestOffer): Promise<void> {
    const { secret, leave } = this.arriving
    const where: Device = this.isShared ? 'shared' : 'own'
    const isIn = await this.#submission.run(event, async data => {
      await comeAsGuest(secret, String(data.get('name')).trim(), where)
      chooseDevice(where)
    })
    if (isIn) await leave(pathOf('statement', { id: statement.id }))
  }

  #signedIn(name: string, offer: GuestOffer): TemplateResult {
    const { arriving } = this
    const { account } = this.messages
    const isOwn = arriving.here!.statements.some(({ id }) => id === offer.statement.id)
    return html`<p class="note">${account.guestSignedIn(isolated(name))} ${isOwn ? account.guestOwn : account.guestPrivate}</p>
      ${isOwn
        ? html`<button
            type="button"
            class="primary"
            @click=${() => void arriving.leave(pathOf('statement', { id: offer.statement.id }))}
          >
            ${account.openIt}
          </button>`
        : nothing}
      <p class="other-ways">
        <button type="button" class="link" @click=${() => void arriving.signOut()}>${this.messages.signOut}</button>
        <button type="button" class="link" @click=${() => void arriving.leave()}>${account.leaveLink}</button>
      </p>`
  }

  #form(offer: GuestOffer): TemplateResult {
    const { messages, isShared } = this
    const { account } = messages
    const { isBusy, problem: words } = this.#submission
    return html`<form @submit=${(event: Event) => void this.#submit(event, offer)}>
      <p class="hint">${account.guestSeesOnly}</p>
      ${problem(words)}
      ${field({ name: 'name', label: account.guestName, hint: account.guestNameHint, autocomplete: 'nickname', lengthMax: 120 })}
      ${sharedComputer(messages, isShared, isOn => (this.isShared = isOn))}
      <button class="primary" ?disabled=${isBusy}>${isBusy ? messages.loading : account.comeIn}</button>
    </form>`
  }

  protected override show(offer: GuestOffer): TemplateResult {
    const { messages, arriving } = this
    const { account } = messages
    const user = arriving.here && !arriving.here.user.guest ? arriving.here.user : null
    return html`<p>${account.guestOpens}</p>
      <p class="offer"><strong><bdi>${offer.statement.title}</bdi></strong></p>
      <p>${account.asRole(messages.roles[offer.role])}. ${account.mayDo[offer.role]}</p>
      <p class="hint">${account.until(dayAndTime(offer.expires))}.</p>
      ${user ? this.#signedIn(user.name, offer) : this.#form(offer)}`
  }
}

customElements.define('plenary-guest', GuestPage)
