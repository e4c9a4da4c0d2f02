import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { ref } from 'lit/directives/ref.js'
import { preferredLanguage, speak } from './language.ts'
import { en } from './messages/en.ts'
import { type Page, pages, type Place } from './pages.ts'
import type { StatementPage } from './pages/statement.ts'
import { brand, languageChoice } from './parts/bar.ts'
import './parts/dialog.ts'
import type { Dialog } from './parts/dialog.ts'
import { PageElement } from './parts/page-element.ts'
import './parts/sign-in-form.ts'
import { followAddress, type Route, routeOf, takeLinkSecret } from './router.ts'
import { type Here, type Inside, Session } from './session.ts'
import { type Update, watchUpdates } from './updates.ts'

// How long a new version of the page waits for the last words to be saved.
const FLUSH_MS = 4_000

// Over the text, which stays as it is: what was typed meanwhile must not go with the sign-in.
function showOver(dialog: Element | undefined): void {
  if (dialog instanceof HTMLDialogElement && !dialog.open) queueMicrotask(() => dialog.isConnected && dialog.showModal())
}

/**
 * The shell: the bar at the top, the page that the address means, and what stands in its place while nobody is signed in.
 * Who is here is known by `session.ts`; what pages there are, and how one is added, is told in `pages.ts`.
 */
export class PlenaryApp extends PageElement {
  static override properties = {
    language: { state: true },
    route: { state: true },
    loaded: { state: true },
    newVersion: { state: true },
    updateProblem: { state: true },
    isSigningIn: { state: true },
    isSigningOut: { state: true },
  }

  protected declare language: string
  protected declare route: Route
  /** Pages whose code was fetched, and those for which that failed. */
  protected declare loaded: ReadonlyMap<Page, 'yes' | 'failed'>
  protected declare newVersion: Update | null
  protected declare updateProblem: boolean
  /** The form is open over the text. */
  protected declare isSigningIn: boolean
  protected declare isSigningOut: boolean

  readonly #loading = new Set<Page>()
  readonly #session = new Session(() => this.#openText)
  #go: (path: string) => void = () => {}

  constructor() {
    super()
    this.messages = en
    this.language = 'en'
    this.route = routeOf(location.pathname)
    this.loaded = new Map()
    this.newVersion = null
    this.updateProblem = false
    this.isSigningIn = false
    this.isSigningOut = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#begin()
  }

