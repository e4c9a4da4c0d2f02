import { html, nothing, type TemplateResult } from 'lit'
import { ApiError } from '../api.ts'
import type { Place } from '../pages.ts'
import { PageElement } from '../parts/page-element.ts'
import './account/password.ts'
import './account/second-factor.ts'
import './account/sessions.ts'
import type { Sessions } from './account/sessions.ts'

/** One's own account: who one is here, the password, the second factor, and where one is signed in. */
export class AccountPage extends PageElement {
  static override properties = { ...PageElement.properties, place: { attribute: false }, byLink: { state: true } }

  declare place: Place
  /** They came by a link, and may have no password or have forgotten it; `null` until it is known. */
  protected declare byLink: boolean | null

  constructor() {
    super()
    this.byLink = null
  }

  // All other sign-ins have ended.
  readonly #othersEnded = (): void => void this.querySelector<Sessions>('plenary-sessions')?.ask()

  readonly #asked = ({ detail }: CustomEvent<{ byLink: boolean }>): void => void (this.byLink = detail.byLink)

  // Nobody is signed in any more, or more is asked of them: what then is for the shell to say.
  readonly #failed = ({ detail }: CustomEvent<unknown>): void => {
    const isOut = detail instanceof ApiError && ['sign-in-needed', 'second-factor-required'].includes(detail.code)
    if (isOut) void this.place.session.ask()
  }

  #person(): TemplateResult {
    const { messages, language, here } = this.place
    const { account } = messages
    const { name, email, administrator, organisation } = here.user
    const names = organisation?.names ?? {}
    const named = names[language] ?? names['en'] ?? Object.values(names)[0]
    return html`<dl class="known">
        <div><dt>${account.name}</dt><dd><bdi>${name}</bdi></dd></div>
        <div><dt>${messages.email}</dt><dd><bdi dir="ltr">${email}</bdi></dd></div>
        <div><dt>${account.organisation}</dt><dd><bdi>${named ?? account.noOrganisation}</bdi></dd></div>
      </dl>
      <p class="hint">${administrator ? account.administrator : account.adminChanges}</p>`
  }

  override render(): TemplateResult {
    const { messages, here } = this.place
    const { account } = messages
    const email = here.user.email ?? ''
    return html`<h1 tabindex="-1">${account.title}</h1>
      ${here.isOffline ? html`<p class="note" role="status"><strong>${messages.offline}</strong></p>` : nothing} ${this.#person()}
      <div class="account-sections" @request-failed=${this.#failed}>
        <plenary-second-factor
          .messages=${messages}
          .dialog=${this.place.dialog}
          .owner=${email}
          @others-ended=${this.#othersEnded}
        ></plenary-second-factor>
        <plenary-sessions .messages=${messages} .dialog=${this.place.dialog} @asked=${this.#asked}></plenary-sessions>
        <plenary-password
          .messages=${messages}
          .owner=${email}
          .byLink=${this.byLink}
          @others-ended=${this.#othersEnded}
        ></plenary-password>
      </div>`
  }
}

customElements.define('plenary-account', AccountPage)
