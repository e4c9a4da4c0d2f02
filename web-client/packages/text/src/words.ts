// What counts as a word: docs/words.md. By fixed tables of characters, so that every browser and the server
// (crates/plenary-text/src/words.rs) count the same; tests/fixtures/words.json holds them to it.

import type { Fragment, Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { readText } from './reading.ts'
import { tableCells } from './tables.ts'

// Each character in these ranges parts words.
const BREAKS =
  '0009-000D 0020 0085 00A0 1361 1680 2000-200A 2013-2015 2028-2029 202F 205F 3000-3004 3008-3020 302A-3037 ' +
  '303D-303F 30A0 30FB FE10-FE1F FE30-FE6F FF01-FF0F FF1A-FF20 FF3B-FF40 FF5B-FF65'

// Each of these is a word by itself: ideographs and kana.
const WORDS =
  '2E80-2FDF 3005-3007 3021-3029 3038-303C 3041-3096 309D-309F 30A1-30FA 30FC-30FF 3100-312F 31A0-31BF ' +
  '31F0-31FF 3400-4DBF 4E00-9FFF F900-FAFF FF66-FF9F 1AFF0-1B16F 20000-3FFFF'

// These neither part words nor make one: punctuation, symbols, what is not seen. All others make words.
const SILENT =
  '0000-0008 000E-001F 0021-002F 003A-0040 005B-0060 007B-0084 0086-009F 00A1-00A9 00AB-00B1 00B4 00B6-00B8 ' +
  '00BB 00BF 00D7 00F7 037E 0387 055A-055F 0589-058A 05BE 05C0 05C3 05C6 05F3-05F4 0606-060F 061B-061F ' +
  '066A-066D 06D4 0964-0965 0E4F 0E5A-0E5B 104A-104F 1362-1368 17D4-17D6 17D8-17DA 200B-2012 2016-2027 ' +
  '202A-202E 2030-205E 2060-206F 20A0-20CF 2190-245F 2500-2775 2794-2BFF 2E00-2E7F 3099-309C D800-F8FF ' +
  'FE00-FE0F FEFF FFE0-FFFF 1F000-1FAFF E0000-10FFFF'

/** What a character does to the count: makes a word, is silent, is a word by itself, or parts words. */
export type CharacterClass = 'letter' | 'silent' | 'each' | 'break'

const CLASSES: readonly CharacterClass[] = ['letter', 'silent', 'each', 'break']
const [LETTER, SILENT_CLASS, EACH, BREAK] = [0, 1, 2, 3]

// One byte for each character of the first plane; the few ranges above it are looked through.
const plane = new Uint8Array(0x10000)
const above: { first: number; last: number; of: number }[] = []
for (const [ranges, of] of [[BREAKS, BREAK], [WORDS, EACH], [SILENT, SILENT_CLASS]] as const) {
  for (const range of ranges.split(' ')) {
    const [first = 0, last = first] = range.split('-').map(hex => parseInt(hex, 16))
    if (first < 0x10000) plane.fill(of, first, last + 1)
    else above.push({ first, last, of })
  }
}

function classOf(code: number): number {
  if (code < 0x10000) return plane[code] as number
  return above.find(range => code >= range.first && code <= range.last)?.of ?? LETTER
}

/** The class of the character with this code point. */
export function characterClass(code: number): CharacterClass {
  return CLASSES[classOf(code)] as CharacterClass
}

const isDigit = (code: number) =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x660 && code <= 0x669) || (code >= 0x6f0 && code <= 0x6f9)

// The spaces that group the digits of a number.
const isGroupSpace = (code: number) => code === 0xa0 || code === 0x202f || code === 0x2009

/** How many words a text has. The text of one block: a word does not go on in the next. */
export function countText(text: string): number {
  let words = 0
  let isInWord = false
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) as number
    const of = classOf(code)
    if (of === LETTER) {
      if (!isInWord) words++
      isInWord = true
    } else if (of === EACH) {
      words++
      isInWord = false
    } else if (of === BREAK) {
      const isInNumber =
        isGroupSpace(code) && isDigit(text.charCodeAt(at - 1)) && isDigit(text.charCodeAt(at + 1))
      if (!isInNumber) isInWord = false
    }
    if (code > 0xffff) at++
  }
  return words
}

/** Whether footnotes count: limits differ in that. */
export type CountedFootnotes = 'counted' | 'left-out'

/** How many words the cells of a table and a note have, which stand outside the editor's document. */
export interface EmbedWords {
  /** The words of table `id`, and the notes that it points to. */
  table(id: string): { words: number; notes: readonly string[] }
  /** The words of the note `id`; 0 when there is none. */
  note(id: string): number
}

// What a block says by itself: an edit makes one new block, so one block is counted again.
const blocks = new WeakMap<Node, BlockWords>()

interface BlockWords {
  words: number
  notes: readonly string[]
  tables: readonly string[]
}

function blockWords(block: Node): BlockWords {
  let counted = blocks.get(block)
  if (!counted) {
    counted = inlineWords(block.content)
    blocks.set(block, counted)
  }
  return counted
}

const NONE: readonly string[] = []

