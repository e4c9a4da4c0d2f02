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
