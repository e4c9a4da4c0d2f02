// The text of a document: its schema, its exact binding to a Y.Text, anchors, counting, paste, export.
//
//   const text = doc.getText('body')
//   const binding = new LinearBinding({ text, notes: doc.getMap('notes'), tables: doc.getMap('tables') })
//   const state = EditorState.create({ doc: readText(text), plugins: [binding.plugin(), keymap(...)] })
//   new EditorView(place, { state })

export { type Attributes, blockAttrs, breakAttributes, runAttributes, runMarks } from './attributes.ts'
export type { BindingOptions } from './binding.ts'
export {
  beginMerge,
  cancelMerge,
  type MergeItem,
  type MergePlace,
  type MergeReport,
  type MergeToken,
  type MergeWords,
  mergeReport,
} from './merge-report.ts'
export { type BlockAttrs, schema } from './schema.ts'
export {
  type CountedFootnotes,
  countRange,
  countText,
  countWords,
  type EmbedWords,
  embedWords,
  type Section,
  sectionAt,
} from './words.ts'

// To come, with these signatures:
// readText(text: Y.Text): Node
// readDelta(delta): Node                                   a delta of the shared text -> a document of the schema
// class LinearBinding { constructor(options: BindingOptions); plugin(): Plugin; readonly undoManager: Y.UndoManager }
// bindingOf(state: EditorState): LinearBinding | null
// undo, redo, canUndo(state), canRedo(state)               commands, and whether there is something to
// textIndex(doc: Node, position: number): number           position in the editor -> index in the shared text
// docPosition(doc: Node, index: number): number            and back
// anchorAt(state, position, side: 'before' | 'after'): Anchor     JSON of a Y.RelativePosition
// anchorPosition(state, anchor: Anchor): number | null
// setBlock(attrs: Partial<BlockAttrs>): Command            of all lines that the selection touches
// toggleList(kind), indent(by: 1 | -1), splitLine, joinBackward..., moveBlocks('up' | 'down'): Command
// insertFootnote(id?: string): Command                     a footnote, and its note in `notes`
