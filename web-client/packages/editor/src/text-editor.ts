import { LitElement, html } from 'lit'
import type { PropertyValues, TemplateResult } from 'lit'
import { NodeSelection, TextSelection } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import { setBlock } from '@plenary/text'
import type { CountedFootnotes, LinearBinding } from '@plenary/text'
import { keysOf, readingActions } from './action.ts'
import type { Action, LanguageEvent, ToolEvent } from './action.ts'
import { type Content, type EditorHost, tell } from './editor-host.ts'
import { editorStyle } from './editor-style.ts'
import { FindBar } from './find-bar.ts'
import { Finder } from './finder.ts'
import { Fit } from './fit.ts'
import { HelpDialog } from './help-dialog.ts'
import { isCombination } from './keys.ts'
import { english } from './english.ts'
import { directionOf } from './languages.ts'
import type { Messages } from './messages/en.ts'
import { notesList } from './notes-list.ts'
import { numberFormat } from './number-format.ts'
import { OpenText } from './open-text.ts'
import type { AwarenessUser, Person } from './person.ts'
import { Presence } from './presence.ts'
import { nextRegion } from './regions.ts'
import { SheetBox, openHref } from './sheet-box.ts'
import { Sidebar } from './sidebar.ts'
import type { JumpEvent } from './sidebar.ts'
import { StatusBar } from './status-bar.ts'
import type { Status, WordCounts } from './status-bar.ts'
import { emptySurvey, isSameSurvey } from './survey.ts'
import type { Survey } from './survey.ts'
import type { Findings } from './surveyor.ts'
import { adoptTextStyle } from './text-style.ts'
import { Toolbar, isOther, quietState } from './toolbar.ts'
import type { ToolbarKind, ToolbarState } from './toolbar.ts'
import { controls, tokens } from './tokens.ts'
import { runIn } from './view.ts'

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
export class TextEditor extends LitElement implements EditorHost {
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
    tools: { state: true, hasChanged: isOther },
    // Where things stand changes with every key; what is shown of them does not.
    survey: { state: true, hasChanged: (now: Survey, before?: Survey) => !before || !isSameSurvey(now, before) },
    section: { state: true },
    counts: { state: true },
    people: { state: true },
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
  protected declare tools: ToolbarState
  protected declare survey: Survey
  /** Which section of `survey` the cursor is in. */
  protected declare section: number
  protected declare counts: WordCounts | null
  protected declare people: readonly Person[]

  static override styles = [tokens, controls, editorStyle]

