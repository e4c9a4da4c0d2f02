import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { PlenaryEditor } from '@plenary/embed'
import type { TokenPurpose } from '@plenary/provider'
import type { AccountStore } from '@plenary/provider/store'
import { ApiError, drawTicket, type Statement, type User } from '../api.ts'
import { factsOf } from '../account.ts'
import { PageElement } from '../parts/page-element.ts'

/** Why the page no longer writes: somebody signed out, or in as somebody else, in another tab. */
export type Ended = 'signed-out' | 'other-account'

/**
 * One statement: what it is, and its text in the editor. Fires `ask-again` when what is known of it may be stale,
 * `sign-in-needed` when the server no longer knows who this is, and `sign-in` when the person wants to do so.
 */
export class StatementPage extends PageElement {
  static override properties = {
    ...PageElement.properties,
    language: { attribute: false },
    statement: { attribute: false },
    user: { attribute: false },
    store: { attribute: false },
    ended: { attribute: false },
    isSignInNeeded: { attribute: false },
    isLoaded: { state: true },
    hasFailed: { state: true },
  }

  declare language: string
  declare statement: Statement
  declare user: User
  /** Where the text is kept; `null` on a shared computer. */
  declare store: AccountStore | null
  declare ended: Ended | null
  /** The session has ended. What is written meanwhile is kept as without a line. */
  declare isSignInNeeded: boolean
  declare isLoaded: boolean
  declare hasFailed: boolean

  constructor() {
    super()
    this.ended = null
    this.isSignInNeeded = false
    this.isLoaded = false
    this.hasFailed = false
  }

  /** The editor, once there is one. */
  get editor(): PlenaryEditor | null {
    return this.querySelector('plenary-editor')
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#load()
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('statement') && this.store) {
      // What the list shows without a line. Failing that, the text is kept all the same and the editor says so if not.
      this.store.remember(this.statement.documents.body, factsOf(this.statement)).catch(() => {})
    }
    if (changed.has('ended') && this.ended) this.editor?.disconnect()
  }

  async #load(): Promise<void> {
    this.hasFailed = false
    try {
      await import('@plenary/embed')
      this.isLoaded = true
    } catch {
      this.hasFailed = true
    }
  }

  #tell(name: string): void {
    this.dispatchEvent(new Event(name, { bubbles: true }))
  }

  // The server's word for a stage is in the list of statements; the editor only learns whether it may write.
  readonly #askAgain = () => this.#tell('ask-again')

  // A ticket for the socket; over HTTP the sign-in cookie does.
  readonly #token = async (document: string, purpose: TokenPurpose): Promise<string | null> => {
    if (purpose === 'state') return ''
    try {
      return await drawTicket(document)
    } catch (error) {
      // Nobody is signed in any more, which is not the same as no line.
      if (error instanceof ApiError && error.status === 401) return null
      throw error
    }
  }

  // Said in the note of this page, which has the button to sign in again.
  readonly #onTokenNeeded = (event: Event): void => {
    event.preventDefault()
    this.#tell('sign-in-needed')
  }

  #note(): string | null {
    const { messages, statement, ended } = this
    if (ended) return ended === 'signed-out' ? messages.signedOutElsewhere : messages.otherAccount
    if (this.isSignInNeeded) return messages.signInEnded
    if (statement.stage !== 'draft') return messages.frozen(messages.stages[statement.stage] ?? statement.stage)
    return statement.access === 'read' ? messages.observing : null
  }

  override render(): TemplateResult {
    const { messages, statement, user, language, ended } = this
    const { title, stage, kind, group, documents } = statement
    const note = this.#note()
    return html`
      <header class="title">
        <h1 tabindex="-1"><bdi>${title}</bdi></h1>
        <p class="facts">
          <span class="stage" data-stage=${stage}>${messages.stages[stage] ?? stage}</span>
          <span>${messages.kinds[kind] ?? kind}</span>
          <span><bdi>${group.name}</bdi></span>
          <span>${messages.roles[group.role] ?? group.role}</span>
        </p>
      </header>
      ${this.hasFailed
        ? html`<p class="note" role="alert">
            ${messages.editorFailed} <button type="button" @click=${this.#load}>${messages.tryAgain}</button>
          </p>`
        : nothing}
      ${this.isLoaded
        ? html`<plenary-editor
            .server=${location.origin}
            .document=${documents.body}
            .tokenProvider=${this.#token}
            .user=${{ id: user.id, name: user.name }}
            .store=${this.store}
            offline=${this.store ? 'keep' : 'session'}
            mode=${statement.access === 'write' && !ended ? 'edit' : 'read'}
            lang=${language}
            numbering=${kind === 'joint-submission' ? 'through' : 'lists'}
            @plenary-role-change=${this.#askAgain}
            @plenary-token-needed=${this.#onTokenNeeded}
            @plenary-connection=${(event: CustomEvent<{ state: string }>) =>
              event.detail.state === 'connected' && this.#askAgain()}
          >
            ${note
              ? html`<p slot="banner" class="note ${ended || this.isSignInNeeded || statement.stage !== 'draft' ? '' : 'calm'}" role="status">
                  ${note}
                  ${ended
                    ? html`<button type="button" @click=${() => location.reload()}>${messages.reload}</button>`
                    : nothing}
                  ${!ended && this.isSignInNeeded
                    ? html`<button type="button" @click=${() => this.#tell('sign-in')}>${messages.signIn}</button>`
                    : nothing}
                </p>`
              : nothing}
          </plenary-editor>`
        : this.hasFailed
          ? nothing
          : html`<p class="loading">${messages.loadingEditor}</p>`}
    `
  }
}

customElements.define('plenary-statement-page', StatementPage)
