// A text as other programs take it.

import type * as Y from 'yjs'

/** `delta`: the Quill delta, as JSON. `html`: for reading and for other editors. `text`: one paragraph a line. */
export type ExportFormat = 'delta' | 'html' | 'text'

/** Writes a shared text down. */
export function exportText(text: Y.Text, format: ExportFormat): string {
  switch (format) {
    case 'delta':
      return JSON.stringify(text.toDelta())
    case 'html':
      return ''
    case 'text':
      return text.toString()
  }
}
