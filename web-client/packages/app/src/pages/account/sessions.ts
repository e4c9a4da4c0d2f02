import { html, nothing, type TemplateResult } from 'lit'
import { endOtherSessions, endSession, type OpenSession, openSessions } from '../../api/account.ts'
import { ApiError } from '../../api.ts'
import type { Dialog } from '../../parts/dialog.ts'
import { dayAndTime } from '../../when.ts'
import { Section } from './section.ts'

/** Where one is signed in, to end what should not be. Fires `asked` with `{ byLink }`: how one came in here. */
export class Sessions extends Section {
  static override properties = {
    ...Section.properties,
    dialog: { attribute: false },
    sessions: { state: true },
    isBusy: { state: true },
  }

  declare dialog: Dialog
  /** `null` until the server has answered. */
  protected declare sessions: OpenSession[] | null
  protected declare isBusy: boolean

  constructor() {
    super()
    this.sessions = null
    this.isBusy = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.ask()
  }

  /** Asks the server again. */
  async ask(): Promise<void> {
    await this.attempt(async () => {
      const found = await openSessions()
      this.sessions = found.toSorted((a, b) => Number(b.present) - Number(a.present) || b.last_used - a.last_used)
      const byLink = found.some(({ present, by }) => present && by === 'link')
      this.dispatchEvent(new CustomEvent('asked', { detail: { byLink } }))
    })
  }

  async #end(id: string): Promise<void> {
    if (this.isBusy) return
    this.isBusy = true
    this.said = ''
    const isDone = await this.attempt(async () => {
      await endSession(id).catch(error => {
        // It has ended meanwhile.
        if (!(error instanceof ApiError) || error.status !== 404) throw error
      })
    })
    if (isDone) {
      await this.ask()
      this.said = this.messages.account.ended
      this.#focus()
    }
    this.isBusy = false
  }

  async #endOthers(): Promise<void> {
    const { account } = this.messages
    this.said = ''
    const isDone = await this.dialog.fill(
      { title: account.endOthersTitle, content: html`<p>${account.endOthersExplained}</p>`, yes: account.endOthers },
      endOtherSessions,
    )
    if (!isDone) return
    await this.ask()
    this.said = account.othersEnded
    this.#focus()
  }

  // The button that was pressed is gone.
  #focus(): void {
    this.querySelector('h2')?.focus()
  }

  #session({ id, present, created, last_used, by, second_factor, device, device_name }: OpenSession): TemplateResult {
    const { account } = this.messages
    const name = device_name ?? account.unnamedDevice
    return html`<li class="row">
      <div>
        <strong><bdi>${name}</bdi></strong>
        ${present ? html`<span class="mark">${account.thisDevice}</span>` : nothing}
        <p class="facts">
          <span>${account.lastUsed(dayAndTime(last_used))}</span>
          <span>${account.signedInAt(dayAndTime(created))}</span>
          ${by === 'link' ? html`<span>${account.byLink}</span>` : nothing}
          ${second_factor ? html`<span>${account.withSecondFactor}</span>` : nothing}
          ${device === 'shared' ? html`<span>${account.sharedDevice}</span>` : nothing}
        </p>
      </div>
      ${present
        ? nothing
        : html`<p class="actions">
            <button
              type="button"
              aria-label=${account.endOne(name, dayAndTime(created))}
              ?disabled=${this.isBusy}
              @click=${() => void this.#end(id)}
            >
              ${account.end}
            </button>
          </p>`}
    </li>`
  }

  #list(sessions: OpenSession[]): TemplateResult {
    const { account } = this.messages
    const hasOthers = sessions.some(({ present }) => !present)
    return html`${this.outcome()}
      <ul class="rows">
        ${sessions.map(session => this.#session(session))}
      </ul>
      ${hasOthers
        ? html`<p class="actions"><button type="button" @click=${() => void this.#endOthers()}>${account.endOthers}</button></p>`
        : html`<p class="hint">${account.noOthers}</p>`}`
  }

  override render(): TemplateResult {
    const { account } = this.messages
    return html`<section aria-labelledby="sessions-title">
      <h2 id="sessions-title" tabindex="-1">${account.sessions}</h2>
      <p class="quiet">${account.sessionsExplained}</p>
      ${this.sessions ? this.#list(this.sessions) : this.waiting(() => void this.ask())}
    </section>`
  }
}

customElements.define('plenary-sessions', Sessions)
