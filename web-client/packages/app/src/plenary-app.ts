import { html, nothing, svg, type PropertyValues, type TemplateResult } from 'lit'
import { ref } from 'lit/directives/ref.js'
import type { AccountStore } from '@plenary/provider/store'
import * as account from './account.ts'
import { ApiError, type Group, type Me, me, signOut, type Statement, type User } from './api.ts'
import { languages, preferredLanguage, speak } from './language.ts'
import { en } from './messages/en.ts'
import { PageElement } from './parts/page-element.ts'
import { followAddress, type Route, routeOf, takeLinkSecret } from './router.ts'
import './parts/sign-in-form.ts'
import './parts/sign-out-dialog.ts'
import type { SignOutDialog } from './parts/sign-out-dialog.ts'
import './pages/statements.ts'
import './pages/statement.ts'
import type { Ended, StatementPage } from './pages/statement.ts'
import { type Update, watchUpdates } from './updates.ts'

/** What the page is about just now. */
type View =
  | { is: 'starting' }
  /** Nobody is signed in; `secret` of a link, when one was followed. */
  | { is: 'outside'; secret: string | null; name: string | null }
  /** The server cannot be reached and nothing is known here. */
  | { is: 'nowhere' }
  | { is: 'inside'; user: User; groups: Group[]; statements: Statement[]; isOffline: boolean }

// Without a line, or with one that lies, the browser does not always tell when it is back.
const ASK_AGAIN_MS = 20_000
// How long a sign-out waits for the last words to be saved.
const FLUSH_MS = 4_000

const NOTHING_KEPT: ReadonlySet<string> = new Set()

// Over the text, which stays as it is: what was typed meanwhile must not go with the sign-in.
function showOver(dialog: Element | undefined): void {
  if (dialog instanceof HTMLDialogElement && !dialog.open) queueMicrotask(() => dialog.isConnected && dialog.showModal())
}

/** All pages: who is here, where the address points to, and the bar around it. */
export class PlenaryApp extends PageElement {
  static override properties = {
    language: { state: true },
    view: { state: true },
    route: { state: true },
    store: { state: true },
    kept: { state: true },
    unsaved: { state: true },
    ended: { state: true },
    newVersion: { state: true },
    updateProblem: { state: true },
    isSignInNeeded: { state: true },
    isSigningIn: { state: true },
    problem: { state: true },
  }

  declare language: string
  declare view: View
  declare route: Route
  declare store: AccountStore | null
  declare kept: ReadonlySet<string> | null
  declare unsaved: ReadonlySet<string>
  declare ended: Ended | null
  declare newVersion: Update | null
  declare updateProblem: boolean
  /** The session has ended under an open text. */
  declare isSignInNeeded: boolean
  /** The form is open over the text. */
  declare isSigningIn: boolean
  declare problem: string

  // Tabs of one browser share one session; a change of person in one is news to the others.
  readonly #session = new BroadcastChannel('plenary-session')
  #asking: Promise<void> | null = null

  constructor() {
    super()
    this.messages = en
    this.language = 'en'
    this.view = { is: 'starting' }
    this.route = routeOf(location.pathname)
    this.store = null
    this.kept = null
    this.unsaved = NOTHING_KEPT
    this.ended = null
    this.newVersion = null
    this.updateProblem = false
    this.isSignInNeeded = false
    this.isSigningIn = false
    this.problem = ''
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#begin()
  }

