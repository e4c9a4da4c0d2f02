import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import type { PlenaryEditor } from '@plenary/embed'
import type { TokenPurpose } from '@plenary/provider'
import { ApiError, drawTicket, type Statement } from '../api.ts'
import { factsOf } from '../account.ts'
import type { Place } from '../pages.ts'
import { PageElement } from '../parts/page-element.ts'
import type { OpenText } from '../session.ts'

/** One statement: what it is, and its text in the editor. */
export class StatementPage extends PageElement implements OpenText {
  static override properties = {
    ...PageElement.properties,
    place: { attribute: false },
    statement: { attribute: false },
    isLoaded: { state: true },
    hasFailed: { state: true },
  }

  declare place: Place
  declare statement: Statement
  protected declare isLoaded: boolean
  protected declare hasFailed: boolean

  constructor() {
    super()
    this.isLoaded = false
    this.hasFailed = false
  }

  get editor(): PlenaryEditor | null {
    return this.querySelector('plenary-editor')
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#load()
  }

  protected override updated(changed: PropertyValues<this>): void {
    const { session } = this.place
    if (changed.has('statement') && session.store) {
      // What the list shows without a line. Failing that, the text is kept all the same and the editor says so if not.
      session.store.remember(this.statement.documents.body, factsOf(this.statement)).catch(() => {})
    }
    if (session.ended) this.editor?.disconnect()
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

  // The server's word for a stage, and whether a sign-in is needed, is in its answer; the editor only learns whether it may write.
  readonly #askAgain = (): void => void this.place.session.ask()

  // A guest whose link has ended is let in nowhere any more; the server's answer says that.
  readonly #onError = ({ detail }: CustomEvent<{ recoverable: boolean }>): void => {
    if (this.place.here.user.guest && !detail.recoverable) this.#askAgain()
  }

  // Which document a statement has now is in the server's answer, too.
  readonly #onReplaced = (event: Event): void => {
    event.preventDefault()
    this.#askAgain()
  }

  // A ticket for the socket; over HTTP the sign-in cookie does.
  readonly #token = async (document: string, purpose: TokenPurpose): Promise<string> => {
    if (purpose === 'state') return ''
    try {
      return await drawTicket(document)
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.code === 'second-factor-required')) this.#askAgain()
      throw error
    }
  }

  #note(): TemplateResult | typeof nothing {
    const { messages, session, here, signIn, setUpSecondFactor } = this.place
    const { stage, access } = this.statement
    const note = (words: string, isCalm: boolean, button: TemplateResult | typeof nothing = nothing) =>
      html`<p slot="banner" class="note ${isCalm ? 'calm' : ''}" role="status">${words} ${button}</p>`
    if (session.ended) {
      const words = session.ended === 'signed-out' ? messages.signedOutElsewhere : messages.otherAccount
      return note(words, false, html`<button type="button" @click=${() => location.reload()}>${messages.reload}</button>`)
    }
    if (session.isSecondFactorNeeded) {
      const { account } = messages
      return note(account.owingNote, false, html`<button type="button" @click=${setUpSecondFactor}>${account.setUp}</button>`)
    }
    // A guest has no other way in than another link.
    if (session.isSignInNeeded && here.user.guest) return note(messages.account.guestEnded, false)
    if (session.isSignInNeeded) {
      return note(messages.signInEnded, false, html`<button type="button" @click=${signIn}>${messages.signIn}</button>`)
    }
    if (stage !== 'draft') return note(messages.frozen(messages.stages[stage] ?? stage), false)
    return access === 'read' ? note(messages.observing, true) : nothing
  }

  #editor(): TemplateResult {
    const { statement } = this
    const { session, here, language } = this.place
    return html`<plenary-editor
      .server=${location.origin}
      .document=${statement.documents.body}
      .tokenProvider=${this.#token}
      .user=${{ id: here.user.id, name: here.user.name }}
      .store=${session.store}
      offline=${session.store ? 'keep' : 'session'}
      mode=${statement.access === 'write' && !session.ended ? 'edit' : 'read'}
      lang=${language}
      numbering=${statement.kind === 'joint-submission' ? 'through' : 'lists'}
      @plenary-role-change=${this.#askAgain}
      @plenary-token-needed=${this.#askAgain}
      @plenary-replaced=${this.#onReplaced}
      @plenary-error=${this.#onError}
      @plenary-connection=${(event: CustomEvent<{ state: string }>) => event.detail.state === 'connected' && this.#askAgain()}
    >
      ${this.#note()}
    </plenary-editor>`
  }

  override render(): TemplateResult {
    const { messages } = this.place
    const { title, stage, kind, group } = this.statement
    return html`
      <header class="title">
        <h1 tabindex="-1"><bdi>${title}</bdi></h1>
        <p class="facts">
          <span class="stage" data-stage=${stage}>${messages.stages[stage] ?? stage}</span>
          <span>${messages.kinds[kind] ?? kind}</span>
          ${group.name ? html`<span><bdi>${group.name}</bdi></span>` : nothing}
          <span>${messages.roles[group.role] ?? group.role}</span>
        </p>
      </header>
      ${this.hasFailed
        ? html`<p class="note" role="alert">
            ${messages.editorFailed} <button type="button" @click=${this.#load}>${messages.tryAgain}</button>
          </p>`
        : nothing}
      ${this.isLoaded ? this.#editor() : nothing}
      ${this.isLoaded || this.hasFailed ? nothing : html`<p class="loading">${messages.loadingEditor}</p>`}
    `
  }
}

customElements.define('plenary-statement-page', StatementPage)
