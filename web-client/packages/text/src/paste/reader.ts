// Reads pasted HTML as lines of linear text. What it does not name it leaves out, but never a word that was seen.
//
// It is fetched when it is first needed, and imports nothing of the rest: a page that has the rest under another name would
// otherwise load that twice. What it needs of the rest it is given.

import type { Attrs, Fragment, Mark, Node as TextNode, Schema } from 'prosemirror-model'
import { findNotes, type PastedNotes } from './footnotes.ts'
import { type Declarations, Styles } from './styles.ts'

/** The longest address of a link that is kept. */
const LINK_LENGTH_MAX = 2000
/** The longest embed or attribute of ours that is kept, as JSON, and how deep it may be. */
const JSON_LENGTH_MAX = 4096
const JSON_DEPTH_MAX = 8
const INDENT_MAX = 8

const SKIPPED = new Set(
  ('SCRIPT STYLE HEAD TEMPLATE NOSCRIPT IFRAME FRAME OBJECT EMBED SVG CANVAS AUDIO VIDEO SELECT DATALIST TITLE META LINK ' +
    'XML IMG PICTURE MAP HR WBR INPUT BUTTON TEXTAREA').split(' '),
)

const BLOCKS = new Set(
  ('ADDRESS ARTICLE ASIDE BLOCKQUOTE BODY CAPTION CENTER DD DETAILS DIALOG DIR DIV DL DT FIELDSET FIGCAPTION FIGURE FOOTER ' +
    'FORM H1 H2 H3 H4 H5 H6 HEADER HGROUP HTML LEGEND LI MAIN MENU NAV OL P PRE SECTION SUMMARY TABLE TBODY TD TFOOT TH ' +
    'THEAD TR UL').split(' '),
)

// Without words these are an empty line all the same.
const LINES = new Set(['P', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'LI', 'PRE'])

const MARK_TAGS: Readonly<Record<string, Record<string, unknown>>> = {
  B: { bold: true },
  STRONG: { bold: true },
  I: { italic: true },
  EM: { italic: true },
  CITE: { italic: true },
  DFN: { italic: true },
  U: { underline: true },
  INS: { underline: true },
  S: { strike: true },
  STRIKE: { strike: true },
  DEL: { strike: true },
  CODE: { code: true },
  KBD: { code: true },
  SAMP: { code: true },
  TT: { code: true },
  SUP: { script: 'super' },
  SUB: { script: 'sub' },
}

interface Item {
  /** `null` once a line has it. */
  kind: 'bullet' | 'ordered' | 'checked' | 'unchecked' | null
}

/** What holds for everything inside an element. Changed by making another. */
interface Context {
  /** Attributes of runs, as the shared text has them. */
  marks: Readonly<Record<string, unknown>>
  /** Attributes of lines, but for lists and indentation. */
  line: Readonly<Record<string, unknown>>
  /** How deep in lists, and what the items of the innermost are. */
  depth: number
  list: 'bullet' | 'ordered' | null
  item: Item | null
  /** How far a paragraph that is no item is indented, beyond its list. */
  margin: number
  /** Text direction of what is around, `null` when nothing says. */
  direction: 'rtl' | 'ltr' | null
  keepsSpace: boolean
  /** A row of a table becomes one line. */
  isInRow: boolean
}

interface Frame {
  nodes: ArrayLike<Node>
  at: number
  context: Context
  /** When an element ends that matters for lines. */
  end: (() => void) | null
}

/** What it needs of the rest: how lines are made, and what their attributes mean. */
export interface Kit {
  schema: Schema
  Fragment: typeof Fragment
  blockAttrs(attributes: Readonly<Record<string, unknown>>): Attrs | null
  runMarks(attributes: Readonly<Record<string, unknown>>): readonly Mark[]
  printable(text: string): string
}

/** What was pasted, as lines. */
export interface Pasted {
  lines: TextNode[]
  /** Whether an editor of this kind copied it. */
  isOwn: boolean
}

