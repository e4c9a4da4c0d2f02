// A text as other programs take it.

import type * as Y from 'yjs'
import { toDelta, toHtml, toText } from '@plenary/text'

/** `delta`: the Quill delta, as JSON. `html`: for reading and for other editors. `text`: one paragraph a line. */
export type ExportFormat = 'delta' | 'html' | 'text'

/** Writes down the text of a document. `isNumberedThrough`: as the editor shows it with `numbering="through"`. */
export function exportAs(doc: Y.Doc, format: ExportFormat, isNumberedThrough: boolean): string {
  const numbering = isNumberedThrough ? 'through' : 'parted'
  switch (format) {
    case 'delta':
      return JSON.stringify(toDelta(doc))
    case 'html':
      return toHtml(doc, { numbering })
    case 'text':
      return toText(doc, { numbering })
  }
}
