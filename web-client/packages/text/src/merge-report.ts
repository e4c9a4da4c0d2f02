// What a merge did to words that were not yet on the server: for a panel after a return with pending changes.
//
//   const token = beginMerge(doc, acknowledged)   // before what others wrote meanwhile is applied
//   ...                                           // sync; the person may go on typing
//   const report = mergeReport(token)             // items: [] when every word is where it was written
//
// A merge never deletes what only this device had. But a paragraph around new words may be gone, or moved, which
// in a shared text is deleting and writing anew; the new words then stand at the start of the next paragraph. So
// we note, by the ids of Yjs, each line with pending changes: its own new words, and the context, which is all
// else in it. Afterwards the same ids tell where the words are and what became of the context.

import * as Y from 'yjs'
import type { Anchor } from './anchors.ts'
import { countText } from './words.ts'

/** What became of words written here. Empty `items`: nothing to tell. */
export interface MergeReport {
  items: MergeItem[]
}

/** One paragraph or footnote with changes of one's own that came out otherwise than it was written. */
export interface MergeItem {
  /**
   * - `paragraph-removed`: others removed all that one's changes were made in.
   * - `words-moved`: the words are there, but apart from the text they were written in.
   * - `words-removed`: others deleted the words themselves.
   * - `footnote-removed`: others removed the footnote in which one wrote.
   */
  kind: 'paragraph-removed' | 'words-moved' | 'words-removed' | 'footnote-removed'
  /** The paragraph or footnote as it was before merging, own changes included. */
  before: string
  /** One's own new words in it, in order; may be empty when the change was another. */
  words: MergeWords[]
  /** Where others wrote the same paragraph again: most likely they moved it. */
  movedTo: MergePlace | null
}

/** Words of one's own that stood together. */
export interface MergeWords {
  /** As they were before merging. */
  text: string
  /** Where they are now; `null` when nothing of them is in the text. */
  now: MergePlace | null
}

/** A range in the body or in a footnote, which goes with the text. */
export interface MergePlace {
  /** The id of the footnote; `null` for the body. */
  note: string | null
  start: Anchor
  end: Anchor
}

/** What `beginMerge` noted. It listens to the document until `mergeReport` or `cancelMerge`. */
export interface MergeToken {
  readonly doc: Y.Doc
  /** Lines with changes that the server does not have. */
  readonly lines: readonly Line[]
  /** What the document had. */
  readonly known: Map<number, number>
  /** Where the text pointed to each footnote. */
  readonly notes: ReadonlyMap<string, readonly Y.ID[]>
  readonly stop: () => void
  /** What has been deleted here since: no doing of others. */
  readonly deletedHere: Ranges
}

/** Neighbouring characters by one author: ids `clock` to `clock + text.length`. An embed is one character. */
interface Piece {
  client: number
  clock: number
  text: string
}

interface Line {
  note: string | null
  pieces: Piece[]
  end: Y.ID | null
  mine: Piece[][]
  context: Piece[]
}

// Shorter text may stand in another paragraph by chance.
const COPY_LENGTH_MIN = 24

// Stands for an embed; makes no word.
const EMBED = '\ufffc'

/** Id ranges by client. */
class Ranges {
  private readonly clients = new Map<number, { clock: number; length: number }[]>()

  add(client: number, clock: number, length: number): void {
    const ranges = this.clients.get(client)
    if (ranges) ranges.push({ clock, length })
    else this.clients.set(client, [{ clock, length }])
  }

  has(client: number, clock: number): boolean {
    const ranges = this.clients.get(client) ?? []
    return ranges.some(range => clock >= range.clock && clock < range.clock + range.length)
  }
}

/**
 * Notes the lines with changes that the server does not have. To be called before the changes of others are
 * applied.
 *
 * `acknowledged`: the encoded `Y.Snapshot` of what the server is known to have; an older one reports too much,
 * never too little. `null`: nothing is known, and only what was written since the document was opened counts.
 */
