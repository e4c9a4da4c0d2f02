// Footnotes, tables, and whatever else stands in a text without being text.
//
// An embed is one character of the shared text that points to something. This editor shows what it points to
// and keeps it; what it does not know it shows as a locked box and keeps too. Nothing here is written back.

import Embed from 'quill/blots/embed'
import { element } from './element.js'
import { Quill } from './formats.js'

class Footnote extends Embed {
  static blotName = 'footnote'
  static tagName = 'SPAN'
  static className = 'footnote'

  static create(id) {
    const node = super.create()
    node.dataset.footnote = id
    node.append(element('button', { type: 'button', class: 'footnote-number', tabindex: '-1' }))
    return node
  }

  static value(node) {
    return node.dataset.footnote
  }
}

class Table extends Embed {
  static blotName = 'table'
  static tagName = 'SPAN'
  static className = 'table'

  static create(id) {
    const node = super.create()
    node.dataset.table = id
    node.append(element('span', { class: 'table-inside' }))
    return node
  }

  static value(node) {
    return node.dataset.table
  }
}

class Divider extends Embed {
  static blotName = 'divider'
  static tagName = 'SPAN'
  static className = 'divider'

  static create(value) {
    const node = super.create()
    node.append(element('span', { class: 'divider-line', role: 'separator' }))
    node.dataset.value = JSON.stringify(value)
    return node
  }

  static value(node) {
    return JSON.parse(node.dataset.value)
  }
}

Quill.register({ 'formats/footnote': Footnote, 'formats/table': Table, 'formats/divider': Divider })

const known = new Set(['footnote', 'table', 'divider'])

function lockedBox(name) {
  return class extends Embed {
    static blotName = name
    static tagName = 'SPAN'
    static className = `locked-${known.size}`

    static create(value) {
      const node = super.create()
      // A shared type has no JSON form of its own; as long as it is not moved, none is needed.
      node.dataset.value = JSON.stringify(value?.toJSON ? value.toJSON() : value) ?? 'null'
      node.append(
        element(
          'span',
          { class: 'locked', title: 'This page cannot show it, but it is kept as it is.' },
          `Something else (${name})`,
        ),
      )
      return node
    }

    static value(node) {
      return JSON.parse(node.dataset.value)
    }
  }
}

/** Makes a locked box for each kind of embed in `delta` that has no blot yet. Call before Quill sees it. */
export function lockUnknown(delta) {
  for (const { insert } of delta) {
    if (typeof insert !== 'object' || insert === null) continue
    const name = Object.keys(insert)[0]
    if (name === undefined || known.has(name)) continue
    known.add(name)
    Quill.register({ [`formats/${name}`]: lockedBox(name) })
  }
}

/** Numbers the footnotes and fills the tables of the text in `root`, and lists the notes in `list`. */
export function showEmbeds(root, doc, list) {
  const notes = doc.getMap('notes')
  const ids = []
  for (const node of root.querySelectorAll('.footnote')) {
    const id = node.dataset.footnote
    if (!ids.includes(id)) ids.push(id)
    const button = node.querySelector('button')
    const number = String(ids.indexOf(id) + 1)
    const text = notes.get(id)?.toString().trim() ?? ''
    if (button.dataset.number !== number) {
      button.dataset.number = number
      button.setAttribute('aria-label', `Note ${number}`)
    }
    if (button.title !== text) button.title = text
  }
  showNotes(list, ids.map(id => ({ id, blocks: linesOf(notes.get(id)) })))
  for (const node of root.querySelectorAll('.table')) {
    const inside = node.querySelector('.table-inside')
    const rows = rowsOf(doc.getMap('tables').get(node.dataset.table))
    const key = JSON.stringify(rows)
    if (inside.dataset.key === key) continue
    inside.dataset.key = key
    inside.replaceChildren(rows ? tableElement(rows) : element('span', { class: 'locked' }, 'A table that is not here'))
  }
}

function showNotes(list, notes) {
  const key = JSON.stringify(notes)
  if (list.dataset.key === key) return
  list.dataset.key = key
  list.parentElement.hidden = notes.length === 0
  list.replaceChildren(
    ...notes.map(({ id, blocks }) => element('li', { 'data-note': id, tabindex: '-1', dir: 'auto' }, ...blocks.flatMap(inline))),
  )
}

/** The lines of a linear Y.Text, each as its runs. */
function linesOf(text) {
  if (!text?.toDelta) return []
  const lines = [[]]
  for (const { insert, attributes } of text.toDelta()) {
    if (typeof insert !== 'string') continue
    insert.split('\n').forEach((part, i) => {
      if (i > 0) lines.push([])
      if (part) lines.at(-1).push({ text: part, attributes })
    })
  }
  return lines.filter(line => line.length > 0)
}

function inline(line, i) {
  const runs = line.map(({ text, attributes = {} }) => {
    const tag = attributes.bold ? 'strong' : attributes.italic ? 'em' : undefined
    return tag ? element(tag, {}, text) : text
  })
  return i > 0 ? [element('br'), ...runs] : runs
}

/** The cells of a table as `{ header, rows }`, or undefined when it is none as we know them. */
function rowsOf(table) {
  const [rows, columns, cells] = ['rows', 'columns', 'cells'].map(name => table?.get?.(name))
  if (!rows || !columns || !cells) return undefined
  const cell = (row, column) => linesOf(cells.get(`${row}/${column}`))
  return {
    header: table.get('header_rows') ?? 0,
    rows: rows.toArray().map(row => columns.toArray().map(column => cell(row, column))),
  }
}

function tableElement({ header, rows }) {
  return element(
    'table',
    {},
    ...rows.map((row, i) =>
      element(
        'tr',
        {},
        ...row.map(lines =>
          element(i < header ? 'th' : 'td', { scope: i < header && 'col', dir: 'auto' }, ...lines.flatMap(inline)),
        ),
      ),
    ),
  )
}
