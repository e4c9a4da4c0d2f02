// A table of the shared text, read as crates/plenary-text/src/document.rs reads it.

import * as Y from 'yjs'

/** The cells of a table, row by row. */
export interface TableCells {
  /** `null`: the cell has no text. */
  rows: (Y.Text | null)[][]
  /** How many of the first rows are headings. */
  headerRows: number
}

/** The cells of `shared`; `null` when it is no table as we know them. */
export function tableCells(shared: unknown): TableCells | null {
  if (!(shared instanceof Y.Map)) return null
  const [rows, columns, cells] = ['rows', 'columns', 'cells'].map(name => shared.get(name) as unknown)
  if (!(rows instanceof Y.Array && columns instanceof Y.Array && cells instanceof Y.Map)) return null
  // A row or column that is named twice has its cells once.
  const taken = new Set<string>()
  const cell = (key: string) => {
    const text: unknown = taken.has(key) ? null : cells.get(key)
    taken.add(key)
    return text instanceof Y.Text ? text : null
  }
  const headerRows = Number(shared.get('header_rows')) || 0
  return { rows: rows.map(row => columns.map(column => cell(`${row}/${column}`))), headerRows }
}

/** The ids of the notes that the cells of a table point to, in order. */
export function tableNotes(shared: unknown): string[] {
  const cells = tableCells(shared)?.rows.flat() ?? []
  return cells.flatMap(cell => (cell && hasEmbeds(cell) ? notesOf(cell) : []))
}

// An embed takes a place in the text and none in its string.
const hasEmbeds = (text: Y.Text) => text.toString().length < text.length

function notesOf(text: Y.Text): string[] {
  const inserts = (text.toDelta() as { insert: unknown }[]).map(({ insert }) => insert)
  const ids = inserts.map(insert => (insert as { footnote?: unknown } | null)?.footnote)
  return ids.filter(id => typeof id === 'string')
}