export function beginMerge(doc: Y.Doc, acknowledged: Uint8Array | null): MergeToken {
  const known = Y.decodeStateVector(Y.encodeStateVector(doc))
  const server = acknowledged && Y.decodeSnapshot(acknowledged)
  const isPending = (client: number, clock: number) =>
    server ? clock >= (server.sv.get(client) ?? 0) : client === doc.clientID
  const isDeletePending = (id: Y.ID) => server !== null && !isPending(id.client, id.clock) && !Y.isDeleted(server.ds, id)

  const lines: Line[] = []
  for (const { note, text } of textsOf(doc)) {
    for (const line of linesOf(text, isPending, isDeletePending)) {
      const mine: Piece[][] = []
      const context: Piece[] = []
      let isInPassage = false
      for (const piece of line.pieces) {
        const isMine = isPending(piece.client, piece.clock)
        if (!isMine) context.push(piece)
        else if (isInPassage) mine.at(-1)?.push(piece)
        else mine.push([piece])
        isInPassage = isMine
      }
      if (mine.length > 0 || line.isTouched) lines.push({ note, pieces: line.pieces, end: line.end, mine, context })
    }
  }

  const deletedHere = new Ranges()
  const onTransaction = (transaction: Y.Transaction) => {
    if (!transaction.local) return
    for (const [client, ranges] of transaction.deleteSet.clients) {
      for (const { clock, len } of ranges) deletedHere.add(client, clock, len)
    }
  }
  doc.on('afterTransaction', onTransaction)
  const notes = footnotesOf(doc)
  return { doc, lines, known, notes, deletedHere, stop: () => doc.off('afterTransaction', onTransaction) }
}

/** Forgets what `beginMerge` noted, when no merge came. */
export function cancelMerge(token: MergeToken): void {
  token.stop()
}

/** Compares what `beginMerge` noted with the text as it is now. Ends the token. */
export function mergeReport(token: MergeToken): MergeReport {
  token.stop()
  const now = new Present(token.doc, token.known)
  const items = token.lines.map(line => reportLine(line, token, now))
  return { items: items.filter(item => item !== null) }
}

function reportLine(line: Line, token: MergeToken, now: Present): MergeItem | null {
  const { deletedHere, doc, known } = token
  const passages = line.mine
    .map(pieces => {
      const text = textOf(pieces)
      const letters = pieces.flatMap(lettersOf).filter(id => !deletedHere.has(id.client, id.clock))
      const found = pieces.flatMap(idsOf).flatMap(id => now.find(id) ?? [])
      return { text, lost: letters.some(id => now.find(id) === null), found }
    })
    .filter(passage => countText(passage.text) > 0 || passage.text.includes(EMBED))

  const words = passages.map(passage => ({ text: shown(passage.text), now: now.place(passage.found) }))
  const before = shown(textOf(line.pieces))
  const item = (kind: MergeItem['kind'], movedTo: MergePlace | null = null) => ({ kind, before, words, movedTo })

  if (line.note !== null && !now.isNoteShown(line.note)) {
    // Not shown either before, or no longer because of what was deleted here: no doing of others.
    const shownBefore = token.notes.get(line.note)?.some(id => !deletedHere.has(id.client, id.clock))
    return shownBefore && words.length > 0 ? item('footnote-removed') : null
  }

  const context = line.context.flatMap(lettersOf).filter(id => !deletedHere.has(id.client, id.clock))
  const contextNow = context.flatMap(id => now.find(id) ?? [])
  if (context.length > 0 && contextNow.length === 0) {
    return item('paragraph-removed', now.copyOf(line))
  }
  if (passages.some(passage => passage.lost)) return item('words-removed')

  const isEndGone = line.end !== null && now.find(line.end) === null
  const isEndHere = line.end !== null && deletedHere.has(line.end.client, line.end.clock)
  const hasMoved = passages.some(({ found }) => {
    const at = found[0]?.line
    if (!at || contextNow.some(char => char.line === at)) return false
    if (context.length === 0) return isEndGone && !isEndHere
    // A break that was typed here since is no doing of others.
    const isOwnBreak = at.end?.client === doc.clientID && at.end.clock >= (known.get(doc.clientID) ?? 0)
    return !sameId(at.end, line.end) && !isOwnBreak
  })
  return hasMoved ? item('words-moved') : null
}

