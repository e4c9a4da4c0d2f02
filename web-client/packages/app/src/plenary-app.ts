import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { keyed } from 'lit/directives/keyed.js'
import { ref } from 'lit/directives/ref.js'
import { arrivals, type Arriving } from './arrivals.ts'
import { preferredLanguage, speak } from './language.ts'
import { en } from './messages/en.ts'
import { type Page, pages, type Place } from './pages.ts'
import type { StatementPage } from './pages/statement.ts'
import { brand, languageChoice, person } from './parts/bar.ts'
import './parts/dialog.ts'
import type { Dialog } from './parts/dialog.ts'
import { PageElement } from './parts/page-element.ts'
import { places } from './parts/places.ts'
import type { RecoveryCodes } from './parts/recovery-codes.ts'
import './parts/sign-in-form.ts'
import { followAddress, type Link, pathOf, type Route, routeOf, takeLink } from './router.ts'
import { type Here, type Inside, Session } from './session.ts'
import { type Update, watchUpdates } from './updates.ts'

// How long a new version of the page waits for the last words to be saved.
const FLUSH_MS = 4_000

// Over the text, which stays as it is: what was typed meanwhile must not go with the sign-in.
function showOver(dialog: Element | undefined): void {
  if (dialog instanceof HTMLDialogElement && !dialog.open) queueMicrotask(() => dialog.isConnected && dialog.showModal())
}

/** What is fetched when it is needed. */
interface Loaded {
  load?: () => Promise<unknown>
}

