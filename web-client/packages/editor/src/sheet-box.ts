import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { NodeSelection } from 'prosemirror-state'
import * as Y from 'yjs'
import { insertFootnote } from '@plenary/text'
import type { Action } from './action.ts'
import { markStretch, wordsChosen } from './editing.ts'
import { type EditorHost, tell } from './editor-host.ts'
import { placeFloat } from './float.ts'
import { icon } from './icons.ts'
import { noteNumber } from './note-numbers.ts'
import { NoteView } from './note-view.ts'
import { bracketForm, linkAddress, linkForm } from './sheets.ts'
import type { Sheet } from './sheets.ts'
import { setMark } from './view.ts'

/** What a box needs of its editor beside what all parts need. */
export interface SheetBoxOptions {
  /** Where the text of a note goes; in the light DOM, as the text itself. */
  notePlace: HTMLElement
  run: (action: Action) => boolean
  noteAttributes: () => Record<string, string>
}

/** The box beside the text in which a link, a bracket or a footnote is seen to. One at a time. */
export class SheetBox {
  /** What is open. */
  sheet: Sheet | null = null
  readonly #host: EditorHost
  readonly #options: SheetBoxOptions
  #note: NoteView | null = null

  constructor(host: EditorHost, options: SheetBoxOptions) {
    this.#host = host
    this.#options = options
  }

  /** The note that is open. */
  get note(): NoteView | null {
    return this.#note
  }

  /** For the link at the cursor, or one over the words that are selected. False when there are none. */
  openLink(hasFocus: boolean): boolean {
    const { view } = this.#host
    if (!view || this.#note) return false
    const there = markStretch(view.state, 'link')
    const { from, to } = wordsChosen(view.state)
    if (!there && from === to) return false
    this.#open(
      there
        ? { kind: 'link', from: there.from, to: there.to, href: String(there.value), isThere: true, isInvalid: false }
        : { kind: 'link', from, to, href: '', isThere: false, isInvalid: false },
      hasFocus,
    )
    return true
  }