  async #begin(): Promise<void> {
    const secret = takeLinkSecret()
    await this.#speak(preferredLanguage(), false)
    const mayLeave = () => !this.#page?.editor?.wouldLose || confirm(this.messages.leaveLoses)
    followAddress(route => this.#arrived(route), mayLeave)
    this.#session.addEventListener('message', ({ data }) => this.#heard(data as string | null))
    addEventListener('hashchange', () => {
      const secret = takeLinkSecret()
      if (secret !== null) this.#meetLink(secret)
    })
    const ask = () => void this.#ask()
    addEventListener('online', ask)
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && ask())
    setInterval(() => this.view.is === 'inside' && this.view.isOffline && document.visibilityState === 'visible' && ask(), ASK_AGAIN_MS)
    void watchUpdates(update => (this.newVersion = update))
    await this.#ask()
    if (secret !== null) this.#meetLink(secret)
  }

  async #speak(tag: string, isChosen: boolean): Promise<void> {
    const { language, messages } = await speak(tag, isChosen)
    this.language = language
    this.messages = messages
  }

  #meetLink(secret: string): void {
    this.view = { is: 'outside', secret, name: this.view.is === 'inside' ? this.view.user.name : null }
  }

  #arrived(route: Route): void {
    const isOther = JSON.stringify(route) !== JSON.stringify(this.route)
    this.route = route
    if (!isOther) return
    this.problem = ''
    if (this.view.is === 'inside') {
      void this.#ask()
      // As after loading a page, so that the keyboard and a screen reader begin at its top.
      void this.updateComplete.then(() => this.querySelector<HTMLElement>('h1')?.focus())
    }
  }

  /** Asks the server who is here and what they see; several calls at once are one. */
  #ask(): Promise<void> {
    this.#asking ??= this.#askNow().finally(() => (this.#asking = null))
    return this.#asking
  }

  async #askNow(): Promise<void> {
    if (this.ended) return
    let found: Me
    try {
      if (account.isSignOutPending()) {
        await signOut().catch(error => {
          if (!(error instanceof ApiError) || error.isAway) throw error
        })
        account.setSignOutPending(false)
      }
      found = await me()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.isAway) await this.#stayWithoutLine()
      else if (this.view.is === 'inside' && this.#page) this.isSignInNeeded = true
      else if (this.view.is !== 'outside') this.view = { is: 'outside', secret: null, name: null }
      return
    }
    const before = this.view.is === 'inside' ? this.view.user : null
    if (before && before.id !== found.user.id && this.#page) {
      this.#end('other-account')
      return
    }
    this.isSignInNeeded = this.isSigningIn = false
    account.remember(found.user)
    this.#session.postMessage(found.user.id)
    this.store = await account.storeOf(found.user).catch(() => null)
    // Whoever lost access keeps the page with their words until they leave it.
    const open = this.#statement
    const isLost = open !== null && !found.statements.some(({ id }) => id === open.id)
    if (isLost && this.#page?.editor?.hasUnsavedWork) found.statements.push({ ...open, access: 'read' })
    this.view = { is: 'inside', user: found.user, groups: found.groups, statements: found.statements, isOffline: false }
    void this.#lookAtDevice()
  }

  async #stayWithoutLine(): Promise<void> {
    if (this.view.is === 'inside') {
      this.view = { ...this.view, isOffline: true }
      return
    }
    const user = account.isSignOutPending() ? null : account.rememberedUser()
    const store = user && (await account.storeOf(user).catch(() => null))
    const statements = store ? await account.keptStatements(store).catch(() => []) : []
    if (!user || !store) {
      this.view = { is: 'nowhere' }
      return
    }
    const groups = [...new Map(statements.map(({ group }) => [group.id, group])).values()]
    this.store = store
    this.view = { is: 'inside', user, groups, statements, isOffline: true }
    void this.#lookAtDevice()
  }

  async #lookAtDevice(): Promise<void> {
    const { store } = this
    if (!store) {
      this.kept = null
      this.unsaved = NOTHING_KEPT
      return
    }
    try {
      const [kept, unsaved] = await Promise.all([store.documents(), store.unsaved()])
      this.kept = new Set(kept.map(({ document }) => document))
      this.unsaved = new Set(unsaved.map(({ document }) => document))
    } catch {
      // No storage here: nothing is kept, and the editor says so where it matters.
      this.kept = null
    }
  }

  get #page(): StatementPage | null {
    return this.querySelector('plenary-statement-page')
  }

  /** `user`: who is signed in in another tab, `null` for nobody. */
  #heard(user: string | null): void {
    if (this.view.is === 'inside' && this.view.user.id !== user) {
      if (this.#page) this.#end(user === null ? 'signed-out' : 'other-account')
      else location.reload()
    } else if (this.isSignInNeeded && user !== null) {
      // In again by a link, in another tab.
      void this.#signedIn()
    } else if (this.view.is === 'outside' && this.view.secret === null && user !== null) {
      void this.#signedIn()
    }
  }

  #end(ended: Ended): void {
    this.ended = ended
    this.isSignInNeeded = this.isSigningIn = false
  }

  async #signedIn(): Promise<void> {
    if (this.view.is === 'outside') this.view = { is: 'starting' }
    await this.#ask()
    await this.#page?.editor?.connect()
  }

  async #signOut(): Promise<void> {
    if (this.view.is !== 'inside') return
    const { user } = this.view
    const editor = this.#page?.editor ?? null
    const isSaved = editor === null || (await editor.flush(FLUSH_MS)) === 'saved'
    const unsaved = new Map((await this.store?.unsaved().catch(() => []))?.map(one => [one.document, one]))
    const open = this.#statement
    const titles: { document: string; title: string }[] = [...unsaved.values()]
    if (!isSaved && open && editor.hasUnsavedWork && !unsaved.has(open.documents.body)) {
      titles.push({ document: open.documents.body, title: open.title })
    }
    if (titles.length > 0) {
      const dialog = this.querySelector<SignOutDialog>('plenary-sign-out-dialog')!
      if (!(await dialog.isSure(titles))) return
    }
    editor?.destroy()
    await account.deleteAll(user).catch(() => (this.problem = this.messages.deleteBlocked))
    account.setSignOutPending(true)
    this.store = null
    this.view = { is: 'outside', secret: null, name: null }
    this.#session.postMessage(null)
    history.replaceState(null, '', '/')
    this.route = routeOf('/')
    // Without a line the server is told as soon as there is one, before anything else.
    await signOut().then(
      () => account.setSignOutPending(false),
      (error: ApiError) => !error.isAway && account.setSignOutPending(false),
    )
  }

  async #reload(): Promise<void> {
    const editor = this.#page?.editor ?? null
    if (editor?.hasUnsavedWork && (await editor.flush(FLUSH_MS)) !== 'saved') {
      this.updateProblem = true
      return
    }
    this.newVersion?.apply()
  }

  get #statement(): Statement | null {
    const { view, route } = this
    if (view.is !== 'inside' || route.page !== 'statement') return null
    return view.statements.find(({ id }) => id === route.id) ?? null
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('view') || changed.has('route') || changed.has('messages')) {
      const { view, messages } = this
      const page = view.is === 'outside' ? messages.signIn : view.is === 'inside' ? (this.#statement?.title ?? messages.statements) : ''
      document.title = page === '' ? 'Plenary' : `${page} · Plenary`
    }
  }

  #brand(isLink: boolean): TemplateResult {
    const mark = html`<svg viewBox="0 0 24 24" class="icon" aria-hidden="true">
        ${svg`<path d="M5 15a7 7 0 0 1 14 0" /><path d="M9 16a3 3 0 0 1 6 0" /><path d="M4 20h16" />`}
      </svg>
      <span>Plenary</span>`
    return isLink ? html`<a class="brand" href="/">${mark}</a>` : html`<span class="brand">${mark}</span>`
  }

  #languages(): TemplateResult {
    const { messages, language } = this
    return html`<label class="language">
      <span class="unseen">${messages.language}</span>
      <select
        @change=${(event: Event) => void this.#speak((event.target as HTMLSelectElement).value, true)}
        .value=${language}
      >
        ${languages.map(({ tag, name }) => html`<option value=${tag} lang=${tag} ?selected=${tag === language}>${name}</option>`)}
      </select>
    </label>`
  }

  #card(title: string, content: TemplateResult): TemplateResult {
    return html`<main class="card">
      <div class="card-head">${this.#brand(false)} ${this.#languages()}</div>
      <h1>${title}</h1>
      ${content}
    </main>`
  }

  #outside({ secret, name }: { secret: string | null; name: string | null }): TemplateResult {
    const { messages } = this
    return this.#card(
      secret === null ? messages.signIn : messages.linkTitle,
      html`
        ${this.problem ? html`<p class="note" role="alert">${this.problem}</p>` : nothing}
        ${secret !== null && name !== null ? html`<p class="note">${messages.linkInstead(name)}</p>` : nothing}
        <plenary-sign-in-form
          .messages=${messages}
          .secret=${secret}
          @signed-in=${() => void this.#signedIn()}
        ></plenary-sign-in-form>
      `,
    )
  }

  #inside(view: View & { is: 'inside' }): TemplateResult {
    const { messages, route } = this
    const statement = this.#statement
    const name = view.user.name
    return html`
      <a class="skip" href="#content" @click=${this.#skip}>${messages.skip}</a>
      <header class="bar">
        ${this.#brand(true)}
        ${route.page === 'statements' ? nothing : html`<a class="back" href="/">${messages.back}</a>`}
        <div class="account">
          ${this.#languages()}
          <bdi class="name" title=${messages.signedInAs(name)}>${name}</bdi>
          <button type="button" class="plain" @click=${this.#signOut}>${messages.signOut}</button>
        </div>
      </header>
      <main id="content" class=${statement ? 'statement-main' : 'list'} tabindex="-1">
        ${statement
          ? html`<plenary-statement-page
              .messages=${messages}
              .language=${this.language}
              .statement=${statement}
              .user=${view.user}
              .store=${this.store}
              .ended=${this.ended}
              @ask-again=${() => void this.#ask()}
              .isSignInNeeded=${this.isSignInNeeded}
              @sign-in-needed=${() => void this.#ask()}
              @sign-in=${() => (this.isSigningIn = true)}
            ></plenary-statement-page>`
          : route.page === 'statements'
            ? html`<plenary-statement-list
                .messages=${messages}
                .groups=${view.groups}
                .statements=${view.statements}
                .kept=${this.kept}
                .unsaved=${this.unsaved}
                .isOffline=${view.isOffline}
              ></plenary-statement-list>`
            : html`<h1 tabindex="-1">${messages.statements}</h1>
                <p class="note">${view.isOffline ? messages.missingOffline : messages.missing}</p>
                <p><a href="/">${messages.back}</a></p>`}
      </main>
      <plenary-sign-out-dialog .messages=${messages}></plenary-sign-out-dialog>
      ${this.isSigningIn
        ? html`<dialog
            class="card"
            aria-labelledby="over-title"
            ${ref(showOver)}
            @close=${() => (this.isSigningIn = false)}
          >
            <h2 id="over-title">${messages.signIn}</h2>
            <plenary-sign-in-form
              .messages=${messages}
              @signed-in=${() => void this.#signedIn()}
            ></plenary-sign-in-form>
          </dialog>`
        : nothing}
      ${this.newVersion
        ? html`<div class="toast" role="status">
            <span>${messages.newVersion} ${this.updateProblem ? messages.notSavedYet : nothing}</span>
            <button type="button" @click=${this.#reload}>
              ${this.#page ? messages.reloadWhenSaved : messages.reload}
            </button>
          </div>`
        : nothing}
    `
  }

  // The fragment is not ours to set: sign-in links have theirs there.
  #skip(event: Event): void {
    event.preventDefault()
    this.querySelector<HTMLElement>('#content')?.focus()
  }

  override render(): TemplateResult {
    const { view, messages } = this
    switch (view.is) {
      case 'starting':
        return html`<main class="list"><p class="loading">${messages.loading}</p></main>`
      case 'outside':
        return this.#outside(view)
      case 'nowhere':
        return this.#card(
          'Plenary',
          html`<p>${messages.unreachable}</p>
            <button type="button" class="primary" @click=${() => void this.#ask()}>${messages.tryAgain}</button>`,
        )
      case 'inside':
        return this.#inside(view)
    }
  }
}

customElements.define('plenary-app', PlenaryApp)