const enrolment: Loaded = { load: () => import('./parts/second-factor-setup.ts') }

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
    enrolling: { state: true },
    isSigningOut: { state: true },
  }

  protected declare language: string
  protected declare route: Route
  /** Pages whose code was fetched, and those for which that failed. */
  protected declare loaded: ReadonlyMap<Loaded, 'yes' | 'failed'>
  protected declare newVersion: Update | null
  protected declare updateProblem: boolean
  /** The form is open over the text. */
  protected declare isSigningIn: boolean
  /**
   * A second factor that the server asks for is being set up, in place of the page or over the text. It stays until its recovery
   * codes are put away, whatever is known of the sign-in meanwhile.
   */
  protected declare enrolling: 'instead' | 'over' | null
  protected declare isSigningOut: boolean

  readonly #loading = new Set<Loaded>()
  /** Somebody went to another page, whose heading the keyboard has not reached yet. */
  #hasArrived = false
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
    this.enrolling = null
    this.isSigningOut = false
  }

  override connectedCallback(): void {
    super.connectedCallback()
    void this.#begin()
  }

  async #begin(): Promise<void> {
    const link = takeLink()
    await this.#speak(preferredLanguage(), false)
    this.#go = followAddress(route => this.#arrived(route), () => this.#mayLeave())
    addEventListener('hashchange', () => {
      const link = takeLink()
      if (link !== null && this.#mayLeave()) this.#session.meetLink(link)
    })
    void watchUpdates(update => (this.newVersion = update))
    this.#session.addEventListener('change', () => {
      const { here, isSignInNeeded } = this.#session
      this.isSigningIn &&= isSignInNeeded
      if (here.is === 'owing') this.enrolling = 'instead'
      this.requestUpdate()
    })
    await this.#session.begin(link)
  }

  /** Whether nothing would be lost by another page, or the person says that it may be. */
  #mayLeave(): boolean {
    const { messages } = this
    if (this.#openText?.editor?.wouldLose) return confirm(messages.leaveLoses)
    const codes = this.querySelector<RecoveryCodes>('plenary-recovery-codes')
    return !codes?.wouldLose || confirm(messages.account.recoveryLeave)
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
    this.#hasArrived = true
    void this.#beginAtTop()
  }

  async #beginAtTop(): Promise<void> {
    await this.updateComplete
    const page = this.querySelector('#content')?.firstElementChild
    if (page instanceof PageElement) await page.updateComplete
    const heading = this.querySelector<HTMLElement>('h1')
    // Without one the page is still being fetched.
    if (!heading || !this.#hasArrived) return
    this.#hasArrived = false
    heading.focus()
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
    this.enrolling = null
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

  async #load(page: Loaded): Promise<void> {
    if (this.#loading.has(page)) return
    this.#loading.add(page)
    const outcome = await page.load!().then(() => 'yes' as const, () => 'failed' as const)
    this.#loading.delete(page)
    this.loaded = new Map(this.loaded).set(page, outcome)
    await this.#beginAtTop()
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
      setUpSecondFactor: () => (this.enrolling = 'over'),
    }
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    super.willUpdate(changed)
    const { messages, route } = this
    const { here, link } = this.#session
    const page = route.page === 'missing' ? null : pages[route.page]
    const name =
      this.enrolling === 'instead' ? messages.account.owingTitle
      : here.is === 'starting' ? ''
      : link !== null && link.kind !== 'sign-in' ? arrivals[link.kind].title(messages)
      : here.is === 'outside' || link !== null ? messages.signIn
      : here.is === 'inside' ? (page?.title(this.#place(here)) ?? messages.missingTitle)
      : ''
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

  #outside(secret: string | null): TemplateResult {
    const { messages } = this
    const { here } = this.#session
    return this.#card(
      secret === null ? messages.signIn : messages.linkTitle,
      html`
        ${this.#session.isLeftBehind ? html`<p class="note" role="alert">${messages.deleteBlocked}</p>` : nothing}
        ${here.is === 'inside' ? html`<p class="note">${messages.linkInstead(here.user.name)}</p>` : nothing}
        <plenary-sign-in-form
          .messages=${messages}
          .secret=${secret}
          @signed-in=${() => void this.#leaveLink()}
          @link-invalid=${() => this.#session.failLink()}
        ></plenary-sign-in-form>
        ${here.is === 'inside'
          ? html`<p class="other-ways">
              <button type="button" class="link" @click=${() => void this.#leaveLink()}>${messages.account.leaveLink}</button>
            </p>`
          : nothing}
      `,
    )
  }

  /** A link has done what it is for, or is left. */
  async #leaveLink(path?: string): Promise<void> {
    this.#session.forgetLink()
    await this.#session.signedIn()
    if (path !== undefined) this.#go(path)
  }

  /** Code that is fetched when it is needed, or what stands in its place until it is there. */
  #fetched(what: Loaded, content: () => TemplateResult): TemplateResult {
    const { messages } = this
    const outcome = this.loaded.get(what)
    if (!what.load || outcome === 'yes') return content()
    if (outcome !== 'failed') {
      void this.#load(what)
      return html`<p class="loading">${messages.loading}</p>`
    }
    return html`<p class="note" role="alert">
      ${messages.pageFailed} <button type="button" @click=${() => void this.#load(what)}>${messages.tryAgain}</button>
    </p>`
  }

  #arrival({ kind, secret }: Link): TemplateResult {
    const { messages } = this
    const { here } = this.#session
    if (kind === 'sign-in') return this.#outside(secret || null)
    const arrival = arrivals[kind]
    const arriving: Arriving = {
      messages,
      secret,
      here: here.is === 'inside' ? here : null,
      changed: () => this.#session.signedIn(),
      leave: (path = '/') => this.#leaveLink(path),
      signOut: () => this.#signOut(),
    }
    return this.#card(arrival.title(messages), this.#fetched(arrival, () => html`${keyed(secret, arrival.render(arriving))}`))
  }

  async #enrolled(): Promise<void> {
    this.enrolling = null
    await this.#session.signedIn()
  }

  #enrolment(): TemplateResult {
    const { messages } = this
    return this.#fetched(
      enrolment,
      () => html`<plenary-second-factor-setup
        .messages=${messages}
        @done=${() => void this.#enrolled()}
        @signed-out=${() => void this.#enrolled()}
      ></plenary-second-factor-setup>`,
    )
  }

  #owing(): TemplateResult {
    const { messages } = this
    return this.#card(
      messages.account.owingTitle,
      html`<p>${messages.account.owingExplained}</p>
        <h2 class="unseen">${messages.account.secondFactor}</h2>
        ${this.#enrolment()}
        <p class="other-ways">
          <button type="button" class="link" ?disabled=${this.isSigningOut} @click=${() => void this.#signOut()}>${messages.signOut}</button>
        </p>`,
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
    if (page?.load && this.loaded.get(page) !== 'yes') return { isWide: false, content: this.#fetched(page, () => html``) }
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
        ${isWide ? html`<a class="back" href="/">${messages.back}</a>` : nothing}
        <div class="account">
          ${this.#languages()}
          ${here.user.guest
            ? html`<bdi class="name" title=${messages.signedInAs(name)}>${name}</bdi>`
            : html`<a class="name" href=${pathOf('account')} title=${messages.account.title}>
                ${person} <bdi>${name}</bdi>
              </a>`}
          <button type="button" class="plain" ?disabled=${this.isSigningOut} @click=${this.#signOut}>
            ${this.isSigningOut ? messages.loading : messages.signOut}
          </button>
        </div>
      </header>
      ${isWide ? nothing : places(messages, here, route.page)}
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
      ${this.enrolling === 'over'
        ? html`<dialog class="card" aria-labelledby="over-title" ${ref(showOver)} @close=${() => void this.#enrolled()}>
            <h2 id="over-title">${messages.account.owingTitle}</h2>
            ${this.#enrolment()}
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

  #shown(here: Here): TemplateResult {
    const { messages } = this
    const { link } = this.#session
    if (this.enrolling === 'instead') return this.#owing()
    if (here.is === 'starting' || here.is === 'owing') return html`<main class="list"><p class="loading">${messages.loading}</p></main>`
    if (link !== null) return this.#arrival(link)
    if (here.is === 'inside') return this.#inside(here)
    if (here.is === 'outside') return this.#outside(null)
    const again = () => void this.#session.ask()
    return this.#card(
      'Plenary',
      html`<p>${messages.unreachable}</p>
        <button type="button" class="primary" @click=${again}>${messages.tryAgain}</button>`,
    )
  }

  override render(): TemplateResult {
    const { messages } = this
    const { here } = this.#session
    return html`
      ${this.#shown(here)}
      <plenary-dialog .messages=${messages}></plenary-dialog>
    `
  }
}

customElements.define('plenary-app', PlenaryApp)