/** Reads the parsed HTML of the clipboard. `newId` makes ids for footnotes; with `null` there are none. */
export function readPasted(kit: Kit, document: Document, newId: (() => string) | null): Pasted {
  const isOwn = document.querySelector('[data-pm-slice]') !== null
  const notes = newId && !isOwn ? findNotes(document.body, newId) : NO_NOTES
  const reader = new Reader(kit, notes, isOwn, isTrackingChanges(document), newId !== null)
  const lines = reader.read(document.body)
  return { lines, isOwn }
}

// In Word's and LibreOffice's text `del` is what somebody deleted, elsewhere it is struck through.
function isTrackingChanges(document: Document): boolean {
  const generator = document.querySelector('meta[name="generator" i]')?.getAttribute('content') ?? ''
  return (
    /microsoft|libreoffice|openoffice/i.test(generator) ||
    document.querySelector('[class^="Mso"], [style*="mso-"]') !== null
  )
}

const NO_NOTES: PastedNotes = { references: new Map(), notes: new Map(), holders: new Set(), labels: new Set() }

class Reader {
  /** Without paragraphs it is a stretch of text, and the spaces on its sides are part of it. */
  private hasBlocks = false
  private startsWithSpace = false
  private readonly kit: Kit
  private readonly notes: PastedNotes
  private readonly hasFootnotes: boolean
  private readonly isOwn: boolean
  private readonly isTracking: boolean
  private readonly styles = new Styles()
  private lines: TextNode[] = []
  private inline: TextNode[] = []
  private text = ''
  private textMarks: Readonly<Record<string, unknown>> = {}
  private context: Context | null = null
  private endsWithSpace = true
  /** Set while the number or bullet of a list paragraph of Word's is read. */
  private marker: string | null = null

  constructor(kit: Kit, notes: PastedNotes, isOwn: boolean, isTracking: boolean, hasFootnotes: boolean) {
    this.kit = kit
    this.notes = notes
    this.hasFootnotes = hasFootnotes
    this.isOwn = isOwn
    this.isTracking = isTracking
  }

  read(root: Element): TextNode[] {
    this.walk(root, {
      marks: {},
      line: {},
      depth: 0,
      list: null,
      item: null,
      margin: 0,
      direction: null,
      keepsSpace: false,
      isInRow: false,
    })
    const isStretch = !this.hasBlocks && this.lines.length === 0
    if (isStretch && this.startsWithSpace && this.text !== '' && this.inline.length === 0) this.text = ` ${this.text}`
    if (this.hasContent()) this.endLine(isStretch)
    return this.lines
  }