  /** For the bracket at the cursor, or one around the words that are selected. False when there are none. */
  openBracket(): boolean {
    const { view, user } = this.#host
    if (!view || this.#note) return false
    const there = markStretch(view.state, 'bracket')
    const { from, to } = wordsChosen(view.state)
    if (!there && from === to) return false
    const proposer = there ? String(there.value) : (user?.name ?? '')
    this.#open({ kind: 'bracket', from: there?.from ?? from, to: there?.to ?? to, proposer, isThere: !!there }, true)
    return true
  }

  /** Puts a footnote behind the cursor and opens it, or opens the one that is selected. */
  insertNote(): boolean {
    const { view } = this.#host
    if (!view || this.#note) return false
    const { selection } = view.state
    if (selection instanceof NodeSelection && selection.node.type.name === 'footnote') {
      return this.openNote(selection.from)
    }
    const at = selection.to
    return insertFootnote()(view.state, view.dispatch) && this.openNote(at)
  }

  /** Opens the footnote at `position`. False when there is none. */
  openNote(position: number): boolean {
    const { view } = this.#host
    const node = view?.state.doc.nodeAt(position)
    return node?.type.name === 'footnote' && this.openNoteOf(String(node.attrs['id']), position)
  }

  /** Opens the note `id` beside `position`, which is where the text points to it. */
  openNoteOf(id: string, position: number): boolean {
    const { view } = this.#host
    if (!view) return false
    const number = noteNumber(view.state, id) ?? 1
    this.closeNote()
    this.#mountNote(id)
    this.#open({ kind: 'note', id, number }, false, position)
    void this.#host.updateComplete.then(() => this.#note?.view.focus())
    return true
  }

  #mountNote(id: string): void {
    const { content, binding } = this.#host
    const text = content?.doc.getMap('notes').get(id)
    if (!(text instanceof Y.Text) || !binding) return
    const { notePlace: place, run, noteAttributes: attributes } = this.#options
    const isEditable = () => this.#host.canWrite
    this.#note = new NoteView({ text, binding, place, run, isEditable, attributes, close: () => this.close() })
  }

  /** Lets go of the note's text; the box stays as it is. */
  closeNote(): void {
    this.#note?.destroy()
    this.#note = null
  }

  #open(sheet: Sheet, hasFocus: boolean, position?: number): void {
    this.#set(sheet)
    void this.#host.updateComplete.then(() => {
      const { view } = this.#host
      const element = this.#element
      if (!element || !view) return
      const at = position ?? (sheet.kind === 'note' ? 0 : sheet.from)
      if (!element.matches(':popover-open')) element.showPopover()
      placeFloat(element, view.coordsAtPos(at))
      const field = hasFocus ? element.querySelector('input') : null
      field?.focus()
      field?.select()
    })
  }

  /** Closes the box; the text has the focus again if the box had it. */
  close(): void {
    const hadFocus = this.#hasFocus
    this.#element?.hidePopover()
    // `toggle` comes later, and keys that are pressed by then would go nowhere.
    this.#closed(hadFocus)
  }

  get #element(): HTMLElement | null {
    return this.#host.renderRoot.querySelector<HTMLElement>('#sheet')
  }

  #set(sheet: Sheet | null): void {
    this.sheet = sheet
    this.#host.requestUpdate()
  }

  readonly #onToggle = (event: ToggleEvent): void => {
    if (event.newState === 'closed') this.#closed(this.#hasFocus)
  }

  // Not any more, for the browser, once it is hidden.
  get #hasFocus(): boolean {
    const { activeElement } = this.#host.getRootNode() as Document | ShadowRoot
    return this.#host.contains(activeElement) || document.activeElement === document.body
  }

  #closed(hadFocus: boolean): void {
    if (!this.sheet) return
    this.#set(null)
    this.closeNote()
    if (hadFocus) this.#host.view?.focus()
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    // What is open beside the text keeps its keys.
    if (event.key === 'Escape') {
      event.preventDefault()
      this.close()
    }
    event.stopPropagation()
  }

  #applyLink(typed: string): void {
    const { sheet } = this
    const { view } = this.#host
    if (sheet?.kind !== 'link' || !view) return
    const href = linkAddress(typed)
    if (href === null) return this.#set({ ...sheet, href: typed, isInvalid: true })
    setMark(view, 'link', { href }, sheet.from, sheet.to)
    this.close()
  }

  #applyBracket(proposer: string): void {
    const { sheet } = this
    const { view } = this.#host
    if (sheet?.kind !== 'bracket' || !view || proposer.trim() === '') return
    setMark(view, 'bracket', { proposer: proposer.trim() }, sheet.from, sheet.to)
    this.close()
  }

  #removeMark(): void {
    const { sheet } = this
    const { view } = this.#host
    if (!sheet || sheet.kind === 'note' || !view) return
    setMark(view, sheet.kind, null, sheet.from, sheet.to)
    this.close()
  }

  render(): TemplateResult {
    const { sheet } = this
    const { messages, number } = this.#host
    const remove = () => this.#removeMark()
    const label = sheet?.kind === 'note' ? messages.note(number(sheet.number)) : messages.actions[sheet?.kind ?? 'link']
    return html`<div
      id="sheet"
      class="float"
      popover
      role="dialog"
      aria-label=${label}
      @toggle=${this.#onToggle}
      @keydown=${this.#onKey}
    >
      ${sheet?.kind === 'link'
        ? linkForm(messages, sheet, {
            apply: value => this.#applyLink(value),
            remove,
            open: () => openHref(this.#host, sheet.href),
          })
        : nothing}
      ${sheet?.kind === 'bracket'
        ? bracketForm(messages, sheet, { apply: value => this.#applyBracket(value), remove })
        : nothing}
      <div class="note" ?hidden=${sheet?.kind !== 'note'}>
        <header>
          <strong>${label}</strong>
          <button type="button" class="icon" aria-label=${messages.close} @click=${() => this.close()}>
            ${icon('close')}
          </button>
        </header>
        <slot name="note"></slot>
      </div>
    </div>`
  }
}

/** Follows a link, unless the page that has the editor does so itself. */
export function openHref(from: Element, href: string): void {
  if (tell(from, 'plenary-link-click', { href }, true)) window.open(href, '_blank', 'noopener,noreferrer')
}