  #text: OpenText | null = null
  #dressed = ''
  /** What the text is called, for who hears it: asked for with each key. */
  #label = ''
  #format: ((count: number) => string) | null = null
  readonly #place = document.createElement('div')
  readonly #notePlace = document.createElement('div')
  readonly #fit = new Fit(this)
  readonly #finder = new Finder(this, this.#fit)
  readonly #sheetBox = new SheetBox(this, {
    notePlace: this.#notePlace,
    run: action => this.#run(action),
    noteAttributes: () => this.#textAttributes(this.messages.noteText),
  })

  constructor() {
    super()
    this.content = this.user = this.status = this.wordLimit = null
    this.mode = 'edit'
    this.footnotes = 'left-out'
    this.toolbar = 'full'
    this.theme = 'auto'
    this.numbering = 'lists'
    this.outlineOpen = false
    this.tools = quietState
    this.survey = emptySurvey
    this.section = 0
    this.counts = null
    this.people = []
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

  /** The view of the text while there is one. */
  get view(): EditorView | null {
    return this.#text?.view ?? null
  }

  /** The binding of the text while there is one. */
  get binding(): LinearBinding | null {
    return this.#text?.binding ?? null
  }

  /** The words of the controls: English, but for whoever extends this and has others. */
  get messages(): Messages {
    return english
  }

  /** What stands above the text with something to press in it, for whoever extends this and has such things. */
  protected get notices(): HTMLElement | null {
    return null
  }

  /** A count as the language of the controls writes it. */
  readonly number = (count: number): string => (this.#format ??= numberFormat(this.#language))(count)

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
    this.ownerDocument.addEventListener('keydown', this.#onStrayKey)
    this.append(this.#place, this.#notePlace)
    this.outlineOpen ||= this.getBoundingClientRect().width >= WIDE_PX
    this.requestUpdate('content')
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.ownerDocument.removeEventListener('keydown', this.#onStrayKey)
    this.#unmount()
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (changed.has('lang')) this.#format = null
    this.#dress()
    if (this.content !== (this.#text?.content ?? null)) this.#mount()
    if (changed.has('mode')) this.view?.setProps({})
    if (changed.has('footnotes')) this.#text?.recount()
    if (changed.has('user') && this.#text) this.#text.user = this.user
  }

  /** What the text needs to know of the controls around it. A change here makes all of it be styled anew. */
  #dress(): void {
    const { messages, canWrite } = this
    const dress = [this.#direction, this.#language, messages.text, canWrite, this.numbering].join(' ')
    if (dress === this.#dressed) return
    this.#dressed = dress
    this.#label = messages.text
    for (const place of [this.#place, this.#notePlace]) {
      place.dir = this.#direction
      place.style.setProperty('--_locked', JSON.stringify(messages.locked))
    }
    this.#place.style.setProperty('--_table', JSON.stringify(canWrite ? messages.tableLocked : ''))
    this.#place.style.setProperty('--_empty', JSON.stringify(canWrite ? messages.empty : ''))
    this.#notePlace.style.setProperty('--_empty', JSON.stringify(canWrite ? messages.noteText : messages.noteEmpty))
    this.#place.dataset['numbering'] = this.numbering
    this.view?.setProps({})
  }

  #mount(): void {
    this.#unmount()
    if (!this.content || !this.isConnected) return
    this.#text = new OpenText(this.content, {
      place: this.#place,
      fit: this.#fit,
      user: this.user,
      somebody: this.messages.somebody,
      isEditable: () => this.canWrite,
      isHere: () => this.matches(':focus-within') || this.view?.hasFocus() === true,
      attributes: () => this.#textAttributes(this.#label),
      footnotes: () => this.footnotes,
      run: this.#run,
      onClick: this.#onClick,
      onTransaction: hasChanged => this.#finder.follow(hasChanged),
      onFindings: this.#onFindings,
      onNotes: () => this.requestUpdate(),
      onPeople: this.#onPeople,
    })
  }

  #unmount(): void {
    if (!this.#text) return
    this.#sheetBox.closeNote()
    this.#text.destroy()
    this.#text = null
    this.survey = emptySurvey
    this.counts = null
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

  readonly #onFindings = ({ survey, section, counts, tools }: Findings): void => {
    this.survey = survey
    this.section = section
    this.tools = tools
    if (JSON.stringify(counts) === JSON.stringify(this.counts)) return
    this.counts = counts
    tell(this, 'plenary-words', { count: counts.total, limit: this.wordLimit, selection: counts.selection })
  }

  readonly #onPeople = (people: readonly Person[]): void => {
    this.people = people
    tell(this, 'plenary-presence', { people: people.map(({ name, colour, isMe }) => ({ name, colour, isMe })) })
  }

  // --- actions ---

  readonly #run = (action: Action): boolean => {
    const { view } = this
    if (!view || (!this.canWrite && !readingActions.has(action))) return false
    switch (action) {
      case 'help':
        this.renderRoot.querySelector<HelpDialog>('plenary-help')?.open()
        return true
      case 'outline':
        this.outlineOpen = !this.outlineOpen
        return true
      case 'find':
        this.#finder.open()
        return true
      case 'link':
        return this.#sheetBox.openLink(true)
      case 'bracket':
        return this.#sheetBox.openBracket()
      case 'footnote':
        return this.#sheetBox.insertNote()
      default:
        return runIn(this.#sheetBox.note?.view ?? view, action)
    }
  }

  #onTool(event: ToolEvent): void {
    this.#run(event.action)
    const isOut = event.hand === 'pointer' && !readingActions.has(event.action) && !this.#sheetBox.sheet
    if (isOut) this.view?.focus()
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
      const isNotice = this.notices?.contains(document.activeElement)
      if (isNotice || activeElement?.matches('plenary-toolbar, plenary-sidebar, plenary-status')) this.view?.focus()
      return
    }
    if (event.key === 'F6') this.#goToRegion(event.shiftKey ? -1 : 1)
    else {
      const action = [...readingActions].find(name => keysOf[name]?.some(key => isCombination(event, key)))
      if (!action || !this.#run(action)) return
    }
    event.preventDefault()
  }

  // Before anything of the page has the focus, as right after it was opened, its keys are the editor's.
  readonly #onStrayKey = (event: KeyboardEvent): void => {
    if (event.target === this.ownerDocument.body) this.#onKey(event)
  }

  #goToRegion(by: 1 | -1): void {
    const element = (name: string) => this.renderRoot.querySelector<HTMLElement>(name)
    const sidebar = this.outlineOpen ? element('plenary-sidebar') : null
    // The bar is there while it is open.
    const finder = element('plenary-find')
    const regions = [element('plenary-toolbar'), this.notices, finder, sidebar, this.view?.dom, element('plenary-status')]
    const next = nextRegion(by, this.renderRoot as ShadowRoot, regions)
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
    if (element) this.#fit.goTo(element)
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
    const place = this.survey[event.list][event.index]
    this.#closeNarrowOutline()
    if (place) this.jumpTo(place.position)
  }

  // Where it lies over the text, it goes once it has served.
  #closeNarrowOutline(): void {
    if (this.getBoundingClientRect().width < WIDE_PX) this.outlineOpen = false
  }

  readonly #onClick = (event: MouseEvent): boolean => {
    const target = event.target instanceof Element ? event.target : null
    const note = target?.closest<HTMLElement>('sup[data-footnote]')
    const link = target?.closest<HTMLAnchorElement>('a[href]')
    const id = note?.dataset['footnote']
    if (note && id && this.view) return this.#sheetBox.openNoteOf(id, this.view.posAtDOM(note, 0, -1))
    if (!link) return false
    // A link must not take the page with the text away.
    event.preventDefault()
    if (!this.canWrite || event.ctrlKey || event.metaKey) openHref(this, link.href)
    else this.#sheetBox.openLink(false)
    return true
  }

  // --- what is shown ---

  override render(): TemplateResult {
    const { messages, survey } = this
    return html`
      <div class="frame" dir=${this.#direction} lang=${this.#language}>
        <div class="head">
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
              .number=${this.number}
            ></plenary-presence>
            <slot name="toolbar-end"></slot>
          </div>
          <div part="banner"><slot name="banner"></slot></div>
          ${this.#finder.render()}
        </div>
        <div class="middle ${this.outlineOpen ? 'outlined' : ''}">
          <div class="shade" ?hidden=${!this.outlineOpen} @click=${this.#closeNarrowOutline}></div>
          <plenary-sidebar
            part="sidebar"
            role="navigation"
            aria-label=${messages.outline}
            ?hidden=${!this.outlineOpen}
            .messages=${messages}
            .survey=${survey}
            .section=${this.section}
            .number=${this.number}
            @jump=${this.#onJump}
            @close=${() => {
              this.outlineOpen = false
              this.view?.focus()
            }}
          ></plenary-sidebar>
          <div class="stage">
            <div class="page" part="page" @mousedown=${this.#onPageMouse}>
              <slot name="doc"></slot>
              ${notesList(this, survey, this.#showNote)}
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
          .number=${this.number}
        ></plenary-status>
        ${this.#sheetBox.render()}
        <plenary-help .messages=${messages}></plenary-help>
      </div>
    `
  }

  #toolsShown(): ToolbarState {
    const active = new Set(this.tools.active)
    if (this.outlineOpen) active.add('outline')
    if (this.#finder.isOpen) active.add('find')
    return { ...this.tools, active }
  }

  readonly #showNote = (index: number): void => {
    const { view } = this
    const note = this.survey.notes[index]
    if (!view || !note) return
    const { id, position } = note
    view.dispatch(view.state.tr.setSelection(NodeSelection.create(view.state.doc, position)).scrollIntoView())
    this.#sheetBox.openNoteOf(id, position)
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
