import type { PropertyValues } from 'lit'
import { TextSelection } from 'prosemirror-state'
import * as Y from 'yjs'
import { type Content, Pace, TextEditor } from '@plenary/editor'
import {
  type DocumentStore,
  type Draft,
  memoryStore,
  type Merge,
  PlenaryProvider,
  type ProviderEvents,
  type SaveState,
  type TokenPurpose,
} from '@plenary/provider'
import { AccountStore } from '@plenary/provider/store'
import { anchorPosition, beginMerge, fetchPasteReader, type MergeItem, type MergePlace, mergeReport } from '@plenary/text'
import { dictionary, type Words } from './dictionary.ts'
import { exportAs, type ExportFormat } from './export.ts'
import { Notices } from './notices.ts'
import { bannersFor, type Facts, isSignInNeeded, statusFor } from './situation.ts'
import { SteadyStatus } from './steady-status.ts'

/**
 * Fetches a credential for a document. `purpose` is `sync` for a socket, where a one-use ticket will do, and `state` for one
 * HTTP request, which needs a token; throw for what there is none for. `null`: nobody is signed in.
 */
export type TokenProvider = (document: string, purpose: TokenPurpose) => string | null | Promise<string | null>

/** Where a text is kept on this device: nowhere, drafts in this page only, or for good. */
export type Offline = 'off' | 'session' | 'keep'

// A line that comes back at once is nobody's concern.
const AWAY_LONG_MS = 3_000
const FLUSH_MS = 5_000
// Browsers without `requestIdleCallback` have shown the text by then.
const IDLE_AFTER_MS = 1_000
// On a line this slow, words in English are better than none.
const WORDS_WITHIN_MS = 3_000
// A change of one of these is another document.
const OPENS = ['server', 'document', 'offline', 'account', 'store'] as const

// What is known of a document beside what its provider tells.
type Known = Pick<Facts, 'isAwayLong' | 'denial' | 'isStuck' | 'isReplaced' | 'isToldAround'>

const nothingKnown = (): Known => ({ isAwayLong: false, denial: null, isStuck: false, isReplaced: false, isToldAround: false })

interface Deferred {
  promise: Promise<void>
  resolve: () => void
}

function deferred(): Deferred {
  let resolve = () => {}
  const promise = new Promise<void>(done => (resolve = done))
  return { promise, resolve }
}

/**
 * A joint text in any page: the editor, its line to a Plenary server, and the truth about what is saved.
 *
 * Attributes and properties beside those of `TextEditor` are described in docs/embedding.md, as are the events.
 */
export class PlenaryEditor extends TextEditor {
  static override properties = {
    server: { type: String },
    document: { type: String },
    offline: { type: String },
    account: { type: String },
    tokenProvider: { attribute: false },
    store: { attribute: false },
  }

  /** The server's origin, such as `https://plenary.example.org`. Default: where the page is from. */
  declare server: string
  /** The id of the document. */
  declare document: string
  declare offline: Offline
  /** An opaque key of the person: what they keep on this device is apart from what others do. For `offline="keep"`. */
  declare account: string
  declare tokenProvider: TokenProvider | null
  /** What the person keeps on this device, opened already. For `offline="keep"`, in place of `account`. */
  declare store: AccountStore | null

  #provider: PlenaryProvider | null = null
  #ownStore: AccountStore | null = null
  /** What the document that is open was asked for with. */
  #opened: unknown[] = []
  #keeps = false
  #isDestroyed = false
  #endings: (() => void)[] = []
  #facts = nothingKnown()
  #awayTimer = 0
  #told = { save: '', line: '' }
  #merged: MergeItem[] = []
  #notice = ''
  #replacedBy: string | null = null
  #ready = deferred()
  #isReady = false
  #tokenProvided = deferred()
  readonly #notices = document.createElement('plenary-notices') as Notices
  /** The person has had the cursor in the text. */
  #wasInText = false
  readonly #pace = new Pace(this)
  readonly #steady = new SteadyStatus(status => (this.status = status))