interface Char {
  line: LineNow
  index: number
}

interface LineNow {
  note: string | null
  text: Y.Text
  start: number
  pieces: Piece[]
  end: Y.ID | null
}

/** The text as it is now, by the ids of its characters. */
class Present {
  private readonly known: Map<number, number>
  private readonly lines: LineNow[] = []
  private readonly clients = new Map<number, { clock: number; length: number; index: number; line: LineNow }[]>()
  private readonly doc: Y.Doc
  private readonly notes: ReadonlyMap<string, readonly Y.ID[]>

  constructor(doc: Y.Doc, known: Map<number, number>) {
    this.doc = doc
    this.known = known
    this.notes = footnotesOf(doc)
    for (const { note, text } of textsOf(doc)) {
      let index = 0
      for (const { pieces, end } of linesOf(text)) {
        const line = { note, text, start: index, pieces, end }
        this.lines.push(line)
        for (const piece of pieces) {
          this.add(piece.client, piece.clock, piece.text.length, index, line)
          index += piece.text.length
        }
        if (end) this.add(end.client, end.clock, 1, index++, line)
      }
    }
    for (const ranges of this.clients.values()) ranges.sort((a, b) => a.clock - b.clock)
  }

  private add(client: number, clock: number, length: number, index: number, line: LineNow): void {
    const ranges = this.clients.get(client)
    if (ranges) ranges.push({ clock, length, index, line })
    else this.clients.set(client, [{ clock, length, index, line }])
  }

  /** Where the character of this id is; `null` when it was deleted. */
  find(id: Y.ID): Char | null {
    const ranges = this.clients.get(id.client) ?? []
    let [low, high] = [0, ranges.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((ranges[middle]?.clock ?? 0) <= id.clock) low = middle + 1
      else high = middle
    }
    const range = ranges[low - 1]
    if (!range || id.clock >= range.clock + range.length) return null
    return { line: range.line, index: range.index + id.clock - range.clock }
  }

  /** From the first of these to the last in the same text. */
  place(chars: Char[]): MergePlace | null {
    const first = chars[0]
    if (!first || (first.line.note !== null && !this.notes.has(first.line.note))) return null
    const { text, note } = first.line
    const indexes = chars.filter(char => char.line.text === text).map(char => char.index)
    return this.range(text, note, Math.min(...indexes), Math.max(...indexes) + 1)
  }

  private range(text: Y.Text, note: string | null, from: number, to: number): MergePlace {
    const anchor = (index: number, assoc: number) =>
      Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index, assoc)) as Anchor
    return { note, start: anchor(from, 0), end: anchor(to, -1) }
  }

  /** A line that others wrote since, with all that the context of `line` said. */
  copyOf(line: Line): MergePlace | null {
    const text = collapsed(line.context)
    const copy = this.lines.find(other => {
      const isNew = (piece: Piece) =>
        countText(piece.text) > 0 && piece.client !== this.doc.clientID && piece.clock >= (this.known.get(piece.client) ?? 0)
      if (other.note !== line.note || !other.pieces.some(isNew)) return false
      const said = collapsed(other.pieces)
      return said === text || (text.length >= COPY_LENGTH_MIN && said.includes(text))
    })
    if (!copy) return null
    const length = copy.pieces.reduce((sum, piece) => sum + piece.text.length, 0)
    return this.range(copy.text, copy.note, copy.start, copy.start + length)
  }

  /** Whether the text points to this note and the note has its text. */
  isNoteShown(note: string): boolean {
    return this.notes.has(note) && this.lines.some(line => line.note === note)
  }
}