  // By a stack of our own: what is pasted may be nested deeper than the browser's reaches.
  private walk(root: Node, context: Context): void {
    const stack: Frame[] = [{ nodes: root.childNodes, at: 0, context, end: null }]
    for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
      const node = frame.nodes[frame.at++]
      if (!node) {
        frame.end?.()
        stack.pop()
      } else if (node.nodeType === 3) {
        this.addText((node as Text).data, frame.context)
      } else if (node.nodeType === 8) {
        this.comment((node as Comment).data)
      } else if (node.nodeType === 1) {
        const inner = this.element(node as HTMLElement, frame.context)
        if (inner) stack.push({ nodes: node.childNodes, at: 0, ...inner })
      }
    }
  }

  // Word puts what only shows the number of an item between two of these.
  private comment(data: string): void {
    // What the clipboard of Windows has before this is no part of the text.
    if (data === 'StartFragment' && !this.hasContent()) this.startsWithSpace = false
    else if (/^\[if !supportLists\]/i.test(data)) this.marker ??= ''
    else if (/^\[endif\]/i.test(data)) this.endMarker()
    else if (data === 'EndFragment') this.endsWithSpace = true
  }

  private element(element: HTMLElement, outer: Context): Pick<Frame, 'context' | 'end'> | null {
    const tag = element.tagName.toUpperCase()
    if (SKIPPED.has(tag) || /^[VW]:/.test(tag)) return this.skipped(element, tag, outer)
    if (tag === 'BR') {
      this.lineBreak(element, outer)
      return null
    }
    const style = this.styles.of(element)
    if (this.isHidden(element, tag, style)) return null
    const id = this.notes.references.get(element)
    if (id !== undefined) {
      this.footnote(id, this.noteText(id), outer)
      return null
    }
    if (this.notes.labels.has(element) || this.notes.holders.has(element)) return null
    if (this.ownEmbed(element, outer)) return null
    if (element.className === 'bracket-sign' && outer.marks['bracket']) return null
    // Spaces that other programs write so that they are not collapsed.
    if (element.className === 'Apple-converted-space' || style.get('mso-spacerun') === 'yes') {
      this.addText(' ', outer)
      return null
    }

    // The number that Word shows in front of an item.
    if (style.get('mso-list') === 'ignore' && this.marker === null) {
      this.marker = ''
      return { context: { ...outer }, end: () => this.endMarker() }
    }
    const context = this.marked(element, tag, style, outer)
    return BLOCKS.has(tag) ? this.block(element, tag, style, context) : { context, end: null }
  }

  private skipped(element: Element, tag: string, outer: Context): null {
    if (tag === 'INPUT' && element.getAttribute('type')?.toLowerCase() === 'checkbox' && outer.item?.kind) {
      outer.item.kind = element.hasAttribute('checked') ? 'checked' : 'unchecked'
    }
    return null
  }

  private isHidden(element: Element, tag: string, style: Declarations): boolean {
    if (style.get('display') === 'none' || style.get('mso-hide') === 'all') return true
    // Comments in Word's margin, and the line above its footnotes.
    if (/^(comment|comment-list|footnote-separator|endnote-separator)$/.test(style.get('mso-element') ?? '')) return true
    if (style.has('mso-comment-reference') || /^MsoCommentReference$/i.test(element.className)) return true
    const isDeleted = tag === 'DEL' && (this.isTracking || element.hasAttribute('datetime') || element.hasAttribute('cite'))
    return !this.isOwn && (isDeleted || /\bmsoDel\b/i.test(element.className))
  }

  private noteText(id: string): string {
    const holder = this.notes.notes.get(id)
    if (!holder) return ''
    // Footnotes in footnotes there are none; what is linked in them is text.
    const reader = new Reader(this.kit, { ...NO_NOTES, labels: this.notes.labels }, false, this.isTracking, false)
    const lines = reader.read(holder).map(line => line.textContent.trim())
    return lines.filter(line => line !== '').join('\n')
  }

  private ownEmbed(element: HTMLElement, context: Context): boolean {
    if (!this.isOwn) return false
    const { footnote, table, locked, text } = element.dataset
    if (footnote && this.hasFootnotes) this.footnote(footnote, text ?? null, context)
    else if (table) this.embed(this.kit.schema.node('table', { id: table }), context)
    else if (locked !== undefined) {
      const embed = boundedJson(locked)
      if (embed !== undefined) this.embed(this.kit.schema.node('locked', { embed }), context)
    } else return false
    return true
  }

  private marked(element: HTMLElement, tag: string, style: Declarations, outer: Context): Context {
    const marks: Record<string, unknown> = { ...outer.marks }
    const isInsertion = tag === 'INS' && this.isTracking
    if (!isInsertion) Object.assign(marks, MARK_TAGS[tag])

    const weight = style.get('font-weight')
    if (weight) set(marks, 'bold', /^(bold|bolder|[6-9]\d\d|1000)$/.test(weight))
    const slant = style.get('font-style')
    if (slant) set(marks, 'italic', /^(italic|oblique)/.test(slant))
    const decoration = style.get('text-decoration-line') ?? style.get('text-decoration')
    if (decoration?.includes('underline')) marks['underline'] = true
    if (decoration?.includes('line-through')) marks['strike'] = true
    const height = style.get('vertical-align')
    if (height === 'super' || height === 'sub') marks['script'] = height
    else if (height === 'baseline') delete marks['script']

    if (tag === 'A') {
      const link = safeLink(element.getAttribute('href'))
      if (link) marks['link'] = link
    }
    // A link is underlined anyway.
    if (marks['link']) delete marks['underline']
    const { bracket, attributes } = element.dataset
    if (bracket && bracket.length <= 200) marks['bracket'] = bracket
    if (this.isOwn && attributes) Object.assign(marks, boundedJson(attributes))

    const space = style.get('white-space')
    const keepsSpace = space ? space.startsWith('pre') && space !== 'pre-line' : outer.keepsSpace || tag === 'PRE'
    return { ...outer, marks, keepsSpace }
  }

  private block(element: HTMLElement, tag: string, style: Declarations, outer: Context): Pick<Frame, 'context' | 'end'> {
    let context = this.lineContext(element, tag, style, outer)
    if (tag === 'TR') context = { ...context, isInRow: element.children.length > 1 || outer.isInRow }
    if (outer.isInRow) {
      // What stands in one cell is one stretch; a tab parts the cells.
      const isCell = tag === 'TD' || tag === 'TH'
      if (isCell && element.previousElementSibling) {
        this.text = this.text.replace(/ +$/, '')
        this.addRaw('\t', context)
      }
      if (!isCell && this.hasContent()) this.addText(' ', { ...context, keepsSpace: false })
      return { context, end: null }
    }
    this.hasBlocks = true
    // Our own paragraphs say each space; what stands between them is the clipboard's.
    if (this.isOwn) context.keepsSpace = true
    if (this.hasContent()) this.endLine()
    const before = this.lines.length
    return {
      context,
      end: () => {
        this.endMarker()
        const isEmpty = LINES.has(tag) && this.lines.length === before
        if (this.hasContent() || isEmpty) {
          this.context ??= context
          this.endLine()
        }
      },
    }
  }

  private lineContext(element: HTMLElement, tag: string, style: Declarations, outer: Context): Context {
    const line: Record<string, unknown> = { ...outer.line }
    const context: Context = { ...outer, line }
    const heading = /^H([1-6])$/.exec(tag)?.[1] ?? (/^MsoTitle\b/.test(element.className) ? '1' : undefined)
    if (heading) line['header'] = Number(heading)
    if (tag === 'BLOCKQUOTE' || /^Mso(Intense)?Quote\b/.test(element.className)) line['blockquote'] = true
    if (tag === 'PRE') line['code-block'] = /\blanguage-([\w+#-]{1,40})/.exec(element.className)?.[1] ?? true
    if (element.lang && tag !== 'BODY' && tag !== 'HTML') line['lang'] = element.lang

    const direction = (element.getAttribute('dir') ?? style.get('direction'))?.toLowerCase()
    if (direction === 'rtl' || direction === 'ltr') context.direction = direction
    else if (direction === 'auto') context.direction = null
    const align = (style.get('text-align') ?? element.getAttribute('align') ?? (tag === 'CENTER' ? 'center' : ''))
      .toLowerCase()
      .replace(/^middle$/, 'center')
    if (/^(left|right|center|justify|start|end)$/.test(align)) line['align'] = align

    if (tag === 'UL' || tag === 'OL' || tag === 'MENU' || tag === 'DIR') {
      context.depth = outer.depth + 1
      // One without bullets is there for the indentation.
      const isBare = style.get('list-style-type') === 'none' || style.get('list-style') === 'none'
      context.list = isBare ? null : tag === 'OL' ? 'ordered' : 'bullet'
    } else if (tag === 'LI') {
      const level = Number(element.getAttribute('aria-level') ?? element.dataset['ariaLevel']) || 0
      context.depth = Math.max(outer.depth, level, 1)
      const isBox = element.getAttribute('role') === 'checkbox'
      const box = element.getAttribute('aria-checked') === 'true' ? 'checked' : 'unchecked'
      context.item = { kind: isBox ? box : outer.list }
    }
    // Word's lists are paragraphs that name a list and a level.
    const level = /\blevel(\d)\b/.exec(style.get('mso-list') ?? '')?.[1]
    if (level && !heading && tag !== 'LI') {
      context.depth = Number(level)
      context.item = { kind: 'bullet' }
    }
    const margin = style.get('margin-inline-start') ?? style.get(context.direction === 'rtl' ? 'margin-right' : 'margin-left')
    if (/^(P|H[1-6]|PRE)$/.test(tag)) context.margin = level ? 0 : levels(margin)
    if (this.isOwn) ownLine(element, line, context)
    return context
  }

  private endMarker(): void {
    const marker = this.marker?.trim()
    this.marker = null
    if (!marker || !this.context) return
    const { item, line } = this.context
    if (item?.kind) item.kind = /[\p{Nd}]|^\(?\p{L}{1,5}[.)．、]|^[一二三四五六七八九十]+$/u.test(marker) ? 'ordered' : 'bullet'
    // The number of a heading would be lost: headings have none here.
    else if (line['header']) this.addText(`${marker} `, { ...this.context, keepsSpace: false })
    if (!this.hasContent()) this.context = null
  }

  private lineBreak(element: Element, context: Context): void {
    if (this.marker !== null || element.classList.contains('Apple-interchange-newline')) return
    if (context.isInRow) {
      this.addText(' ', { ...context, keepsSpace: false })
      return
    }
    // One that clears the margin, as before Word's footnotes, is no line by itself.
    if (element.hasAttribute('clear') && !this.hasContent()) return
    this.context ??= context
    this.endLine()
  }

  private addText(data: string, context: Context): void {
    const text = this.kit.printable(data)
    if (this.marker !== null) {
      this.marker += text.replaceAll(/[\s\u00a0]+/g, ' ')
      this.context ??= context
      return
    }
    if (!context.keepsSpace) {
      const collapsed = text.replaceAll(/[ \t\r\n\f]+/g, ' ')
      if (!this.hasContent() && this.lines.length === 0) this.startsWithSpace ||= collapsed.startsWith(' ')
      this.addRaw(this.endsWithSpace ? collapsed.replace(/^ /, '') : collapsed, context)
      return
    }
    const lines = text.split(/\r\n?|\n/)
    lines.forEach((line, i) => {
      if (i > 0) this.lineBreakIn(context)
      this.addRaw(line, context)
    })
  }

  private lineBreakIn(context: Context): void {
    if (context.isInRow || !context.line['code-block']) return this.addRaw(' ', context)
    this.context ??= context
    this.endLine()
  }

  private addRaw(text: string, context: Context): void {
    if (text === '') return
    this.context ??= context
    if (context.marks !== this.textMarks) this.endRun()
    this.textMarks = context.marks
    this.text += text
    this.endsWithSpace = /[ \t]$/.test(text)
  }

  private footnote(id: string, text: string | null, context: Context): void {
    // The reference stands high by itself.
    const { script: _, link: __, ...marks } = context.marks
    this.embed(this.kit.schema.node('footnote', { id, text }), { ...context, marks })
  }

  private embed(node: TextNode, context: Context): void {
    this.endRun()
    this.context ??= context
    this.inline.push(node.mark(this.kit.runMarks(context.marks)))
    this.endsWithSpace = false
  }

  private endRun(): void {
    if (this.text !== '') this.inline.push(this.kit.schema.text(this.text, this.kit.runMarks(this.textMarks)))
    this.text = ''
  }

  private hasContent(): boolean {
    return this.inline.length > 0 || this.text !== ''
  }

  private endLine(isStretch = false): void {
    const context = this.context
    if (!context?.keepsSpace && !isStretch) this.text = this.text.replace(/ +$/, '')
    this.endRun()
    const content = this.kit.Fragment.fromArray(this.inline)
    const text = content.textBetween(0, content.size, '', '\ufffc')
    // A line with nothing but a no-break space is how Word and others write an empty one.
    const isBlank = !this.isOwn && /^[\u00a0 ]*$/.test(text)
    const attrs = context ? this.kit.blockAttrs(this.lineAttributes(context, text)) : null
    this.lines.push(this.kit.schema.node('block', attrs, isBlank ? this.kit.Fragment.empty : content))
    this.inline = []
    this.context = null
    this.endsWithSpace = true
  }

  private lineAttributes(context: Context, text: string): Record<string, unknown> {
    const attributes: Record<string, unknown> = { ...context.line }
    const { item, depth } = context
    // A line is one of these.
    if (attributes['code-block']) delete attributes['header']
    if (attributes['code-block'] || attributes['header']) delete attributes['blockquote']
    let indent = depth + context.margin
    if (item?.kind && !attributes['header']) {
      attributes['list'] = item.kind
      delete attributes['blockquote']
      indent = depth - 1
      item.kind = null
    }
    if (!this.isOwn) {
      if (indent > 0) attributes['indent'] = Math.min(indent, INDENT_MAX)
      Object.assign(attributes, placed(context, attributes['align'], text))
    }
    return attributes
  }
}

// Says direction and alignment only where they are not what the text itself gives.
function placed(context: Context, align: unknown, text: string): Record<string, unknown> {
  const first = /\p{L}/u.exec(text)?.[0] ?? ''
  const natural = first === '' ? null : /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u.test(first) ? 'rtl' : 'ltr'
  const direction = context.direction ?? natural ?? 'ltr'
  const [start, end] = direction === 'rtl' ? ['right', 'left'] : ['left', 'right']
  const side = align === 'start' ? start : align === 'end' ? end : align
  const isSaid = context.direction === 'rtl' || (context.direction === 'ltr' && natural === 'rtl')
  return { direction: isSaid ? direction : null, align: side === start ? null : side }
}

// What one level of indentation is in each unit, as word processors have it.
const LEVEL: Readonly<Record<string, number>> = { pt: 36, px: 48, cm: 1.27, mm: 12.7, in: 0.5, pc: 3, em: 2 }

function levels(margin: string | undefined): number {
  const [, size, unit] = /^([\d.]+)(\w\w)$/.exec(margin ?? '') ?? []
  return Math.min(Math.round((Number(size) || 0) / (LEVEL[unit ?? ''] ?? Infinity)), INDENT_MAX)
}

function ownLine(element: HTMLElement, line: Record<string, unknown>, context: Context): void {
  const data = element.dataset
  if (data['other']) Object.assign(line, boundedJson(data['other']))
  if (data['list']) line['list'] = data['list']
  if (data['indent']) line['indent'] = Number(data['indent'])
  if (data['align']) line['align'] = data['align']
  if (data['direction']) line['direction'] = data['direction']
  if (data['codeBlock'] !== undefined) line['code-block'] = data['codeBlock'] || true
  if (data['blockquote'] !== undefined) line['blockquote'] = true
  context.item = null
}

function set(marks: Record<string, unknown>, name: string, isOn: boolean): void {
  if (isOn) marks[name] = true
  else delete marks[name]
}

/** The address, if a link to it does nothing but go to a page or write a letter. */
export function safeLink(address: string | null): string | null {
  const link = direct((address ?? '').trim())
  return /^(https?:\/\/|mailto:)[^\s]+$/i.test(link) && link.length <= LINK_LENGTH_MAX ? link : null
}

// Google Docs writes links by way of a page of Google's, which would be told who follows them.
function direct(link: string): string {
  if (!link.startsWith('https://www.google.com/url?')) return link
  return new URLSearchParams(link.slice(link.indexOf('?'))).get('q') ?? link
}

function boundedJson(text: string): unknown {
  if (text.length > JSON_LENGTH_MAX) return undefined
  let [depth, deepest] = [0, 0]
  for (const char of text) {
    if (char === '[' || char === '{') deepest = Math.max(deepest, ++depth)
    else if (char === ']' || char === '}') depth--
  }
  try {
    return deepest <= JSON_DEPTH_MAX ? (JSON.parse(text) as unknown) : undefined
  } catch {
    return undefined
  }
}