  constructor() {
    super()
    this.server = location.origin
    this.document = this.account = ''
    this.offline = 'session'
    this.tokenProvider = this.store = null
    this.addEventListener('focusin', event => (this.#wasInText ||= this.view?.dom.contains(event.target as Node) ?? false))
    this.#notices.slot = 'banner'
    this.#notices.handlers = {
      act: action => {
        if (action === 'connect') this.connect()
        else if (action === 'open-new') this.#openNew()
        else void this.startAfresh()
      },
      insert: text => this.#insert(text),
      discard: draft => void this.#provider?.dropDraft(draft.id).catch(() => {}),
      show: place => this.#show(place),
      dismissMerge: () => {
        this.#merged = []
        this.#refresh()
      },
      dismissNotice: () => {
        this.#notice = ''
        this.#refresh()
      },
    }
  }

  // --- what hosts call ---

  /** Resolves once the text is shown. */
  ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Sends what waits; resolves to what has become of it by then. */
  async flush(timeoutMs = FLUSH_MS): Promise<'saved' | 'pending' | 'refused'> {
    return (await this.#provider?.flush(timeoutMs)) ?? 'pending'
  }

  /** The text as it is here now. */
  exportAs(format: ExportFormat): string {
    return exportAs(this.content?.doc ?? new Y.Doc(), format, this.numbering === 'through')
  }

  /** Connects, or tries at once instead of later. */
  connect(): void {
    Object.assign(this.#facts, { denial: null, isToldAround: false })
    this.#provider?.connect()
    this.#refresh()
  }

  /** Leaves the server and stays away until `connect()`; the text stays as it is. */
  disconnect(): void {
    this.#provider?.disconnect()
  }

  /**
   * For a text that holds what the server does not take: goes on with what the server has. What it does not have is a draft
   * above the text from then on; the copy on this device is forgotten.
   */
  async startAfresh(): Promise<void> {
    const provider = this.#provider
    if (!provider) return
    try {
      await provider.startAfresh()
    } catch {
      // The copy stays on this device, and so does what was said of it: it can be tried again.
    }
    if (provider === this.#provider) this.#open(provider.drafts)
  }

  /** Lets go of everything. Taking the element out of the page does the same. */
  destroy(): void {
    this.#isDestroyed = true
    this.#close()
  }

  /** What becomes of the words, for programs; `null` before there is a document. */
  get saveState(): SaveState | null {
    return this.#provider?.saveState ?? null
  }

  /** The server has not confirmed everything, or there is a draft. */
  get hasUnsavedWork(): boolean {
    return this.#provider !== null && (this.#provider.pending || this.#provider.drafts.length > 0)
  }

  /** Closing the page now would lose words. */
  get wouldLose(): boolean {
    if (!this.#provider) return false
    return this.#provider.wouldLose || (this.#provider.drafts.length > 0 && !this.#keeps)
  }

  /** There is no line to the server, and has not been for a moment or none is being made: nothing can be saved just now. */
  get isAway(): boolean {
    const status = this.#provider?.status ?? 'disconnected'
    return status === 'disconnected' || (status === 'connecting' && this.#facts.isAwayLong)
  }

  override get canWrite(): boolean {
    return super.canWrite && this.#provider?.access !== 'read' && !this.#isOver
  }

  protected override get notices(): HTMLElement | null {
    return this.#notices.hasControls ? this.#notices : null
  }

  // --- its life ---

  override connectedCallback(): void {
    super.connectedCallback()
    this.append(this.#notices)
    this.#isDestroyed = false
    addEventListener('beforeunload', this.#onLeave)
    addEventListener('online', this.#onNetwork)
    addEventListener('offline', this.#onNetwork)
    this.requestUpdate()
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    removeEventListener('beforeunload', this.#onLeave)
    removeEventListener('online', this.#onNetwork)
    removeEventListener('offline', this.#onNetwork)
    // Moved within the page, it is back by then.
    queueMicrotask(() => {
      if (!this.isConnected) this.#close()
    })
  }

  // Nobody who reads Arabic is shown English for a moment; but the text is on its way meanwhile.
  protected override scheduleUpdate(): void | Promise<unknown> {
    this.#openIfOther()
    const coming = dictionary.coming(this.#language)
    if (!coming) return super.scheduleUpdate()
    let isLate = false
    void coming.then(() => {
      if (isLate) this.requestUpdate('lang')
    })
    const late = new Promise<void>(resolve => setTimeout(() => resolve(void (isLate = true)), WORDS_WITHIN_MS))
    return Promise.race([coming, late]).then(() => super.scheduleUpdate())
  }

  override get messages(): Words['controls'] {
    return dictionary.of(this.#language).controls
  }

  protected override willUpdate(changed: PropertyValues): void {
    this.#openIfOther()
    if (changed.has('tokenProvider') && this.tokenProvider) this.#tokenProvided.resolve()
    super.willUpdate(changed)
    this.#refresh()
  }

  #openIfOther(): void {
    const wanted = OPENS.map(name => this[name])
    // Back in the page, it was closed, or (moved within it) was not.
    const isOther = this.#provider === null || wanted.some((value, index) => value !== this.#opened[index])
    if (!isOther || !this.isConnected || this.#isDestroyed) return
    this.#opened = wanted
    this.#open()
  }

  /** `drafts`: what was set aside of this document and is kept nowhere but in this page. */
  #open(drafts: readonly Draft[] = []): void {
    const left = this.#leaveReplaced()
    this.#close()
    if (!this.document) return void left?.end(false)
    const doc = new Y.Doc()
    const store = this.#documentStore()
    this.#keeps = store?.keeps === 'on-device'
    const provider = new PlenaryProvider({
      server: this.server,
      document: this.document,
      doc,
      store,
      token: (document, purpose) => this.#token(document, purpose),
      connect: false,
      drafts: left?.drafts ?? drafts,
      whenCalm: this.#pace.whenCalm,
    })
    if (left) void provider.whenLoaded.then(() => left.end(provider.storeTrouble === null))
    this.#provider = provider
    this.#notices.retryAt = () => provider.retryAt
    const show = () => {
      if (provider !== this.#provider || this.content?.doc === doc) return
      // An empty document is not shown before the server has said that it is: it may only not be here yet.
      if (doc.store.clients.size === 0 && !provider.synced) return
      this.content = { doc, awareness: provider.awareness } satisfies Content
      void this.updateComplete.then(() => this.#becomeReady())
    }
    const refresh = () => this.#refresh()
    this.#listen(provider, 'loaded', show)
    this.#listen(provider, 'sync', show)
    // Not `update`, for which Yjs would encode again what it has just read.
    doc.on('afterTransaction', show)
    this.#listen(provider, 'status', ({ status }) => {
      if (status === 'connected') Object.assign(this.#facts, { denial: null, isToldAround: false })
      this.#watchLine()
    })
    this.#listen(provider, 'save-state', refresh)
    this.#listen(provider, 'access', access => {
      this.view?.setProps({})
      this.requestUpdate('mode')
      this.#tell('plenary-role-change', { access })
    })
    this.#listen(provider, 'denied', denial => {
      this.#facts.denial = denial
      if (isSignInNeeded(denial.reason)) this.#askForToken('rejected')
      else this.#fail(denial.reason, !denial.isFinal)
      this.view?.setProps({})
      refresh()
    })
    this.#listen(provider, 'token-trouble', trouble => {
      this.#facts.isToldAround = false
      if (trouble === 'none') this.#askForToken('none')
      if (trouble === 'failed') this.#fail('token-failed', true)
      refresh()
    })
    this.#listen(provider, 'replaced', ({ by }) => {
      this.#facts.isReplaced = true
      this.#replacedBy = by
      this.view?.setProps({})
      refresh()
    })
    this.#listen(provider, 'refused', ({ code }) => {
      // A full disk has nothing against the text.
      this.#facts.isStuck = code !== 'storage'
      refresh()
    })
    this.#listen(provider, 'draft', refresh)
    this.#listen(provider, 'draft-dropped', refresh)
    this.#listen(provider, 'loaded', refresh)
    this.#listen(provider, 'merge', merge => this.#report(merge))
    this.#listen(provider, 'notice', text => {
      this.#notice = text
      refresh()
    })
    this.#listen(provider, 'store-trouble', error => {
      if (error) this.#fail(`storage-${error.code}`, true)
      refresh()
    })
    provider.connect()
    this.#watchLine()
  }

  /** Lets go of a document that another has taken the place of: what was set aside of it goes along. */
  #leaveReplaced(): { drafts: readonly Draft[]; end(isKept: boolean): Promise<void> } | null {
    const [provider, store] = [this.#provider, this.#ownStore]
    if (!provider || !this.#facts.isReplaced || provider.document === this.document) return null
    this.#provider = this.#ownStore = null
    const { drafts } = provider
    return {
      drafts,
      // `isKept`: the other document has them now.
      async end(isKept) {
        try {
          if (isKept) for (const { id } of drafts) await provider.dropDraft(id)
          if (isKept) await provider.startAfresh()
        } catch {
          // Then it stays on this device, and is named among what the server does not have.
        }
        provider.destroy()
        await store?.close().catch(() => {})
      },
    }
  }

  #listen<Name extends keyof ProviderEvents>(provider: PlenaryProvider, name: Name, listener: ProviderEvents[Name]): void {
    provider.on(name, listener)
    this.#endings.push(() => provider.off(name, listener))
  }

  #documentStore(): DocumentStore | null {
    if (this.offline === 'off') return null
    if (this.offline === 'keep') {
      if (this.store) return this.store.document(this.document)
      // Two servers may call two people by the same name.
      if (this.account) this.#ownStore = AccountStore.open(`${this.server} ${this.account}`)
      else this.#fail('account-missing', true)
      if (this.#ownStore) return this.#ownStore.document(this.document)
    }
    return memoryStore()
  }

  #close(): void {
    const provider = this.#provider
    clearTimeout(this.#awayTimer)
    this.#awayTimer = 0
    this.#steady.clear()
    this.#endings.splice(0).forEach(end => end())
    this.#provider = null
    this.content = null
    this.#facts = nothingKnown()
    this.#told = { save: '', line: '' }
    this.#merged = []
    this.#notice = ''
    this.#wasInText = false
    this.#replacedBy = null
    if (this.#isReady) this.#ready = deferred()
    this.#isReady = false
    provider?.destroy()
    provider?.doc.destroy()
    void this.#ownStore?.close().catch(() => {})
    this.#ownStore = null
  }

  #becomeReady(): void {
    if (this.#isReady || !this.content) return
    this.#isReady = true
    this.#ready.resolve()
    this.#tell('plenary-ready', { document: this.document })
    // So that whoever pastes without a line has it.
    const fetchLater = (): void => void fetchPasteReader()
    if (typeof requestIdleCallback === 'function') requestIdleCallback(fetchLater)
    else setTimeout(fetchLater, IDLE_AFTER_MS)
  }

  /** Says that the person has to be signed in; whoever cancels that says so to them. */
  #askForToken(reason: 'missing' | 'none' | 'rejected'): void {
    this.#facts.isToldAround = !this.#tell('plenary-token-needed', { reason }, true)
  }

  async #token(document: string, purpose: TokenPurpose): Promise<string | null> {
    if (!this.tokenProvider) {
      this.#askForToken('missing')
      await this.#tokenProvided.promise
    }
    return this.tokenProvider!(document, purpose)
  }

