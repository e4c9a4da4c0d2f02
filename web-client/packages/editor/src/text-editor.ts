import { LitElement, html, nothing } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import { EditorState, NodeSelection, TextSelection } from 'prosemirror-state'
import type { Transaction } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import type { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { LinearBinding, countRange, embedWords, insertFootnote, pasteProps, readText, setBlock } from '@plenary/text'
import type { CountedFootnotes, EmbedWords } from '@plenary/text'
import { keysOf, readingActions } from './action.ts'
import type { Action, LanguageEvent, ToolEvent } from './action.ts'
import { isSameToolbar, markStretch, toolbarState, wordsChosen } from './editing.ts'
import { FindBar } from './find-bar.ts'
import type { FindEvent, FindResult } from './find-bar.ts'
import { placeFloat } from './float.ts'
import { editorStyle } from './editor-style.ts'
import { HelpDialog } from './help-dialog.ts'
import { icon } from './icons.ts'
import { isCombination } from './keys.ts'
import { directionOf, messagesFor } from './messages/index.ts'
import type { Messages } from './messages/index.ts'
import { favouriteColour, peopleIn, personColours } from './person.ts'
import type { AwarenessUser, Person } from './person.ts'
import { Presence } from './presence.ts'
import { remoteCursors } from './remote-cursors.ts'
import { replaceMatches, search, searchIn, setSearch } from './search.ts'
import { bracketForm, linkAddress, linkForm } from './sheets.ts'
import type { Sheet } from './sheets.ts'
import { Sidebar } from './sidebar.ts'
import type { JumpEvent } from './sidebar.ts'
import { StatusBar } from './status-bar.ts'
import type { Status, WordCounts } from './status-bar.ts'
import { emptySurvey, sectionIndex, survey } from './survey.ts'
import type { Survey } from './survey.ts'
import { adoptTextStyle } from './text-style.ts'
import { Toolbar, quietState } from './toolbar.ts'
import type { ToolbarKind, ToolbarState } from './toolbar.ts'
import { controls, tokens } from './tokens.ts'
import { runIn, setMark, textPlugins } from './view.ts'

/** What an editor shows: a Yjs document with linear text, and who else is there. */
export interface Content {
  doc: Y.Doc
  awareness?: Awareness | null
}

// Counting and listing wait for a pause between keys, but not for ever.
const SURVEY_AFTER_MS = 150
const SURVEY_WITHIN_MS = 1000
const WIDE_PX = 1080

/**
 * The view of a text: tools, the text, outline, counts, the state in words. It knows no network: `content` brings
 * the text, `status` what is to be said about it.
 *
 * Attributes: `lang`, `dir`, `mode` (edit, read), `word-limit`, `toolbar` (full, compact, none), `theme` (auto,
 * light, dark), `numbering` (`through`: paragraphs are numbered from the first to the last). Slots: `toolbar-start`,
 * `toolbar-end`, `banner`. Parts: toolbar, status, page, sidebar, avatar, banner. Events: `plenary-words`,
 * `plenary-presence`, `plenary-link-click` (cancelable).
 */
export class TextEditor extends LitElement {
  static override properties: Record<string, object> = {
    content: { attribute: false },
    user: { attribute: false },
    status: { attribute: false },
    mode: { type: String },
    wordLimit: { type: Number, attribute: 'word-limit' },
    footnotes: { type: String },
    toolbar: { type: String },
    theme: { type: String, reflect: true },
    numbering: { type: String },
    outlineOpen: { state: true },
    findOpen: { state: true },
    tools: { state: true },
    survey: { state: true },
    counts: { state: true },
    people: { state: true },
    found: { state: true },
    sheet: { state: true },
  }

  /** What is shown; `null` shows an empty page. */
  declare content: Content | null
  /** Who writes here, as others are to see them. */
  declare user: AwarenessUser | null
  /** What is said about the state of the text, at all times. */
  declare status: Status | null
  declare mode: 'edit' | 'read'
  declare wordLimit: number | null
  /** Whether footnotes count as words of the text. */
  declare footnotes: CountedFootnotes
  declare toolbar: ToolbarKind
  declare theme: 'auto' | 'light' | 'dark'
  declare numbering: 'lists' | 'through'

  protected declare outlineOpen: boolean
  protected declare findOpen: boolean
  protected declare tools: ToolbarState
  protected declare survey: Survey
  protected declare counts: WordCounts
  protected declare people: Person[]
  protected declare found: FindResult
  protected declare sheet: Sheet | null

  static override styles = [tokens, controls, editorStyle]

  /** The view of the text while there is one. */
  view: EditorView | null = null

  #binding: LinearBinding | null = null
  #embeds: (EmbedWords & { destroy(): void }) | null = null
  #shown: Content | null = null
  #note: { view: EditorView; binding: LinearBinding } | null = null
  #dressed = ''
  #surveyTimer = 0
  #surveyAt = 0
  #isDocSurveyed = false
  #number = (count: number) => String(count)
  readonly #place = document.createElement('div')
  readonly #notePlace = document.createElement('div')

  constructor() {
    super()
    this.content = this.user = this.status = this.wordLimit = null
    this.mode = 'edit'
    this.footnotes = 'left-out'
    this.toolbar = 'full'
    this.theme = 'auto'
    this.numbering = 'lists'
    this.findOpen = this.outlineOpen = false
    this.tools = quietState
    this.survey = emptySurvey
    this.counts = { total: 0, section: null, selection: null }
    this.people = []
    this.found = { count: 0, current: -1, replaced: null }
    this.sheet = null
    this.#place.slot = 'doc'
    this.#place.className = 'plenary-text'
    this.#notePlace.slot = 'note'
    this.#notePlace.className = 'plenary-text plenary-note'
    this.addEventListener('keydown', this.#onKey)
  }

  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, 'lang', 'dir']
  }

  override attributeChangedCallback(name: string, before: string | null, value: string | null): void {
    super.attributeChangedCallback(name, before, value)
    if (name === 'lang' || name === 'dir') this.requestUpdate(name)
  }

  /** The words of the controls, by `lang`. */
  protected get messages(): Messages {
    return messagesFor(this.#language)
  }

  get #language(): string {
    return this.lang || this.closest<HTMLElement>('[lang]')?.lang || document.documentElement.lang || 'en'
  }

  get #direction(): 'ltr' | 'rtl' {
    return this.dir === 'ltr' || this.dir === 'rtl' ? this.dir : directionOf(this.#language)
  }

  /** Whether the text can be changed here. */
  get canWrite(): boolean {
    return this.mode !== 'read'
  }

  override connectedCallback(): void {
    super.connectedCallback()
    adoptTextStyle(this)
    this.append(this.#place, this.#notePlace)
    this.outlineOpen ||= this.getBoundingClientRect().width >= WIDE_PX
    this.requestUpdate('content')
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#unmount()
  }

  protected override willUpdate(changed: PropertyValues): void {
    const format = new Intl.NumberFormat(this.#language)
    if (!this.hasUpdated || changed.has('lang')) this.#number = count => format.format(count)
    this.#dress()
    if (this.content !== this.#shown || (!this.view && this.content)) this.#mount()
    if (changed.has('mode')) this.view?.setProps({})
    if (changed.has('footnotes')) this.#surveySoon(true)
    if (changed.has('user')) this.#sayWhoIsHere()
  }

  /** What the text needs to know of the controls around it. A change here makes all of it be styled anew. */
  #dress(): void {
    const { messages, canWrite } = this
    const dress = [this.#direction, this.#language, canWrite, this.numbering].join(' ')
    if (dress === this.#dressed) return
    this.#dressed = dress
    for (const place of [this.#place, this.#notePlace]) {
      place.dir = this.#direction
      place.style.setProperty('--_locked', JSON.stringify(messages.locked))
    }
    this.#place.style.setProperty('--_empty', JSON.stringify(canWrite ? messages.empty : ''))
    this.#notePlace.style.setProperty('--_empty', JSON.stringify(canWrite ? messages.noteText : messages.noteEmpty))
    this.#place.dataset['numbering'] = this.numbering
  }

  #mount(): void {
    this.#unmount()
    this.#shown = this.content
    if (!this.content || !this.isConnected) return
    const { doc, awareness } = this.content
    const text = doc.getText('body')
    const [notes, tables] = [doc.getMap<Y.Text>('notes'), doc.getMap<unknown>('tables')]
    const binding = new LinearBinding({ text, notes, tables })
    const plugins = [...textPlugins(binding, this.#run), search()]
    if (awareness) plugins.push(remoteCursors(awareness, this.messages.somebody, this.#isHere))
    this.#binding = binding
    this.#embeds = embedWords(doc.getMap('notes'), tables)
    this.view = new EditorView(
      { mount: this.#place.appendChild(document.createElement('div')) },
      {
        state: EditorState.create({ doc: readText(text), plugins }),
        editable: () => this.canWrite,
        attributes: () => this.#textAttributes(this.messages.text),
        dispatchTransaction: this.#dispatch,
        handleDOMEvents: { click: (_view, event) => this.#onClick(event) },
        ...pasteProps(),
      },
    )
    notes.observeDeep(this.#onNotes)
    awareness?.on('change', this.#onPresence)
    this.#sayWhoIsHere()
    this.#onPresence()
    this.#surveySoon(true)
  }

  #unmount(): void {
    if (!this.view) return
    this.#closeNote()
    this.#shown?.doc.getMap('notes').unobserveDeep(this.#onNotes)
    this.#shown?.awareness?.off('change', this.#onPresence)
    this.view.destroy()
    this.#binding?.destroy()
    this.#embeds?.destroy()
    this.#place.replaceChildren()
    this.view = this.#binding = this.#embeds = this.#shown = null
    this.survey = emptySurvey
    this.people = []
  }

  #textAttributes(label: string): Record<string, string> {
    const { canWrite } = this
    return {
      role: canWrite ? 'textbox' : 'document',
      'aria-label': label,
      ...(canWrite ? { 'aria-multiline': 'true' } : {}),
      tabindex: '0',
      spellcheck: 'true',
      translate: 'no',
    }
  }

  readonly #isHere = (): boolean => this.matches(':focus-within') || this.view?.hasFocus() === true

  readonly #dispatch = (transaction: Transaction): void => {
    const { view } = this
    if (!view) return
    const before = view.state
    view.updateState(before.apply(transaction))
    const isOther = view.state.doc !== before.doc
    if (isOther || !view.state.selection.eq(before.selection) || transaction.storedMarksSet) this.#surveySoon(isOther)
    if (this.findOpen) this.#showFound(isOther && this.found.replaced === null ? null : this.found.replaced)
  }

  #surveySoon(isOther: boolean): void {
    if (isOther) this.#isDocSurveyed = false
    const now = performance.now()
    // The first change since the last survey says when it is due at the latest.
    if (this.#surveyTimer) clearTimeout(this.#surveyTimer)
    else this.#surveyAt = now + SURVEY_WITHIN_MS
    const wait = Math.max(0, Math.min(SURVEY_AFTER_MS, this.#surveyAt - now))
    this.#surveyTimer = window.setTimeout(() => {
      this.#surveyTimer = 0
      if (typeof requestIdleCallback === 'function') requestIdleCallback(() => this.#survey(), { timeout: 500 })
      else this.#survey()
    }, wait)
  }

  #survey(): void {
    const { view, footnotes } = this
    if (!view) return
    const { state } = view
    const counting = { footnotes, embeds: this.#embeds }
    if (!this.#isDocSurveyed) {
      this.survey = survey(state.doc, counting)
      this.#isDocSurveyed = true
    }
    const tools = toolbarState(state)
    if (!isSameToolbar(tools, this.tools)) this.tools = tools
    const { from, to, empty } = state.selection
    const section = this.survey.sections[this.#section]
    const counts: WordCounts = {
      total: this.survey.words,
      section: section && section.level > 0 ? section.words : null,
      selection: empty ? null : countRange(state.doc, from, to, footnotes, this.#embeds),
    }
    if (JSON.stringify(counts) === JSON.stringify(this.counts)) return
    this.counts = counts
    this.#tell('plenary-words', { count: counts.total, limit: this.wordLimit, selection: counts.selection })
  }

  get #section(): number {
    return this.view ? sectionIndex(this.survey.sections, this.view.state.selection.head) : 0
  }

  readonly #onNotes = (): void => this.#surveySoon(true)

  readonly #onPresence = (): void => {
    const { awareness } = this.content ?? {}
    if (!awareness) return
    const people = peopleIn(awareness)
    if (JSON.stringify(people) === JSON.stringify(this.people)) return
    this.people = people
    // Of two with the same colour the later one, by client id, gives way.
    this.#sayWhoIsHere()
    this.#tell('plenary-presence', { people: people.map(({ name, colour, isMe }) => ({ name, colour, isMe })) })
  }

  #sayWhoIsHere(): void {
    const { awareness } = this.content ?? {}
    const { user } = this
    if (!awareness?.getLocalState() || !user) return
    const key = user.id ?? user.name
    const taken = [...awareness.getStates()]
      .filter(([client, state]) => client < awareness.clientID && (state['user']?.id ?? state['user']?.name) !== key)
      .map(([, state]) => state['user']?.color as unknown)
    const mine = (awareness.getLocalState()?.['user'] as AwarenessUser | undefined)?.color
    const first = user.color ?? (mine && !taken.includes(mine) ? mine : favouriteColour(key))
    const color = taken.includes(first) && !user.color ? (personColours.find(one => !taken.includes(one)) ?? first) : first
    const said = { ...user, color }
    if (JSON.stringify(said) !== JSON.stringify(awareness.getLocalState()?.['user'])) {
      awareness.setLocalStateField('user', said)
    }
  }

  #tell(name: string, detail: object, cancelable = false): boolean {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }))
  }

  // --- actions ---

  readonly #run = (action: Action): boolean => {
    const { view } = this
    if (!view || (!this.canWrite && !readingActions.has(action))) return false
    const active = this.#note?.view ?? view
    switch (action) {
      case 'help':
        this.renderRoot.querySelector<HelpDialog>('plenary-help')?.open()
        return true
      case 'outline':
        this.outlineOpen = !this.outlineOpen
        return true
      case 'find':
        this.#openFind()
        return true
      case 'link':
        return this.#openLink(true)
      case 'bracket':
        return this.#openBracket()
      case 'footnote':
        return this.#note ? false : this.#insertNote()
      default:
        return runIn(active, action)
    }
  }

  #onTool(event: ToolEvent): void {
    this.#run(event.action)
    if (event.hand === 'pointer' && !readingActions.has(event.action) && !this.sheet) this.view?.focus()
  }

  #onLanguage(event: LanguageEvent): void {
    const { view } = this
    if (!view) return
    setBlock({ lang: event.language })(view.state, view.dispatch)
    if (event.hand === 'pointer') view.focus()
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented) return
    if (event.key === 'Escape') {
      const { activeElement } = this.renderRoot as ShadowRoot
      if (activeElement?.matches('plenary-toolbar, plenary-sidebar, plenary-status')) this.view?.focus()
      return
    }
    if (event.key === 'F6') this.#goToRegion(event.shiftKey ? -1 : 1)
    else {
      const action = [...readingActions].find(name => keysOf[name]?.some(key => isCombination(event, key)))
      if (!action || !this.#run(action)) return
    }
    event.preventDefault()
  }

  #goToRegion(by: 1 | -1): void {
    const element = (name: string) => this.renderRoot.querySelector<HTMLElement>(name)
    const regions = [
      element('plenary-toolbar'),
      ...(this.outlineOpen ? [element('plenary-sidebar')] : []),
      this.view?.dom,
      ...(this.findOpen ? [element('plenary-find')] : []),
      element('plenary-status'),
    ]
    const path = [document.activeElement, (this.renderRoot as ShadowRoot).activeElement]
    const at = regions.findIndex(region => region && path.includes(region))
    const next = regions[(at + by + regions.length) % regions.length]
    if (next === this.view?.dom) this.view?.focus()
    else next?.focus()
  }

  // --- places ---

  /** Shows a position of the text and puts the cursor there. */
  jumpTo(position: number): void {
    const { view } = this
    if (!view) return
    const place = TextSelection.near(view.state.doc.resolve(Math.min(position, view.state.doc.content.size)))
    view.dispatch(view.state.tr.setSelection(place))
    const { node } = view.domAtPos(place.from)
    const element = node instanceof Element ? node : node.parentElement
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
    element?.scrollIntoView({ block: 'start', behavior: isCalm ? 'instant' : 'smooth' })
    view.focus()
  }

  override focus(): void {
    this.view?.focus()
  }

  /** Writes at the cursor, as if it were typed; line breaks part paragraphs. */
  insertText(text: string): void {
    const { view } = this
    if (!view || !this.canWrite) return
    view.pasteText(text)
  }

  #onJump(event: JumpEvent): void {
    this.#closeNarrowOutline()
    this.jumpTo(event.position)
  }

  // Where it lies over the text, it goes once it has served.
  #closeNarrowOutline(): void {
    if (this.getBoundingClientRect().width < WIDE_PX) this.outlineOpen = false
  }

  // --- find ---

  #openFind(): void {
    this.findOpen = true
    const { state } = this.view as EditorView
    const { from, to } = state.selection
    const query = to - from < 100 ? state.doc.textBetween(from, to, ' ') : ''
    void this.updateComplete.then(() => this.renderRoot.querySelector<FindBar>('plenary-find')?.open(query))
  }

  #onFind(event: FindEvent): void {
    const { view } = this
    if (!view) return
    const { step, request } = event
    const { query, matchCase, replacement } = request
    const before = searchIn(view.state)
    let replaced: number | null = null
    if (step === 'close') {
      this.findOpen = false
      const at = before.matches[before.current]
      const tr = setSearch(view.state.tr, { query: '' })
      if (at) tr.setSelection(TextSelection.create(tr.doc, at.from, at.to))
      view.dispatch(tr)
      view.focus()
      return
    }
    if (query !== before.query || matchCase !== before.matchCase) {
      view.dispatch(setSearch(view.state.tr, { query, matchCase }))
    } else if (step === 'next' || step === 'previous') {
      const { matches, current } = before
      const by = step === 'next' ? 1 : -1
      if (matches.length > 0) {
        view.dispatch(setSearch(view.state.tr, { current: (current + by + matches.length) % matches.length }))
      }
    } else if (step !== 'search' && this.canWrite) {
      const shown = before.matches[before.current]
      const chosen = step === 'replaceAll' ? before.matches : shown ? [shown] : []
      replaced = step === 'replaceAll' ? chosen.length : null
      if (chosen.length > 0) view.dispatch(replaceMatches(view.state, chosen, replacement))
    }
    this.#showFound(replaced)
    this.#scrollToMatch()
  }

  #showFound(replaced: number | null): void {
    const { matches, current } = searchIn((this.view as EditorView).state)
    this.found = { count: matches.length, current, replaced }
  }

  #scrollToMatch(): void {
    const mark = this.#place.querySelector('.plenary-found-now')
    mark?.scrollIntoView({ block: 'center', behavior: 'instant' })
  }

  // --- links, brackets, footnotes ---

  #openLink(hasFocus: boolean): boolean {
    const { view } = this
    if (!view || this.#note) return false
    const there = markStretch(view.state, 'link')
    const { from, to } = wordsChosen(view.state)
    if (!there && from === to) return false
    this.#openSheet(
      there
        ? { kind: 'link', from: there.from, to: there.to, href: String(there.value), isThere: true, isInvalid: false }
        : { kind: 'link', from, to, href: '', isThere: false, isInvalid: false },
      hasFocus,
    )
    return true
  }

  #openBracket(): boolean {
    const { view } = this
    if (!view || this.#note) return false
    const there = markStretch(view.state, 'bracket')
    const { from, to } = wordsChosen(view.state)
    if (!there && from === to) return false
    const proposer = there ? String(there.value) : (this.user?.name ?? '')
    this.#openSheet({ kind: 'bracket', from: there?.from ?? from, to: there?.to ?? to, proposer, isThere: !!there }, true)
    return true
  }

  #insertNote(): boolean {
    const { view } = this
    if (!view) return false
    const { selection } = view.state
    if (selection instanceof NodeSelection && selection.node.type.name === 'footnote') {
      return this.#openNote(selection.from)
    }
    const at = selection.to
    const id = crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)
    return insertFootnote(id)(view.state, view.dispatch) && this.#openNote(at)
  }

  #openNote(position: number): boolean {
    const { view } = this
    const node = view?.state.doc.nodeAt(position)
    if (!view || node?.type.name !== 'footnote') return false
    let number = 1
    view.state.doc.nodesBetween(0, position, (other, at) => {
      if (other.type.name === 'footnote' && at < position) number++
    })
    const id = String(node.attrs['id'])
    this.#closeNote()
    this.#mountNote(id)
    this.#openSheet({ kind: 'note', id, number }, false, position)
    void this.updateComplete.then(() => this.#note?.view.focus())
    return true
  }

  #mountNote(id: string): void {
    const doc = this.content?.doc
    const text = doc?.getMap('notes').get(id)
    if (!(text instanceof Y.Text) || !this.#binding) return
    const binding = new LinearBinding({ text, undoManager: this.#binding.undoManager })
    const run = (action: Action) => this.#run(action)
    const view = new EditorView(
      { mount: this.#notePlace.appendChild(document.createElement('div')) },
      {
        state: EditorState.create({ doc: readText(text), plugins: textPlugins(binding, run) }),
        editable: () => this.canWrite,
        attributes: () => this.#textAttributes(this.messages.noteText),
        ...pasteProps('no-footnotes'),
        handleKeyDown: (_view, event) => {
          if (event.key !== 'Escape' && !isCombination(event, 'Mod-Enter')) return false
          this.#closeSheet()
          return true
        },
      },
    )
    this.#note = { view, binding }
  }

  #closeNote(): void {
    this.#note?.view.destroy()
    this.#note?.binding.destroy()
    this.#note = null
    this.#notePlace.replaceChildren()
  }

  #openSheet(sheet: Sheet, hasFocus: boolean, position?: number): void {
    this.sheet = sheet
    void this.updateComplete.then(() => {
      const element = this.renderRoot.querySelector<HTMLElement>('#sheet')
      if (!element || !this.view) return
      const at = position ?? (sheet.kind === 'note' ? 0 : sheet.from)
      if (!element.matches(':popover-open')) element.showPopover()
      placeFloat(element, this.view.coordsAtPos(at))
      const field = hasFocus ? element.querySelector('input') : null
      field?.focus()
      field?.select()
    })
  }

  #closeSheet(): void {
    this.renderRoot.querySelector<HTMLElement>('#sheet')?.hidePopover()
  }

  #onSheetToggle(event: ToggleEvent): void {
    if (event.newState === 'open') return
    const hadFocus = this.matches(':focus-within') || document.activeElement === document.body
    this.sheet = null
    this.#closeNote()
    if (hadFocus) this.view?.focus()
  }

  #applyLink(typed: string): void {
    const { sheet, view } = this
    if (sheet?.kind !== 'link' || !view) return
    const href = linkAddress(typed)
    if (href === null) {
      this.sheet = { ...sheet, href: typed, isInvalid: true }
      return
    }
    setMark(view, 'link', { href }, sheet.from, sheet.to)
    this.#closeSheet()
  }

  #applyBracket(proposer: string): void {
    const { sheet, view } = this
    if (sheet?.kind !== 'bracket' || !view || proposer.trim() === '') return
    setMark(view, 'bracket', { proposer: proposer.trim() }, sheet.from, sheet.to)
    this.#closeSheet()
  }

  #removeMark(): void {
    const { sheet, view } = this
    if (!sheet || sheet.kind === 'note' || !view) return
    setMark(view, sheet.kind, null, sheet.from, sheet.to)
    this.#closeSheet()
  }

  #openHref(href: string): void {
    if (this.#tell('plenary-link-click', { href }, true)) window.open(href, '_blank', 'noopener,noreferrer')
  }

  #onClick(event: MouseEvent): boolean {
    const target = event.target instanceof Element ? event.target : null
    const note = target?.closest('sup[data-footnote]')
    const link = target?.closest<HTMLAnchorElement>('a[href]')
    if (note && this.view) return this.#openNote(this.view.posAtDOM(note, 0, -1))
    if (!link) return false
    // A link must not take the page with the text away.
    event.preventDefault()
    if (!this.canWrite || event.ctrlKey || event.metaKey) this.#openHref(link.href)
    else this.#openLink(false)
    return true
  }

  // --- what is shown ---

  override render(): TemplateResult {
    const { messages, survey } = this
    return html`
      <div class="frame" dir=${this.#direction} lang=${this.#language}>
        <div class="bar" part="toolbar">
          <slot name="toolbar-start"></slot>
          <plenary-toolbar
            .messages=${messages}
            .state=${this.#toolsShown()}
            .kind=${this.toolbar}
            .canWrite=${this.canWrite}
            @tool=${this.#onTool}
            @language=${this.#onLanguage}
          ></plenary-toolbar>
          <plenary-presence
            exportparts="avatar"
            .messages=${messages}
            .people=${this.people}
            .number=${this.#number}
          ></plenary-presence>
          <slot name="toolbar-end"></slot>
        </div>
        <div part="banner"><slot name="banner"></slot></div>
        <div class="middle">
          <div class="shade" ?hidden=${!this.outlineOpen} @click=${this.#closeNarrowOutline}></div>
          <plenary-sidebar
            part="sidebar"
            role="navigation"
            aria-label=${messages.outline}
            ?hidden=${!this.outlineOpen}
            .messages=${messages}
            .survey=${survey}
            .section=${this.#section}
            .number=${this.#number}
            @jump=${this.#onJump}
            @close=${() => {
              this.outlineOpen = false
              this.view?.focus()
            }}
          ></plenary-sidebar>
          <div class="stage">
            ${this.findOpen
              ? html`<div class="finder">
                  <plenary-find
                    .messages=${messages}
                    .result=${this.found}
                    .canWrite=${this.canWrite}
                    .number=${this.#number}
                    @find=${this.#onFind}
                  ></plenary-find>
                </div>`
              : nothing}
            <div class="page" part="page" @mousedown=${this.#onPageMouse}>
              <slot name="doc"></slot>
              ${this.#notesList()}
            </div>
          </div>
        </div>
        <plenary-status
          part="status"
          role="group"
          aria-label=${messages.statusLabel}
          tabindex="-1"
          .messages=${messages}
          .status=${this.status}
          .counts=${this.counts}
          .limit=${this.wordLimit}
          .number=${this.#number}
        ></plenary-status>
        ${this.#sheetBox()}
        <plenary-help .messages=${messages}></plenary-help>
      </div>
    `
  }

  #toolsShown(): ToolbarState {
    const active = new Set(this.tools.active)
    if (this.outlineOpen) active.add('outline')
    if (this.findOpen) active.add('find')
    return { ...this.tools, active }
  }

  #sheetBox(): TemplateResult {
    const { messages, sheet } = this
    const remove = () => this.#removeMark()
    const label =
      sheet?.kind === 'note' ? messages.note(this.#number(sheet.number)) : messages.actions[sheet?.kind ?? 'link']
    return html`<div
      id="sheet"
      class="float"
      popover
      role="dialog"
      aria-label=${label}
      @toggle=${this.#onSheetToggle}
      @keydown=${this.#onSheetKey}
    >
      ${sheet?.kind === 'link'
        ? linkForm(messages, sheet, {
            apply: value => this.#applyLink(value),
            remove,
            open: () => this.#openHref(sheet.href),
          })
        : nothing}
      ${sheet?.kind === 'bracket'
        ? bracketForm(messages, sheet, { apply: value => this.#applyBracket(value), remove })
        : nothing}
      <div class="note" ?hidden=${sheet?.kind !== 'note'}>
        <header>
          <strong>${label}</strong>
          <button type="button" class="icon" aria-label=${messages.close} @click=${() => this.#closeSheet()}>
            ${icon('close')}
          </button>
        </header>
        <slot name="note"></slot>
      </div>
    </div>`
  }

  #onSheetKey(event: KeyboardEvent): void {
    // What is open beside the text keeps its keys.
    if (event.key === 'Escape') {
      event.preventDefault()
      this.#closeSheet()
    }
    event.stopPropagation()
  }

  #notesList(): TemplateResult | typeof nothing {
    const { messages, survey, content } = this
    if (survey.notes.length === 0) return nothing
    const notes = content?.doc.getMap('notes')
    const textOf = (id: string) => {
      const text = notes?.get(id)
      return text instanceof Y.Text ? text.toString().trim() : ''
    }
    return html`<section class="notes" aria-labelledby="notes">
      <h2 id="notes">${messages.notes}</h2>
      <ol>
        ${survey.notes.map(
          ({ id, position }, i) => html`<li>
            <button type="button" aria-label=${messages.note(this.#number(i + 1))} @click=${() => this.#showNote(position)}>
              ${this.#number(i + 1)}
            </button>
            <span dir="auto">${textOf(id) || html`<em>${messages.noteEmpty}</em>`}</span>
          </li>`,
        )}
      </ol>
    </section>`
  }

  #showNote(position: number): void {
    const { view } = this
    if (!view) return
    view.dispatch(view.state.tr.setSelection(NodeSelection.create(view.state.doc, position)).scrollIntoView())
    this.#openNote(position)
  }

  // Below the last line and beside it, the page is still the page.
  #onPageMouse(event: MouseEvent): void {
    if (event.target !== event.currentTarget || !this.view || !this.canWrite) return
    event.preventDefault()
    const { view } = this
    const place = view.posAtCoords({ left: event.clientX, top: event.clientY })
    const { doc, tr } = view.state
    view.dispatch(tr.setSelection(TextSelection.near(doc.resolve(place?.pos ?? doc.content.size), -1)))
    view.focus()
  }
}

for (const [name, element] of Object.entries({
  'plenary-toolbar': Toolbar,
  'plenary-presence': Presence,
  'plenary-sidebar': Sidebar,
  'plenary-find': FindBar,
  'plenary-status': StatusBar,
  'plenary-help': HelpDialog,
})) {
  if (!customElements.get(name)) customElements.define(name, element)
}
