import { EditorState } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import type * as Y from 'yjs'
import { LinearBinding, pasteProps, readText } from '@plenary/text'
import type { Action } from './action.ts'
import { isCombination } from './keys.ts'
import { textPlugins } from './view.ts'

/** What a note is shown with. */
export interface NoteViewOptions {
  text: Y.Text
  /** The binding of the text that the note belongs to: they share one undo. */
  binding: LinearBinding
  place: HTMLElement
  run: (action: Action) => boolean
  isEditable: () => boolean
  attributes: () => Record<string, string>
  /** The person is done with it. */
  close: () => void
}

/** The text of one footnote. */
export class NoteView {
  readonly view: EditorView
  readonly #binding: LinearBinding
  readonly #place: HTMLElement

  constructor({ text, binding, place, run, isEditable, attributes, close }: NoteViewOptions) {
    this.#place = place
    this.#binding = new LinearBinding({ text, undoManager: binding.undoManager })
    this.view = new EditorView(
      { mount: place.appendChild(document.createElement('div')) },
      {
        state: EditorState.create({ doc: readText(text), plugins: textPlugins(this.#binding, run) }),
        editable: isEditable,
        attributes,
        ...pasteProps('no-footnotes'),
        handleKeyDown: (_view, event) => {
          if (event.key !== 'Escape' && !isCombination(event, 'Mod-Enter')) return false
          close()
          return true
        },
      },
    )
  }

  destroy(): void {
    this.view.destroy()
    this.#binding.destroy()
    this.#place.replaceChildren()
  }
}
