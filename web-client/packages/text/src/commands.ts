// What one can do to lines: change their kind, their level, their order.

import { uuidv4 } from 'lib0/random'
import { type Attrs, Fragment, type Node, Slice } from 'prosemirror-model'
import { type Command, type EditorState, Selection, TextSelection } from 'prosemirror-state'
import { ReplaceStep } from 'prosemirror-transform'
import { isSameValue, withoutSet } from './attributes.ts'
import { bindingOf } from './binding.ts'
import { placeOf } from './positions.ts'
import { type BlockAttrs, schema } from './schema.ts'

const INDENT_MAX = 8

/** The lines that the selection touches, with their positions. */
function selectedBlocks(state: EditorState): { node: Node; position: number }[] {
  const { from, to } = state.selection
  const blocks: { node: Node; position: number }[] = []
  state.doc.nodesBetween(from, to, (node, position) => {
    blocks.push({ node, position })
    return false
  })
  return blocks
}

/** Sets attributes of all lines that the selection touches. What a line is else stays. */
export function setBlock(attrs: Partial<BlockAttrs>): Command {
  return changeBlocks(() => attrs)
}

/** Makes the lines a heading, a quotation, an item of a list, or with `{}` plain paragraphs; the kinds exclude each other. */
export function setKind(kind: Partial<Pick<BlockAttrs, 'header' | 'list' | 'blockquote' | 'codeBlock'>>): Command {
  return changeBlocks(() => ({ header: null, list: null, blockquote: null, codeBlock: null, ...kind }))
}

/** Makes the lines items of a list, or plain paragraphs when all of them are that already. */
export function toggleList(list: NonNullable<BlockAttrs['list']>): Command {
  return (state, dispatch) => {
    const isAll = selectedBlocks(state).every(({ node }) => node.attrs['list'] === list)
    return setKind(isAll ? {} : { list })(state, dispatch)
  }
}

/** Moves the lines one level in or out. False when none of them can. */
export function indent(by: 1 | -1): Command {
  return changeBlocks(({ indent: level }) => ({ indent: Math.min(Math.max(level + by, 0), INDENT_MAX) }))
}

function changeBlocks(change: (attrs: BlockAttrs) => Partial<BlockAttrs>): Command {
  return (state, dispatch) => {
    const { tr } = state
    for (const { node, position } of selectedBlocks(state)) {
      const set = change(node.attrs as BlockAttrs)
      const changes = { other: withoutSet((node.attrs as BlockAttrs).other, set), ...set }
      for (const [name, value] of Object.entries(changes)) {
        if (!isSameValue(node.attrs[name], value)) tr.setNodeAttribute(position, name, value)
      }
    }
    if (!tr.docChanged) return false
    dispatch?.(tr.scrollIntoView())
    return true
  }
}

/**
 * Enter: ends the line where the selection is. In an empty item of a list it leaves the list, one level at a time;
 * before and behind a heading comes a plain paragraph, and behind an item that is done one that is not.
 */
export const splitLine: Command = (state, dispatch) => {
  const { selection, tr } = state
  if (!(selection instanceof TextSelection)) return false
  const block = selection.$from.parent
  const attrs = block.attrs as BlockAttrs
  if (selection.empty && block.content.size === 0 && (attrs.list || attrs.blockquote || attrs.indent)) {
    return (attrs.indent ? indent(-1) : setKind({}))(state, dispatch)
  }
  if (!dispatch) return true
  if (!selection.empty) tr.deleteSelection()
  const { $from } = tr.selection
  if (attrs.header && $from.parentOffset === 0 && $from.parent.content.size > 0) {
    dispatch(tr.insert($from.before(), schema.node('block', { ...attrs, header: null })).scrollIntoView())
    return true
  }
  const isAtEnd = $from.parentOffset === $from.parent.content.size
  const second: Attrs = {
    ...$from.parent.attrs,
    ...(isAtEnd && attrs.header ? { header: null } : {}),
    ...(attrs.list === 'checked' ? { list: 'unchecked' } : {}),
  }
  const slice = new Slice(Fragment.from([schema.node('block'), schema.node('block', second)]), 1, 1)
  tr.step(new ReplaceStep($from.pos, $from.pos, slice))
  const place = TextSelection.create(tr.doc, $from.pos + 2)
  dispatch(tr.setSelection(place).setStoredMarks(state.storedMarks).scrollIntoView())
  return true
}

/** Backspace at the start of a line: takes its indentation and kind away first. False elsewhere, and in a plain line. */
export const clearKindAtStart: Command = (state, dispatch) => {
  const { $cursor } = state.selection as TextSelection
  if (!$cursor || $cursor.parentOffset > 0) return false
  const attrs = $cursor.parent.attrs as BlockAttrs
  if (attrs.indent) return indent(-1)(state, dispatch)
  return attrs.list || attrs.blockquote || attrs.header || attrs.codeBlock ? setKind({})(state, dispatch) : false
}

/** Moves the lines that the selection touches over their neighbour. */
export function moveBlocks(direction: 'up' | 'down'): Command {
  return (state, dispatch) => {
    const { doc, selection, tr } = state
    const first = placeOf(doc, selection.from)
    const last = placeOf(doc, selection.to)
    // A line that cannot be written a second time stays; its neighbours can move over it.
    const isMovable = (node: Node) => !node.content.content.some(({ attrs }) => attrs['shared'])
    const neighbour = doc.maybeChild(direction === 'up' ? first.index - 1 : last.index + 1)
    if (first.offset < 0 || last.offset < 0 || !neighbour) return false
    const end = last.start + doc.child(last.index).nodeSize
    const moved = doc.slice(first.start, end).content
    if (!moved.content.every(isMovable)) return false
    if (!dispatch) return true
    const by = direction === 'up' ? -neighbour.nodeSize : neighbour.nodeSize
    tr.delete(first.start, end).insert(first.start + by, moved)
    const [anchor, head] = [selection.anchor, selection.head].map(position => tr.doc.resolve(position + by))
    tr.setSelection(
      anchor && head && selection instanceof TextSelection
        ? new TextSelection(anchor, head)
        : Selection.near(tr.doc.resolve(first.start + by + 1)),
    )
    dispatch(tr.scrollIntoView())
    return true
  }
}

/**
 * Puts a footnote behind the selection, and makes its note in `notes`: with `text`, and by an id that nobody else has. `newId`
 * makes such ids. False in a text that has no notes.
 */
export function insertFootnote(text = '', newId: () => string = uuidv4): Command {
  return (state, dispatch) => {
    const notes = bindingOf(state)?.notes
    if (!notes || !state.selection.$to.parent.isTextblock) return false
    if (!dispatch) return true
    const first = newId()
    const id = notes.has(first) ? uuidv4() : first
    dispatch(state.tr.insert(state.selection.to, schema.node('footnote', { id, text })).scrollIntoView())
    return true
  }
}