// The body and the notes. Tables are not edited here.
function textsOf(doc: Y.Doc): { note: string | null; text: Y.Text }[] {
  const texts: { note: string | null; text: Y.Text }[] = [{ note: null, text: doc.getText('body') }]
  for (const [note, text] of doc.getMap('notes')) if (text instanceof Y.Text) texts.push({ note, text })
  return texts
}

// Where the body points to each footnote.
function footnotesOf(doc: Y.Doc): Map<string, Y.ID[]> {
  const notes = new Map<string, Y.ID[]>()
  for (const item of itemsOf(doc.getText('body'))) {
    if (item.deleted || !(item.content instanceof Y.ContentEmbed)) continue
    const note = (item.content.embed as { footnote?: unknown } | null)?.footnote
    if (typeof note === 'string') notes.set(note, [...(notes.get(note) ?? []), item.id])
  }
  return notes
}

function* itemsOf(text: Y.Text): Generator<Y.Item> {
  for (let item = text._start; item; item = item.right) yield item
}

interface RawLine {
  pieces: Piece[]
  /** The id of its line break; `null` for the implied last one. */
  end: Y.ID | null
  /** Something in it is pending that is no text: a deletion, a mark, what the line is. */
  isTouched: boolean
}

function linesOf(
  text: Y.Text,
  isPending: (client: number, clock: number) => boolean = () => false,
  isDeletePending: (id: Y.ID) => boolean = () => false,
): RawLine[] {
  const lines: RawLine[] = []
  let line: RawLine = { pieces: [], end: null, isTouched: false }
  for (const { id, length, content, deleted } of itemsOf(text)) {
    if (deleted) {
      line.isTouched ||= isDeletePending(id)
    } else if (content instanceof Y.ContentString) {
      let from = 0
      for (let at = content.str.indexOf('\n'); at >= 0; at = content.str.indexOf('\n', from)) {
        if (at > from) line.pieces.push(piece(id, from, content.str.slice(from, at)))
        line.end = Y.createID(id.client, id.clock + at)
        lines.push(line)
        line = { pieces: [], end: null, isTouched: false }
        from = at + 1
      }
      if (from < length) line.pieces.push(piece(id, from, content.str.slice(from)))
    } else if (content.isCountable()) {
      line.pieces.push(piece(id, 0, EMBED.repeat(length)))
    } else if (content instanceof Y.ContentFormat) {
      // The end of what a line is stands at the start of the next one.
      const isEndOfBreak = content.value === null && line.pieces.length === 0
      line.isTouched ||= !isEndOfBreak && isPending(id.client, id.clock)
    }
  }
  if (line.pieces.length > 0 || lines.length === 0) lines.push(line)
  return lines
}

const piece = (id: Y.ID, offset: number, text: string): Piece => ({ client: id.client, clock: id.clock + offset, text })

const idsOf = ({ client, clock, text }: Piece) =>
  Array.from({ length: text.length }, (_, at) => Y.createID(client, clock + at))

// The ids of characters that make words.
function lettersOf({ client, clock, text }: Piece): Y.ID[] {
  const ids: Y.ID[] = []
  for (let at = 0; at < text.length; at++) {
    if (countText(text.charAt(at)) > 0) ids.push(Y.createID(client, clock + at))
  }
  return ids
}

const sameId = (a: Y.ID | null, b: Y.ID | null) => a === b || (a !== null && b !== null && Y.compareIDs(a, b))

const textOf = (pieces: Piece[]) => pieces.map(piece => piece.text).join('')

const shown = (text: string) => text.replaceAll(EMBED, '').trim()

const collapsed = (pieces: Piece[]) => shown(textOf(pieces)).replaceAll(/\s+/g, ' ')
