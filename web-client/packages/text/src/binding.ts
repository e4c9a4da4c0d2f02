// The binding of an editor's document to a shared text.

import type * as Y from 'yjs'


/** What a binding works on. */
export interface BindingOptions {
  /** The shared text: the root `body`, or one of the notes. */
  text: Y.Text
  /** The root `notes`. With it, a footnote that is put into the text gets its note. */
  notes?: Y.Map<Y.Text>
  /** The root `tables`. With it, tables are shown with their cells. */
  tables?: Y.Map<unknown>
  /** Shared by the binding of the body and those of its notes, so that one undo serves all. Made when missing. */
  undoManager?: Y.UndoManager
  /** After each change, throw when the document and the shared text differ. For tests; it reads all the text. */
  check?: boolean
  /** The document and the shared text differed and the document has been read anew. Never expected; worth a log line. */
  onMismatch?: (where: string) => void
}
