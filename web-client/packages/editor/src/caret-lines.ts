// The lines that are laid out wherever they are, because of the cursor: see `plenary-here` in the style sheet.
//
// Browsers do not know the places in a line that they have not laid out. What is typed into such a line, or where a key takes
// the cursor through one, would be somewhere else.

import type { Node } from 'prosemirror-model'
import { AllSelection, Plugin, PluginKey, Selection, TextSelection } from 'prosemirror-state'
import type { Command, EditorState, Transaction } from 'prosemirror-state'
import { ReplaceStep, type Step } from 'prosemirror-transform'
import { Decoration, DecorationSet } from 'prosemirror-view'

// Arrows go to the line beside the one with the cursor; a table or a locked box may stand between.
const BESIDE = 2
// A key that turns pages may go as far as the window is high, over lines of one line each.
const BESIDE_FOR_PAGES = 100

interface CaretLines {
  /** Which lines, as `linesAround` has them. */
  readonly lines: readonly number[]
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
        return isSame ? before : (moved(before, tr, selection, beside) ?? around(doc, selection, beside))
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

/** The same lines, where they are after what was typed in one; `null` when they may be others. */
function moved(before: CaretLines, tr: Transaction, selection: Selection, beside: number): CaretLines | null {
  if (beside !== before.beside || tr.doc.childCount !== tr.before.childCount || !tr.steps.every(addsNoLine)) return null
  if (linesAround(tr.doc, selection, beside).some((line, i) => line !== before.lines[i])) return null
  if (!tr.docChanged) return before
  let isLost = false
  const decorations = before.decorations.map(tr.mapping, tr.doc, { onRemove: () => (isLost = true) })
  return isLost ? null : { ...before, decorations }
}

function addsNoLine(step: Step): boolean {
  return step instanceof ReplaceStep && step.slice.openStart === 0 && (step.slice.content.firstChild?.isInline ?? true)
}

/** The first and the last line at either end of the selection. */
function linesAround(doc: Node, { $anchor, $head }: Selection, beside: number): readonly number[] {
  return [$anchor, $head].flatMap(place => {
    const index = place.index(0)
    return [Math.max(0, index - beside), Math.min(doc.childCount - 1, index + beside)]
  })
}

function around(doc: Node, selection: Selection, beside: number): CaretLines {
  const lines = linesAround(doc, selection, beside)
  const decorations: Decoration[] = []
  const [first, last, otherFirst, otherLast] = lines as [number, number, number, number]
  for (let i = 0, start = 0; i <= Math.max(last, otherLast); i++) {
    const { nodeSize } = doc.child(i)
    const isHere = (i >= first && i <= last) || (i >= otherFirst && i <= otherLast)
    if (isHere) decorations.push(Decoration.node(start, start + nodeSize, { class: 'plenary-here' }))
    start += nodeSize
  }
  return { beside, lines, decorations: DecorationSet.create(doc, decorations) }
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