  async #begin(): Promise<void> {
    const secret = takeLinkSecret()
    await this.#speak(preferredLanguage(), false)
    const mayLeave = () => !this.#openText?.editor?.wouldLose || confirm(this.messages.leaveLoses)
    this.#go = followAddress(route => this.#arrived(route), mayLeave)
    addEventListener('hashchange', () => {
      const secret = takeLinkSecret()
      if (secret !== null) this.#session.meetLink(secret)
    })
    void watchUpdates(update => (this.newVersion = update))
    this.#session.addEventListener('change', () => {
      this.isSigningIn &&= this.#session.isSignInNeeded
      this.requestUpdate()
    })
    await this.#session.begin(secret)
  }

  async #speak(tag: string, isChosen: boolean): Promise<void> {
    const { language, messages } = await speak(tag, isChosen)
    this.language = language
    this.messages = messages
  }

  #arrived(route: Route): void {
    const isOther = JSON.stringify(route) !== JSON.stringify(this.route)
    this.route = route
    if (!isOther || this.#session.here.is !== 'inside') return
    void this.#session.ask()
    // As after loading a page, so that the keyboard and a screen reader begin at its top.
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('h1')?.focus())
  }

  get #openText(): StatementPage | null {
    return this.querySelector('plenary-statement-page')
  }

  get #dialog(): Dialog {
    return this.querySelector<Dialog>('plenary-dialog')!
  }

  async #signOut(): Promise<void> {
    const { messages } = this
    const isSure = (titles: string[]) =>
      this.#dialog.ask({
        title: messages.signOutTitle,
        content: html`<p>${messages.signOutLoses}</p>
          <ul>
            ${titles.map(title => html`<li><bdi>${title}</bdi></li>`)}
          </ul>
          <p>${messages.signOutWarning}</p>`,
        yes: messages.signOutAnyway,
        no: messages.stay,
        isGrave: true,
      })
    this.isSigningOut = true
    const isOut = await this.#session.signOut(isSure)
    this.isSigningOut = false
    if (!isOut) return
    history.replaceState(null, '', '/')
    this.route = routeOf('/')
  }

  async #useNewVersion(): Promise<void> {
    const editor = this.#openText?.editor ?? null
    if (editor?.hasUnsavedWork && (await editor.flush(FLUSH_MS)) !== 'saved') {
      this.updateProblem = true
      return
    }
    this.newVersion?.apply()
  }

  async #load(page: Page): Promise<void> {
    if (this.#loading.has(page)) return
    this.#loading.add(page)
    const outcome = await page.load!().then(() => 'yes' as const, () => 'failed' as const)
    this.#loading.delete(page)
    this.loaded = new Map(this.loaded).set(page, outcome)
  }

  #place(here: Inside): Place {
    const { messages, language, route } = this
    return {
      messages,
      language,
      session: this.#session,
      here,
      params: route.page === 'missing' ? {} : route.params,
      dialog: this.#dialog,
      go: this.#go,
      signIn: () => (this.isSigningIn = true),
    }
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed)
    const { messages, route } = this
    const { here } = this.#session
    const page = route.page === 'missing' ? null : pages[route.page]
    const name =
      here.is === 'outside' ? messages.signIn : here.is === 'inside' ? (page?.title(this.#place(here)) ?? messages.missingTitle) : ''
    document.title = name === '' ? 'Plenary' : `${name} · Plenary`
  }

  #languages(): TemplateResult {
    return languageChoice(this.messages, this.language, tag => void this.#speak(tag, true))
  }

  #card(title: string, content: TemplateResult): TemplateResult {
    return html`<main class="card">
      <div class="card-head">${brand(false)} ${this.#languages()}</div>
      <h1>${title}</h1>
      ${content}
    </main>`
  }

  #outside({ secret, name }: Here & { is: 'outside' }): TemplateResult {
    const { messages } = this
    return this.#card(
      secret === null ? messages.signIn : messages.linkTitle,
      html`
        ${this.#session.isLeftBehind ? html`<p class="note" role="alert">${messages.deleteBlocked}</p>` : nothing}
        ${secret !== null && name !== null ? html`<p class="note">${messages.linkInstead(name)}</p>` : nothing}
        <plenary-sign-in-form
          .messages=${messages}
          .secret=${secret}
          @signed-in=${() => void this.#session.signedIn()}
          @link-invalid=${() => this.#session.forgetLink()}
        ></plenary-sign-in-form>
      `,
    )
  }

  #missing(here: Inside): TemplateResult {
    const { messages, route } = this
    const isStatement = route.page === 'statement' && here.isOffline
    return html`<h1 tabindex="-1">${messages.missingTitle}</h1>
      <p>${isStatement ? messages.missingOffline : messages.missing}</p>
      <p><a href="/">${messages.back}</a></p>`
  }

  #content(place: Place, page: Page | null): { content: TemplateResult; isWide: boolean } {
    const { messages } = this
    if (page?.load && this.loaded.get(page) !== 'yes') {
      const hasFailed = this.loaded.get(page) === 'failed'
      if (!hasFailed) void this.#load(page)
      return {
        isWide: false,
        content: hasFailed
          ? html`<p class="note" role="alert">
              ${messages.pageFailed}
              <button type="button" @click=${() => void this.#load(page)}>${messages.tryAgain}</button>
            </p>`
          : html`<p class="loading">${messages.loading}</p>`,
      }
    }
    const content = page?.render(place) ?? null
    return content ? { content, isWide: page?.isWide ?? false } : { content: this.#missing(place.here), isWide: false }
  }

  #inside(here: Inside): TemplateResult {
    const { messages, route } = this
    const { name } = here.user
    const { content, isWide } = this.#content(this.#place(here), route.page === 'missing' ? null : pages[route.page])
    return html`
      <a class="skip" href="#content" @click=${this.#skip}>${messages.skip}</a>
      <header class="bar">
        ${brand(true)}
        ${route.page === 'statements' ? nothing : html`<a class="back" href="/">${messages.back}</a>`}
        <div class="account">
          ${this.#languages()}
          <bdi class="name" title=${messages.signedInAs(name)}>${name}</bdi>
          <button type="button" class="plain" ?disabled=${this.isSigningOut} @click=${this.#signOut}>
            ${this.isSigningOut ? messages.loading : messages.signOut}
          </button>
        </div>
      </header>
      <main id="content" class=${isWide ? 'wide' : 'list'} tabindex="-1">${content}</main>
      ${this.isSigningIn
        ? html`<dialog class="card" aria-labelledby="over-title" ${ref(showOver)} @close=${() => (this.isSigningIn = false)}>
            <h2 id="over-title">${messages.signIn}</h2>
            <plenary-sign-in-form
              .messages=${messages}
              @signed-in=${() => void this.#session.signedIn()}
            ></plenary-sign-in-form>
          </dialog>`
        : nothing}
      ${this.newVersion
        ? html`<div class="toast" role="status">
            <span>${messages.newVersion} ${this.updateProblem ? messages.notSavedYet : nothing}</span>
            <button type="button" @click=${this.#useNewVersion}>
              ${this.#openText ? messages.reloadWhenSaved : messages.reload}
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
    const { messages } = this
    const { here } = this.#session
    const away = () =>
      html`<p>${messages.unreachable}</p>
        <button type="button" class="primary" @click=${() => void this.#session.ask()}>${messages.tryAgain}</button>`
    return html`
      ${here.is === 'starting' ? html`<main class="list"><p class="loading">${messages.loading}</p></main>` : nothing}
      ${here.is === 'outside' ? this.#outside(here) : nothing} ${here.is === 'nowhere' ? this.#card('Plenary', away()) : nothing}
      ${here.is === 'inside' ? this.#inside(here) : nothing}
      <plenary-dialog .messages=${messages}></plenary-dialog>
    `
  }
}

customElements.define('plenary-app', PlenaryApp)
