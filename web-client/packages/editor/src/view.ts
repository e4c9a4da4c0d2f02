// The ProseMirror views: of the text, and of a footnote.

import { keymap } from 'prosemirror-keymap'
import { NodeSelection, Plugin, TextSelection } from 'prosemirror-state'
import type { Command } from 'prosemirror-state'
import { Decoration, DecorationSet } from 'prosemirror-view'
import type { EditorView } from 'prosemirror-view'
import { clearKindAtStart, indent, splitLine } from '@plenary/text'
import type { LinearBinding } from '@plenary/text'
import { keysOf } from './action.ts'
import type { Action } from './action.ts'
import { goToEnd } from './caret-lines.ts'
import { deleteSelection, firstOf, joinLine, selectAll } from './basic-commands.ts'
import { commands } from './editing.ts'
import { isMac } from './keys.ts'
import { shorthand } from './shorthand.ts'

const backspace = firstOf(deleteSelection, clearKindAtStart, joinLine('before'))
const remove = firstOf(deleteSelection, joinLine('after'))

const lineKeys: Record<string, Command> = {
  Enter: splitLine,
  'Mod-Enter': splitLine,
  'Shift-Enter': splitLine,
  Backspace: backspace,
  'Mod-Backspace': backspace,
  'Shift-Backspace': backspace,
  Delete: remove,
  'Mod-Delete': remove,
  'Mod-a': selectAll,
  Tab: indentItem(1),
  'Shift-Tab': indentItem(-1),
}

// What takes people to the start and the end of a text.
for (const [side, keys] of [['start', isMac ? 'Mod-ArrowUp' : 'Mod-Home'], ['end', isMac ? 'Mod-ArrowDown' : 'Mod-End']] as const) {
  lineKeys[keys] = goToEnd(side, false)
  lineKeys[`Shift-${keys}`] = goToEnd(side, true)
}

const macKeys: Record<string, Command> = { 'Ctrl-h': backspace, 'Ctrl-d': remove, 'Alt-Backspace': backspace }

// Elsewhere than in a list Tab goes on through the page, as people who cannot use a mouse need it.
function indentItem(by: 1 | -1): Command {
  return (state, dispatch) => {
    if (!state.selection.$from.parent.attrs['list']) return false
    indent(by)(state, dispatch)
    return true
  }
}

/** Keys of actions, each done by `run`. */
function actionKeys(actions: Action[], run: (action: Action) => boolean): Record<string, Command> {
  const keys: Record<string, Command> = {}
  for (const action of actions) for (const key of keysOf[action] ?? []) keys[key] = () => run(action)
  return keys
}

/** The plugins that every text has: its binding, keys, and what shows that it is empty. */
export function textPlugins(binding: LinearBinding, run: (action: Action) => boolean): Plugin[] {
  return [
    binding.plugin(),
    freshSelection(),
    atomsStay(),
    shorthand(),
    keymap(actionKeys(Object.keys(keysOf) as Action[], run)),
    keymap(isMac ? { ...lineKeys, ...macKeys } : lineKeys),
    emptyText(),
  ]
}

/**
 * Whoever types or pastes while a footnote, a table or a locked box is selected, as the arrow keys do in passing, writes
 * behind it and not in its place. Deleting it takes a key that deletes.
 */
function atomsStay(): Plugin {
  const goBehind = (view: EditorView): false => {
    const { selection, tr } = view.state
    if (selection instanceof NodeSelection) view.dispatch(tr.setSelection(TextSelection.create(tr.doc, selection.to)))
    return false
  }
  return new Plugin({
    props: {
      handleKeyDown(view, event) {
        const isTyped = event.key === 'Enter' || event.isComposing || event.keyCode === 229 || [...event.key].length === 1
        return isTyped && !event.ctrlKey && !event.metaKey ? goBehind(view) : false
      },
      // Without keys: on-screen keyboards, dictation.
      handleTextInput: goBehind,
      handlePaste: goBehind,
      handleDOMEvents: { compositionstart: goBehind },
    },
  })
}

/**
 * Reads where the cursor is before a key is acted upon. Browsers tell of a new selection a moment later; on a busy
 * machine the next key comes first, and Enter right after End would write over what was selected before.
 */
function freshSelection(): Plugin {
  return new Plugin({
    props: {
      handleDOMEvents: {
        keydown(view, event) {
          if (!event.isComposing && !view.composing) (view as unknown as SelectionReader).domObserver.flush()
          return false
        },
      },
    },
  })
}

/** What ProseMirror's view does when the browser tells of a new selection. */
interface SelectionReader {
  domObserver: { flush(): void }
}

/** Marks a text without a letter, for its placeholder. */
function emptyText(): Plugin {
  return new Plugin({
    props: {
      decorations({ doc }) {
        if (doc.childCount > 1 || doc.content.size > 2) return null
        return DecorationSet.create(doc, [Decoration.node(0, doc.content.size, { class: 'plenary-empty' })])
      },
    },
  })
}

/** Runs the command of an action in a view; false when it has none or cannot be done now. */
export function runIn(view: EditorView, action: Action): boolean {
  const command = commands[action]
  return command !== undefined && view.editable && command(view.state, view.dispatch, view)
}

/** Sets a mark over a stretch, or takes it away. */
export function setMark(view: EditorView, name: string, attrs: Record<string, unknown> | null, from: number, to: number): void {
  const type = view.state.schema.marks[name]
  if (!type || from === to) return
  const tr = view.state.tr.removeMark(from, to, type)
  view.dispatch(attrs ? tr.addMark(from, to, type.create(attrs)) : tr)
}

