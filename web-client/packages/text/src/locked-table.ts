// A table where it stands in the text: its cells as they are now, to read.

import { DOMSerializer, type Node } from 'prosemirror-model'
import type { NodeView } from 'prosemirror-view'
import * as Y from 'yjs'
import { readText } from './reading.ts'
import { schema } from './schema.ts'

/** Shows the table that a node names, and follows it. `onShown` is called with its element each time its cells are drawn. */
export class LockedTable implements NodeView {
  readonly dom: HTMLElement
  readonly #id: string
  readonly #tables: Y.Map<unknown>
  readonly #onShown: ((dom: HTMLElement) => void) | undefined

  constructor(node: Node, tables: Y.Map<unknown>, onShown?: (dom: HTMLElement) => void) {
    this.#onShown = onShown
    this.#id = node.attrs['id'] as string
    this.#tables = tables
    this.dom = document.createElement('span')
    this.dom.className = 'locked table'
    this.dom.dataset['table'] = this.#id
    this.dom.contentEditable = 'false'
    this.#show()
    tables.observeDeep(this.#onTables)
  }

  #onTables = (events: Y.YEvent<Y.AbstractType<unknown>>[]): void => {
    if (events.some(event => event.path[0] === this.#id || event.keys.has(this.#id))) this.#show()
  }

  #show(): void {
    const table = document.createElement('table')
    const shared = this.#tables.get(this.#id)
    const part = (name: string) => (shared instanceof Y.Map ? (shared.get(name) as unknown) : undefined)
    const [rows, columns, cells] = [part('rows'), part('columns'), part('cells')]
    if (rows instanceof Y.Array && columns instanceof Y.Array && cells instanceof Y.Map) {
      const headings = Number(part('header_rows')) || 0
      rows.toArray().forEach((row, i) => {
        const line = table.insertRow()
        for (const column of columns.toArray()) {
          const place = document.createElement(i < headings ? 'th' : 'td')
          if (i < headings) place.scope = 'col'
          const cell: unknown = cells.get(`${row}/${column}`)
          if (cell instanceof Y.Text) {
            place.append(DOMSerializer.fromSchema(schema).serializeFragment(readText(cell).content))
          }
          line.append(place)
        }
      })
    }
    this.dom.replaceChildren(table)
    this.#onShown?.(this.dom)
  }

  ignoreMutation(): boolean {
    return true
  }

  stopEvent(): boolean {
    return false
  }

  destroy(): void {
    this.#tables.unobserveDeep(this.#onTables)
  }
}
