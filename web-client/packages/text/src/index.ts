// The text of a document: its schema, its exact binding to a Y.Text, anchors, counting, paste, export.
//
//   const text = doc.getText('body')
//   const binding = new LinearBinding({ text, notes: doc.getMap('notes'), tables: doc.getMap('tables') })
//   const state = EditorState.create({ doc: readText(text), plugins: [binding.plugin(), keymap(...)] })
//   new EditorView(place, { state })

export { type Anchor, anchorAt, anchorPosition, isOrphaned } from './anchors.ts'
export { type Attributes, blockAttrs, breakAttributes, runAttributes, runMarks } from './attributes.ts'
export { type BindingHost, type BindingOptions, bindingOf, isFromText, LinearBinding } from './binding.ts'
export {
  clearKindAtStart,
  indent,
  insertFootnote,
  moveBlocks,
  setBlock,
  setKind,
  splitLine,
  toggleList,
} from './commands.ts'
export type { Delta, Op } from './delta.ts'
export { type ExportOptions, toDelta, toHtml, toText } from './export.ts'
export { findAll, type FindOptions, type Match, replaceMatches } from './find.ts'
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
export { LockedTable } from './locked-table.ts'
export { lineNumbers, numberLabel, type Numbering } from './numbers.ts'
export { cleanPastedHtml, fetchPasteReader, pasteProps, slicePastedText } from './paste.ts'
export { docPosition, textIndex } from './positions.ts'
export { readDelta, readText } from './reading.ts'
export { type BlockAttrs, schema } from './schema.ts'
export { tableCells, type TableCells, tableNotes } from './tables.ts'
export { canRedo, canUndo, redo, undo } from './undo.ts'
export {
  type CountedFootnotes,
  countRange,
  countText,
  countWords,
  type EmbedWords,
  embedWords,
  type Section,
  sectionAt,
  WordSum,
} from './words.ts'