  // --- what people are told ---

  get #language(): string {
    return this.lang || this.closest<HTMLElement>('[lang]')?.lang || document.documentElement.lang || 'en'
  }

  /** Nothing that is written from now on would get anywhere. */
  get #isOver(): boolean {
    const { denial, isReplaced } = this.#facts
    return isReplaced || (denial !== null && denial.isFinal && !isSignInNeeded(denial.reason))
  }

  #watchLine(): void {
    const isConnected = this.#provider?.status === 'connected'
    if (isConnected || !this.#provider) {
      clearTimeout(this.#awayTimer)
      this.#awayTimer = 0
      this.#facts.isAwayLong = false
    } else if (this.#awayTimer === 0) {
      this.#awayTimer = window.setTimeout(() => {
        this.#facts.isAwayLong = true
        this.#refresh()
      }, AWAY_LONG_MS)
    }
    this.#refresh()
  }

  readonly #onNetwork = (): void => {
    if (!navigator.onLine && this.#provider && this.#provider.status !== 'connected') this.#facts.isAwayLong = true
    this.#refresh()
  }

  readonly #onLeave = (event: BeforeUnloadEvent): void => {
    if (this.wouldLose) event.preventDefault()
  }

  #refresh(): void {
    const provider = this.#provider
    const { notices: messages } = dictionary.of(this.#language)
    const notices = this.#notices
    notices.messages = messages
    notices.language = this.#language
    if (!provider) {
      this.#steady.clear()
      this.status = null
      notices.banners = []
      return
    }
    const facts: Facts = {
      ...this.#facts,
      replacedBy: this.#replacedBy,
      line: provider.status,
      isDeviceOffline: !navigator.onLine,
      saveState: provider.saveState,
      pending: provider.pending,
      // A page that never says where tokens come from has nobody signed in; one that is about to is not rushed.
      tokenTrouble: this.tokenProvider || !this.#facts.isAwayLong ? provider.tokenTrouble : 'none',
      isShown: this.content !== null,
      isSynced: provider.synced,
      mayWrite: this.canWrite,
      access: provider.access,
      keeps: this.#keeps,
      trouble: provider.storeTrouble?.code ?? null,
    }
    const { saveState, pending, isAwayLong } = facts
    this.#steady.say({ status: statusFor(facts, messages), state: saveState, pending, isAway: isAwayLong })
    notices.banners = bannersFor(facts, messages)
    notices.drafts = provider.drafts
    notices.merged = this.#merged
    notices.notice = this.#notice
    notices.canWrite = this.canWrite
    this.#tellOnce('save', 'plenary-save-state', { state: saveState, pending })
    this.#tellOnce('line', 'plenary-connection', { state: provider.status, retryAt: provider.retryAt })
  }

  #tellOnce(what: 'save' | 'line', name: string, detail: { state: string; [other: string]: unknown }): void {
    // A new time to retry is news, too.
    const told = JSON.stringify(detail)
    if (told === this.#told[what]) return
    this.#told[what] = told
    this.#tell(name, detail)
  }

  #tell(name: string, detail: object, cancelable = false): boolean {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }))
  }

  #fail(code: string, recoverable: boolean): void {
    this.#tell('plenary-error', { code, recoverable })
  }

  // --- what they can do ---

  #report({ before, theirs, acknowledged }: Merge): void {
    const copy = new Y.Doc()
    Y.applyUpdate(copy, before)
    // Without a note of what the server had, what this page itself wrote is all that is known to be new.
    copy.clientID = this.#provider!.doc.clientID
    const token = beginMerge(copy, acknowledged)
    Y.applyUpdate(copy, theirs)
    const { items } = mergeReport(token)
    copy.destroy()
    if (items.length === 0 || !this.#tell('plenary-merge-report', { items }, true)) return
    this.#merged = [...this.#merged, ...items]
    this.#refresh()
  }

  #openNew(): void {
    const by = this.#replacedBy
    if (!this.#tell('plenary-replaced', { by }, true)) return
    if (by) this.document = by
    else location.reload()
  }

  #insert(text: string): void {
    const { view } = this
    if (!view) return
    if (!this.#wasInText) {
      // Nobody has put the cursor anywhere: in a line of its own at the end it is in nobody's way.
      const { tr } = view.state
      const end = TextSelection.atEnd(tr.doc)
      view.dispatch(tr.setSelection(end))
      if (end.$head.parent.content.size > 0) view.pasteText('\n')
    }
    view.pasteText(text)
    view.dispatch(view.state.tr.scrollIntoView())
    view.focus()
  }

  #show(place: MergePlace): void {
    const { view } = this
    if (!view || place.note !== null) return
    const [from, to] = [anchorPosition(view.state, place.start as never), anchorPosition(view.state, place.end as never)]
    if (from === null) return
    const { tr } = view.state
    view.dispatch(tr.setSelection(TextSelection.between(tr.doc.resolve(from), tr.doc.resolve(to ?? from))).scrollIntoView())
    view.focus()
  }
}
