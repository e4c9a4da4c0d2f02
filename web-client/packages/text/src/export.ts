// What a document says, for other programs: as a delta, as HTML, as plain text. Made from the shared document, so
// that it needs no editor.

import type { Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { type Delta, isInsert, type Op } from './delta.ts'
import { lineNumbers, numberLabel, type Numbering } from './numbers.ts'
import { readText } from './reading.ts'
import { tableCells } from './tables.ts'

/** How an export is made. */
export interface ExportOptions {
  /** Whether the numbers of items go on after what stands between two lists. Otherwise each list starts anew. */
  numbering?: Numbering
}

/** The body as Quill reads it, with the last line break that Quill expects. */
export function toDelta(doc: Y.Doc): Delta {
  const ops = doc.getText('body').toDelta() as Op[]
  // A shared type that stands in the text can be said in a delta only as what it is now.
  const delta = ops.map(op =>
    isInsert(op) && op.insert instanceof Y.AbstractType ? { ...op, insert: { shared: op.insert.toJSON() as unknown } } : op,
  )
  const last = delta.at(-1)
  const isEnded = last && isInsert(last) && typeof last.insert === 'string' && last.insert.endsWith('\n')
  return isEnded ? delta : [...delta, { insert: '\n' }]
}

/**
 * The body as plain text, a line each: numbers and bullets in front, tables with a tab between cells, footnotes
 * numbered in brackets and listed at the end.
 */
export function toText(doc: Y.Doc, options: ExportOptions = {}): string {
  const source = new Source(doc)
  const lines = textLines(readText(doc.getText('body')).children, source, options.numbering ?? 'parted')
  const notes = source.notes.map(({ id }, i) => {
    const text = source.note(id).map(line => line.textContent)
    return `[${i + 1}] ${text.join('\n').trim()}`
  })
  return [...lines, ...(notes.length > 0 ? ['', ...notes] : []), ''].join('\n')
}

/**
 * The body as HTML to put on a page: headings, lists with their numbers, quotations, tables, and footnotes at the end,
 * linked both ways. Text is escaped and links go to pages and addresses only; there are no scripts and no style sheet.
 */
export function toHtml(doc: Y.Doc, options: ExportOptions = {}): string {
  const source = new Source(doc)
  const body = new HtmlLines(source).render(readText(doc.getText('body')).children, options.numbering ?? 'parted')
  if (source.notes.length === 0) return body
  const notes = source.notes.map(({ id }, i) => {
    const back = ` <a href="#ref-${i + 1}" role="doc-backlink">↩</a>`
    const lines = source.note(id)
    const text = lines.length > 0 ? new HtmlLines(null).render(lines, 'parted', back) : back
    return `<li id="note-${i + 1}">${text}</li>`
  })
  return `${body}\n<section role="doc-endnotes">\n<ol>\n${notes.join('\n')}\n</ol>\n</section>`
}

/** The notes and tables that a body points to. */
class Source {
  /** In the order in which the text points to them, and how often it has so far. */
  readonly notes: { id: string; references: number }[] = []
  private readonly doc: Y.Doc

  constructor(doc: Y.Doc) {
    this.doc = doc
  }

  /** The number of a note, and which reference to it this is, both from 1. */
  refer(id: string): { number: number; reference: number } {
    let at = this.notes.findIndex(note => note.id === id)
    if (at < 0) at = this.notes.push({ id, references: 0 }) - 1
    const note = this.notes[at] as { references: number }
    return { number: at + 1, reference: ++note.references }
  }

  /** The lines of a note; none when it is missing. */
  note(id: string): readonly Node[] {
    const text: unknown = this.doc.getMap('notes').get(id)
    return text instanceof Y.Text ? readText(text).children : []
  }

  table(id: string) {
    return tableCells(this.doc.getMap('tables').get(id))
  }
}

const attr = (node: Node, name: string): unknown => node.attrs[name]

function textLines(lines: readonly Node[], source: Source, numbering: Numbering): string[] {
  const numbers = lineNumbers(lines, numbering)
  return lines.flatMap((line, i) => {
    const level = attr(line, 'indent') as number
    const number = numbers[i]
    const signs = { bullet: '•', checked: '☑', unchecked: '☐', ordered: numberLabel(number ?? 0, level) }
    const list = attr(line, 'list') as keyof typeof signs | null
    const rows: string[] = []
    let text = ''
    let bracket: unknown
    line.forEach(node => {
      const proposer = bracketOf(node)
      if (proposer !== bracket) text += `${bracket === undefined ? '' : ']'}${proposer === undefined ? '' : '['}`
      bracket = proposer
      if (node.isText) text += node.text
      else if (node.type.name === 'footnote') text += `[${source.refer(attr(node, 'id') as string).number}]`
      else if (node.type.name === 'table') {
        for (const row of source.table(attr(node, 'id') as string)?.rows ?? []) {
          rows.push(row.map(cell => (cell ? textLines(readText(cell).children, source, 'parted').join(' ') : '')).join('\t'))
        }
      }
    })
    if (bracket !== undefined) text += ']'
    if (rows.length > 0 && text === '') return rows
    return [`${'  '.repeat(level)}${list ? `${signs[list]} ` : ''}${text}`, ...rows]
  })
}

const bracketOf = (node: Node): unknown => node.marks.find(mark => mark.type.name === 'bracket')?.attrs['proposer']

interface OpenList {
  tag: 'ol' | 'ul'
  /** There for the level alone. */
  isBare: boolean
  /** The number that an item has if it follows here. */
  next: number
}

/** Lines as HTML, with what is open while they come. */
class HtmlLines {
  private readonly source: Source | null
  private html: string[] = []
  private lists: OpenList[] = []
  private group: 'pre' | 'blockquote' | null = null
  /** What the open `pre` is; lines of another kind need another one. */
  private code = ''

  /** `source`: for footnotes and tables; in a footnote there are none. */
  constructor(source: Source | null) {
    this.source = source
  }

  /** `tail` is HTML that ends the last line. */
  render(lines: readonly Node[], numbering: Numbering, tail = ''): string {
    const numbers = lineNumbers(lines, numbering)
    lines.forEach((line, i) => this.line(line, numbers[i] ?? null, i === lines.length - 1 ? tail : ''))
    this.endGroup()
    this.endLists(0)
    return this.html.join('\n')
  }

  private line(line: Node, number: number | null, tail: string): void {
    const { content, tables } = this.inline(line)
    const isTable = tables.length > 0 && content === '' && tail === ''
    if (!isTable) {
      if (attr(line, 'list')) this.item(line, number, content + tail)
      else this.plain(line, content + tail)
    }
    if (tables.length > 0) {
      this.endGroup()
      this.endLists(0)
      this.html.push(...tables)
    }
  }

  private item(line: Node, number: number | null, content: string): void {
    const level = attr(line, 'indent') as number
    const list = attr(line, 'list') as string
    const tag = list === 'ordered' ? 'ol' : 'ul'
    this.endGroup()
    this.endLists(level + 1)
    const open = this.lists[level]
    if (open?.tag === tag && !open.isBare && (number === null || number === open.next)) this.html.push('</li>')
    else {
      this.endLists(level)
      while (this.lists.length < level) {
        this.html.push('<ul style="list-style-type: none">\n<li>')
        this.lists.push({ tag: 'ul', isBare: true, next: 0 })
      }
      const start = number !== null && number > 1 ? ` start="${number}"` : ''
      const type = ['', ' type="a"', ' type="i"', ' type="1"'][level === 0 ? 0 : ((level - 1) % 3) + 1]
      this.html.push(`<${tag}${tag === 'ol' ? `${type}${start}` : ''}>`)
      this.lists.push({ tag, isBare: false, next: 0 })
    }
    ;(this.lists[level] as OpenList).next = (number ?? 0) + 1
    const box = list === 'checked' || list === 'unchecked'
    const input = box ? `<input type="checkbox" disabled${list === 'checked' ? ' checked' : ''}> ` : ''
    this.html.push(`<li${placed(line, 0)}>${input}${content || '<br>'}`)
  }

  private plain(line: Node, content: string): void {
    const indent = attr(line, 'indent') as number
    const header = attr(line, 'header') as number | null
    const code = attr(line, 'codeBlock') as string | true | null
    const group = code ? 'pre' : attr(line, 'blockquote') && !header ? 'blockquote' : null
    const isSamePre = group !== 'pre' || placed(line, indent) + String(code) === this.code
    if (group !== this.group || !isSamePre) this.endGroup()
    this.code = placed(line, indent) + String(code)
    // An indented line goes on with the item above it.
    if (this.group === null) this.endLists(Math.min(this.lists.length, indent))
    const place = placed(line, Math.max(0, indent - this.lists.length))
    if (code) {
      const language = code === true ? '' : ` class="language-${escape(code)}"`
      // Each line with its line break. One that stands first in a `pre` is not read, so something is put before it.
      if (this.group === 'pre') this.html.push(`${this.html.pop() ?? ''}${content}\n`)
      else this.html.push(`<pre${language}${place}>${content || '<span></span>'}\n`)
    } else {
      if (group === 'blockquote' && this.group === null) this.html.push('<blockquote>')
      const tag = header ? `h${header}` : 'p'
      this.html.push(`<${tag}${place}>${content || '<br>'}</${tag}>`)
    }
    this.group = group
  }

  private endGroup(): void {
    if (this.group === 'pre') this.html.push(`${this.html.pop() ?? ''}</pre>`)
    else if (this.group) this.html.push('</blockquote>')
    this.group = null
  }

  private endLists(depth: number): void {
    while (this.lists.length > depth) this.html.push(`</li>\n</${this.lists.pop()?.tag}>`)
  }

  private inline(line: Node): { content: string; tables: string[] } {
    let content = ''
    const tables: string[] = []
    let bracket: unknown
    line.forEach(node => {
      const proposer = bracketOf(node)
      if (proposer !== bracket) {
        if (bracket !== undefined) content += `${sign(']')}</span>`
        if (proposer !== undefined) {
          const name = escape(String(proposer))
          content += `<span data-bracket="${name}" title="${name}">${sign('[')}`
        }
        bracket = proposer
      }
      if (node.isText) content += marked(node)
      else if (node.type.name === 'footnote') content += this.reference(attr(node, 'id') as string)
      else if (node.type.name === 'table') tables.push(this.table(attr(node, 'id') as string))
      else if ((attr(node, 'embed') as { divider?: unknown } | null)?.divider === true) tables.push('<hr>')
    })
    if (bracket !== undefined) content += `${sign(']')}</span>`
    return { content, tables }
  }

  private reference(id: string): string {
    if (!this.source) return ''
    const { number, reference } = this.source.refer(id)
    const anchor = reference === 1 ? ` id="ref-${number}"` : ''
    return `<sup><a href="#note-${number}"${anchor} role="doc-noteref">${number}</a></sup>`
  }

  private table(id: string): string {
    const table = this.source?.table(id)
    if (!table || table.rows.length === 0) return ''
    const rows = table.rows.map((row, i) => {
      const isHeading = i < table.headerRows
      const cells = row.map(cell => {
        const html = cell ? new HtmlLines(this.source).render(readText(cell).children, 'parted') : ''
        return isHeading ? `<th scope="col">${html}</th>` : `<td>${html}</td>`
      })
      return `<tr>${cells.join('')}</tr>`
    })
    const [head, body] = [rows.slice(0, table.headerRows), rows.slice(table.headerRows)]
    const part = (tag: string, lines: string[]) => (lines.length > 0 ? [`<${tag}>`, ...lines, `</${tag}>`] : [])
    return ['<table>', ...part('thead', head), ...part('tbody', body), '</table>'].join('\n')
  }
}

// The brackets are no part of the text; a paste leaves them out again.
const sign = (text: string) => `<span class="bracket-sign">${text}</span>`

function placed(line: Node, margin: number): string {
  const styles: string[] = []
  if (attr(line, 'align')) styles.push(`text-align: ${attr(line, 'align') as string}`)
  if (margin > 0) styles.push(`margin-inline-start: ${2 * margin}em`)
  const lang = attr(line, 'lang') as string | null
  return (
    ` dir="${(attr(line, 'direction') as string | null) ?? 'auto'}"` +
    (lang ? ` lang="${escape(lang)}"` : '') +
    (styles.length > 0 ? ` style="${styles.join('; ')}"` : '')
  )
}

const TAGS: Readonly<Record<string, string>> = { bold: 'strong', italic: 'em', underline: 'u', strike: 's', code: 'code' }

function marked(node: Node): string {
  let html = escape(node.text ?? '')
  // The first mark in the schema's order is the outermost.
  for (const { type, attrs } of node.marks.toReversed()) {
    const tag = TAGS[type.name] ?? (type.name === 'script' ? (attrs['value'] === 'sub' ? 'sub' : 'sup') : null)
    if (tag) html = `<${tag}>${html}</${tag}>`
    else if (type.name === 'link' && /^(https?:|mailto:|tel:)/i.test(attrs['href'] as string)) {
      html = `<a href="${escape(attrs['href'] as string)}" rel="noopener noreferrer">${html}</a>`
    }
  }
  return html
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, sign => ESCAPES[sign] ?? sign)
}
