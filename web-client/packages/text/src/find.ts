// Finding and replacing words in a text, however they are accented or written.

import type { Node } from 'prosemirror-model'
import type { EditorState, Transaction } from 'prosemirror-state'
import { printable } from './printable.ts'
import { schema } from './schema.ts'
import { characterClass } from './words.ts'

/** How words are looked for. */
export interface FindOptions {
  /** Letters must be as they are written: case, accents, Arabic forms. */
  matchCase?: boolean
  /** Not as a part of a longer word. */
  wholeWord?: boolean
}

/** A place where the words stand, in positions of the document. */
export interface Match {
  from: number
  to: number
}

// What people write one for the other, or cannot see: quotation marks, dashes, spaces.
const SIGNS: Readonly<Record<string, string>> = {
  '’': "'", '‘': "'", ʼ: "'", '“': '"', '”': '"', '„': '"', '«': '"', '»': '"', '‐': '-', '‑': '-', '–': '-', '—': '-',
  '\u00a0': ' ', '\u202f': ' ', '\u2009': ' ', '\u2007': ' ',
}

// Letters that are written one for the other and that Unicode does not take apart.
const LETTERS: Readonly<Record<string, string>> = {
  ٱ: 'ا', ى: 'ي', ی: 'ي', ې: 'ي', ة: 'ه', ە: 'ه', ک: 'ك', ـ: '', ß: 'ss', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i',
  œ: 'oe', æ: 'ae', ς: 'σ', ё: 'е',
}

/** Text as it is compared, and for each of its units where it stands in the text. */
interface Folded {
  text: string
  places: number[]
}

// Bidi marks, joiners and soft hyphens are not seen.
const UNSEEN = /\p{Cf}/gu
const MARKS = /[\p{M}\p{Cf}]/gu

function foldCharacter(character: string, isExact: boolean): string {
  const code = character.charCodeAt(0)
  if (code < 0x80) return isExact ? character : character.toLowerCase()
  const sign = SIGNS[character]
  if (sign !== undefined) return sign
  if (isExact) return character.normalize('NFD').replaceAll(UNSEEN, '')
  // Arabic and Persian digits.
  if ((code >= 0x660 && code <= 0x669) || (code >= 0x6f0 && code <= 0x6f9)) return String(code & 0xf)
  const letters = character.normalize('NFKD').replaceAll(MARKS, '').toLowerCase()
  return Array.from(letters, letter => LETTERS[letter] ?? letter).join('').replaceAll(MARKS, '')
}

function fold(text: string, isExact: boolean): Folded {
  let folded = ''
  const places: number[] = []
  let at = 0
  for (const character of text) {
    const letters = foldCharacter(character, isExact)
    folded += letters
    for (let i = 0; i < letters.length; i++) places.push(at)
    at += character.length
  }
  places.push(at)
  return { text: folded, places }
}

// Blocks are never changed, only replaced, so an edit folds one block again.
const caches = { exact: new WeakMap<Node, Folded>(), alike: new WeakMap<Node, Folded>() }

function foldBlock(block: Node, isExact: boolean): Folded {
  const cache = isExact ? caches.exact : caches.alike
  let folded = cache.get(block)
  if (!folded) cache.set(block, (folded = fold(textOf(block), isExact)))
  return folded
}

// A footnote or another embed takes the place of one letter, and is never a part of what is found.
const EMBED = '\ufffc'
const textOf = (block: Node) => block.textBetween(0, block.content.size, undefined, EMBED)

/** All places where `query` stands in one line, in order; none overlap. */
export function findAll(doc: Node, query: string, options: FindOptions = {}): Match[] {
  const isExact = options.matchCase ?? false
  const words = fold(query, isExact).text
  const matches: Match[] = []
  if (words === '' || words.includes(EMBED)) return matches
  doc.forEach((block, start) => {
    const { text, places } = foldBlock(block, isExact)
    let next = 0
    for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, next)) {
      next = at + 1
      const match = wholeCharacters(text, places, at, at + words.length, isExact)
      if (!match || (options.wholeWord && !isWhole(textOf(block), match))) continue
      matches.push({ from: start + 1 + match.from, to: start + 1 + match.to })
      while (next < text.length && (places[next] ?? 0) < match.to) next++
    }
  })
  return matches
}

// The characters in the text that `from` to `to` of the folded text come from. Null when it starts within one; one that
// stands for two letters, as an ß does, is taken whole.
function wholeCharacters(text: string, places: number[], from: number, to: number, isExact: boolean): Match | null {
  if (from > 0 && places[from] === places[from - 1]) return null
  let end = to
  if (isExact) {
    // The accent that follows makes it another letter, however it is stored.
    if (/^\p{M}/u.test(text.slice(to, to + 2))) return null
  } else while (end < text.length && places[end] === places[end - 1]) end++
  return { from: places[from] ?? 0, to: places[end] ?? 0 }
}

const WORDLIKE = /[\p{L}\p{N}\p{M}_]/u

function isWhole(text: string, { from, to }: Match): boolean {
  const before = [Array.from(text.slice(Math.max(0, from - 2), from)).at(-1), firstOf(text.slice(from, to))]
  const after = [Array.from(text.slice(from, to)).at(-1), firstOf(text.slice(to, to + 2))]
  return !goesOn(before) && !goesOn(after)
}

const firstOf = (text: string) => Array.from(text).at(0)

// Whether a word goes on between two neighbours. Ideographs are words by themselves.
function goesOn(neighbours: (string | undefined)[]): boolean {
  return neighbours.every(
    character =>
      character !== undefined && WORDLIKE.test(character) && characterClass(character.codePointAt(0) ?? 0) !== 'each',
  )
}

/** A transaction that writes `text` over `matches`, each with the marks of its first letter. */
export function replaceMatches(state: EditorState, matches: readonly Match[], text: string): Transaction {
  const { tr, doc } = state
  const written = printable(text).replaceAll(/\s*[\r\n]+\s*/g, ' ')
  for (const { from, to } of matches.toReversed()) {
    // What is there already is left alone, with all its marks.
    if (doc.textBetween(from, to) === written) continue
    const marks = doc.nodeAt(from)?.marks ?? []
    if (written === '') tr.delete(from, to)
    else tr.replaceWith(from, to, schema.text(written, marks))
  }
  return tr
}