function inlineWords(content: Fragment): BlockWords {
  // Most lines are nothing but words.
  const first = content.firstChild
  if (content.childCount <= 1 && (!first || first.isText)) {
    return { words: countText(first?.text ?? ''), notes: NONE, tables: NONE }
  }
  let text = ''
  const notes: string[] = []
  const tables: string[] = []
  content.forEach(node => {
    if (node.isText) text += node.text
    else if (node.type.name === 'footnote') notes.push(node.attrs['id'] as string)
    else if (node.type.name === 'table') tables.push(node.attrs['id'] as string)
  })
  return { words: countText(text), notes, tables }
}

/** The words of some blocks, added up one by one. */
export class WordSum {
  readonly #embeds: EmbedWords | null
  #words = 0
  // A note counts once, however often it is pointed to.
  readonly #notes = new Set<string>()

  constructor(embeds: EmbedWords | null) {
    this.#embeds = embeds
  }

  add(block: Node): void {
    this.addWords(blockWords(block))
  }

  addWords({ words, notes, tables }: BlockWords): void {
    this.#words += words
    for (const id of notes) this.#notes.add(id)
    for (const id of tables) {
      const table = this.#embeds?.table(id)
      this.#words += table?.words ?? 0
      for (const note of table?.notes ?? []) this.#notes.add(note)
    }
  }

  total(footnotes: CountedFootnotes): number {
    if (footnotes === 'left-out' || !this.#embeds) return this.#words
    let words = this.#words
    for (const id of this.#notes) words += this.#embeds.note(id)
    return words
  }
}

function sum(parts: Iterable<BlockWords>, footnotes: CountedFootnotes, embeds: EmbedWords | null): number {
  const words = new WordSum(embeds)
  for (const part of parts) words.addWords(part)
  return words.total(footnotes)
}

/** How many words a document has. `embeds`: for its tables and footnotes, see `embedWords`. */
export function countWords(doc: Node, footnotes: CountedFootnotes, embeds: EmbedWords | null): number {
  return sum(doc.children.map(blockWords), footnotes, embeds)
}

/** How many words stand from position `from` to `to`. A word of which a part is in the range counts. */
export function countRange(
  doc: Node,
  from: number,
  to: number,
  footnotes: CountedFootnotes,
  embeds: EmbedWords | null,
): number {
  const parts: BlockWords[] = []
  doc.nodesBetween(from, to, (block, start) => {
    const [first, last] = [Math.max(from - start - 1, 0), Math.min(to - start - 1, block.content.size)]
    const isWhole = first === 0 && last === block.content.size
    if (first <= last) parts.push(isWhole ? blockWords(block) : inlineWords(block.content.cut(first, last)))
    return false
  })
  return sum(parts, footnotes, embeds)
}

/** A heading and all that belongs to it. */
export interface Section {
  /** The heading; `null` for what stands before the first one. */
  heading: Node | null
  from: number
  to: number
}

/** The section around `position`: from its heading to the next heading of the same or a higher rank. */
export function sectionAt(doc: Node, position: number): Section {
  const section: Section = { heading: null, from: 0, to: doc.content.size }
  let rank = 0
  let isFound = false
  doc.forEach((block, start) => {
    const level = block.attrs['header'] as number | null
    if (isFound || level === null) return
    if (start <= position) {
      Object.assign(section, { heading: block, from: start })
      rank = level
    } else if (rank === 0 || level <= rank) {
      section.to = start
      isFound = true
    }
  })
  return section
}

/** Counts the notes and tables of a Yjs document, each again only when it has changed. */
export function embedWords(notes: Y.Map<unknown>, tables: Y.Map<unknown>): EmbedWords & { destroy(): void } {
  const noteWords = new Map<string, number>()
  const tableWords = new Map<string, { words: number; notes: readonly string[] }>()
  const forget = (cache: Map<string, unknown>) => (events: Pick<Y.YEvent<never>, 'path' | 'changes'>[]) => {
    for (const event of events) {
      // What changed lies under the first key of the path; without a path, entries were set or removed.
      if (event.path.length > 0) cache.delete(String(event.path[0]))
      else for (const key of event.changes.keys.keys()) cache.delete(key)
    }
  }
  const onNotes = forget(noteWords)
  const onTables = forget(tableWords)
  notes.observeDeep(onNotes)
  tables.observeDeep(onTables)
  return {
    note(id) {
      const text = notes.get(id)
      if (!noteWords.has(id)) noteWords.set(id, text instanceof Y.Text ? sharedWords(text).words : 0)
      return noteWords.get(id) ?? 0
    },
    table(id) {
      const counted = tableWords.get(id) ?? countTable(tables.get(id))
      tableWords.set(id, counted)
      return counted
    },
    destroy() {
      notes.unobserveDeep(onNotes)
      tables.unobserveDeep(onTables)
    },
  }
}

function sharedWords(text: Y.Text): { words: number; notes: readonly string[] } {
  const parts = readText(text).children.map(blockWords)
  return { words: sum(parts, 'left-out', null), notes: parts.flatMap(part => part.notes) }
}

function countTable(table: unknown): { words: number; notes: readonly string[] } {
  const cells = tableCells(table)?.rows.flat() ?? []
  const counted = cells.filter(cell => cell !== null).map(sharedWords)
  return {
    words: counted.reduce((words, cell) => words + cell.words, 0),
    notes: counted.flatMap(cell => cell.notes),
  }
}
