// The lines that are laid out wherever they are, because of the cursor: see `plenary-here` in the style sheet.
//
// Browsers do not know the places in a line that they have not laid out. What is typed into such a line, or where a key takes
// the cursor through one, would be somewhere else.

import type { Node } from 'prosemirror-model'
import { AllSelection, Plugin, PluginKey, Selection, TextSelection } from 'prosemirror-state'
import type { Command, EditorState } from 'prosemirror-state'
import { Decoration, DecorationSet } from 'prosemirror-view'

// Arrows go to the line beside the one with the cursor; a table or a locked box may stand between.
const BESIDE = 2
// A key that turns pages may go as far as the window is high, over lines of one line each.
const BESIDE_FOR_PAGES = 100

interface CaretLines {
  /** How many lines before and behind are laid out, too. */
  readonly beside: number
  readonly decorations: DecorationSet
}

const key = new PluginKey<CaretLines>('caret-lines')

/** Keeps the lines around both ends of the selection laid out. */
export function caretLines(): Plugin<CaretLines> {
  return new Plugin<CaretLines>({
    key,
    state: {
      init: (_, { doc, selection }) => around(doc, selection, BESIDE),
      apply(tr, before, _, { doc, selection }) {
        const beside = (tr.getMeta(key) as number | undefined) ?? BESIDE
        const isSame = !tr.docChanged && !tr.selectionSet && beside === before.beside
        return isSame ? before : around(doc, selection, beside)
      },
    },
    props: {
      decorations: state => key.getState(state)?.decorations,
      handleDOMEvents: {
        keydown(view, event) {
          if (event.key !== 'PageUp' && event.key !== 'PageDown') return false
          view.dispatch(view.state.tr.setMeta(key, BESIDE_FOR_PAGES).setMeta('addToHistory', false))
          return false
        },
      },
    },
  })
}

function around(doc: Node, selection: Selection, beside: number): CaretLines {
  const lines = new Set<number>()
  for (const place of [selection.$anchor, selection.$head]) {
    const index = place.index(0)
    const last = Math.min(doc.childCount - 1, index + beside)
    for (let i = Math.max(0, index - beside); i <= last; i++) lines.add(i)
  }
  const decorations: Decoration[] = []
  const end = Math.max(...lines)
  for (let i = 0, start = 0; i <= end; i++) {
    const { nodeSize } = doc.child(i)
    if (lines.has(i)) decorations.push(Decoration.node(start, start + nodeSize, { class: 'plenary-here' }))
    start += nodeSize
  }
  return { beside, decorations: DecorationSet.create(doc, decorations) }
}

/** Goes to the start or the end of the text, or chooses all up to there. Not left to the browser: see the top of this file. */
export function goToEnd(side: 'start' | 'end', chooses: boolean): Command {
  return (state, dispatch) => {
    dispatch?.(state.tr.setSelection(endOf(state, side, chooses)).scrollIntoView())
    return true
  }
}

function endOf({ doc, selection }: EditorState, side: 'start' | 'end', chooses: boolean): Selection {
  const end = side === 'start' ? Selection.atStart(doc) : Selection.atEnd(doc)
  if (!chooses || selection instanceof AllSelection) return end
  return TextSelection.between(selection.$anchor, end.$head)
}
