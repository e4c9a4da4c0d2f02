import { EditorState } from 'prosemirror-state'
import type { Transaction } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import type * as Y from 'yjs'
import { LinearBinding, embedWords, pasteProps } from '@plenary/text'
import type { CountedFootnotes, EmbedWords } from '@plenary/text'
import type { Action } from './action.ts'
import { Attendance } from './attendance.ts'
import { caretLines } from './caret-lines.ts'
import type { Content } from './editor-host.ts'
import type { Fit } from './fit.ts'
import { lineView } from './line-view.ts'
import { noteNumbers } from './note-numbers.ts'
import type { AwarenessUser, Person } from './person.ts'
import { remoteCursors } from './remote-cursors.ts'
import { search } from './search.ts'
import { Surveyor } from './surveyor.ts'
import type { Findings } from './surveyor.ts'
import { textPlugins } from './view.ts'

/** Where a text is shown, and who is told what. */
export interface OpenTextOptions {
  place: HTMLElement
  /** What of the window is covered, where the cursor must not end up. */
  fit: Fit
  user: AwarenessUser | null
  /** What somebody is called who does not say their name. */
  somebody: string
  isEditable: () => boolean
  /** Whether the person is in the editor. */
  isHere: () => boolean
  attributes: () => Record<string, string>
  footnotes: () => CountedFootnotes
  run: (action: Action) => boolean
  onClick: (event: MouseEvent) => boolean
  /** After each transaction. */
  onTransaction: (hasChanged: boolean) => void
  onFindings: (findings: Findings) => void
  /** A note was made or changed. */
  onNotes: () => void
  onPeople: (people: readonly Person[]) => void
}

/** A text that is shown: its view and binding, who else is there, what is in it. */
export class OpenText {
  readonly content: Content
  readonly view: EditorView
  readonly binding: LinearBinding
  readonly #options: OpenTextOptions
  readonly #embeds: EmbedWords & { destroy(): void }
  readonly #attendance: Attendance | null
  readonly #surveyor: Surveyor
  #lineInSight = ''

  constructor(content: Content, options: OpenTextOptions) {
    const { doc, awareness } = content
    const { place, fit, user, somebody, isEditable, isHere, attributes, footnotes, run, onClick } = options
    this.content = content
    this.#options = options
    const text = doc.getText('body')
    const [notes, tables] = [doc.getMap<Y.Text>('notes'), doc.getMap<unknown>('tables')]
    this.binding = new LinearBinding({ text, notes, tables })
    this.#embeds = embedWords(doc.getMap('notes'), tables)
    // Its views of footnotes and tables go before those of the binding.
    const plugins = [noteNumbers(tables), caretLines(), ...textPlugins(this.binding, run), search()]
    if (awareness) plugins.push(remoteCursors(awareness, somebody, isHere))
    const dispatch = (view: EditorView, transaction: Transaction) => this.#dispatch(view, transaction)
    this.view = new EditorView(
      { mount: place.appendChild(document.createElement('div')) },
      {
        state: EditorState.create({ doc: this.binding.read(), plugins }),
        editable: isEditable,
        attributes,
        handleScrollToSelection: view => this.#isInSight(view),
        scrollMargin: fit.margin,
        scrollThreshold: fit.threshold,
        dispatchTransaction(this: EditorView, transaction: Transaction) {
          dispatch(this, transaction)
        },
        handleDOMEvents: { click: (_view, event) => onClick(event) },
        nodeViews: { block: lineView },
        ...pasteProps(),
      },
    )
    const counting = () => ({ footnotes: footnotes(), embeds: this.#embeds })
    this.#surveyor = new Surveyor(this.view, counting, options.onFindings)
    notes.observeDeep(this.#onNotes)
    this.#attendance = awareness ? new Attendance(awareness, user, options.onPeople) : null
    this.recount()
  }

  /** Who writes here. */
  set user(user: AwarenessUser | null) {
    if (this.#attendance) this.#attendance.user = user
  }

  /**
   * Whether the cursor is on the line of the screen on which it was when ProseMirror last saw to it that it can be seen, which
   * takes a look at all that the text lies in. Most keys leave it there.
   */
  #isInSight(view: EditorView): boolean {
    const { margin } = this.#options.fit
    if (!view.state.selection.empty) return false
    const { top, bottom } = view.coordsAtPos(view.state.selection.head, 1)
    const line = [top, bottom, innerWidth, innerHeight, margin.top, margin.bottom].join()
    if (line === this.#lineInSight) return true
    this.#lineInSight = line
    return false
  }

  /** What counts as a word is something else now. */
  readonly recount = (): void => this.#surveyor.soon(true)

  readonly #onNotes = (): void => {
    this.recount()
    this.#options.onNotes()
  }

  #dispatch(view: EditorView, transaction: Transaction): void {
    const before = view.state
    view.updateState(before.apply(transaction))
    const hasChanged = view.state.doc !== before.doc
    const hasMoved = !view.state.selection.eq(before.selection) || transaction.storedMarksSet
    // The binding may see to its text before there is a surveyor, which then looks at all of it.
    if (hasChanged || hasMoved) this.#surveyor?.soon(hasChanged)
    this.#options.onTransaction(hasChanged)
  }

  destroy(): void {
    this.content.doc.getMap('notes').unobserveDeep(this.#onNotes)
    this.#attendance?.destroy()
    this.#surveyor.destroy()
    this.view.destroy()
    this.binding.destroy()
    this.#embeds.destroy()
    this.#options.place.replaceChildren()
  }
}
