// Finding words in the text.

import type { Node } from 'prosemirror-model'
import { Plugin, PluginKey } from 'prosemirror-state'
import type { EditorState, Transaction } from 'prosemirror-state'
import { Decoration, DecorationSet } from 'prosemirror-view'

/** A place where the words stand. */
export interface Match {
  from: number
  to: number
}

export interface Search {
  query: string
  matchCase: boolean
  matches: Match[]
  /** Which match is shown, -1 for none. */
  current: number
  decorations: DecorationSet
}

const noSearch: Search = { query: '', matchCase: false, matches: [], current: -1, decorations: DecorationSet.empty }

const key = new PluginKey<Search>('search')

type Change = Partial<Pick<Search, 'query' | 'matchCase' | 'current'>>

/** What is being looked for, and where it is. */
export const searchIn = (state: EditorState): Search => key.getState(state) ?? noSearch

/** Asks for another search, or for another of its matches. */
export const setSearch = (tr: Transaction, change: Change): Transaction => tr.setMeta(key, change)

/** Marks the places where the words that are looked for stand. */
export function search(): Plugin {
  return new Plugin<Search>({
    key,
    state: {
      init: () => noSearch,
      apply(tr, before, _, state) {
        const change = tr.getMeta(key) as Change | undefined
        if (!change && (!tr.docChanged || before.query === '')) return before
        const { query, matchCase } = { ...before, ...change }
        if (query === '') return { ...noSearch, matchCase }
        const isSame = !tr.docChanged && query === before.query && matchCase === before.matchCase
        const matches = isSame ? before.matches : findAll(state.doc, query, matchCase)
        const current = change?.current ?? nearest(matches, before, tr, state, query !== before.query)
        return { query, matchCase, matches, current, decorations: mark(state.doc, matches, current) }
      },
    },
    props: { decorations: state => key.getState(state)?.decorations },
  })
}

// The match that was shown, wherever it went; with new words the first one from the cursor on.
function nearest(matches: Match[], before: Search, tr: Transaction, state: EditorState, isNew: boolean): number {
  if (matches.length === 0) return -1
  const shown = before.matches[before.current]
  const at = shown && !isNew ? tr.mapping.map(shown.from) : state.selection.from
  return Math.max(0, matches.findIndex(match => match.from >= at))
}

function mark(doc: Node, matches: Match[], current: number): DecorationSet {
  const decorations = matches.map(({ from, to }, i) =>
    Decoration.inline(from, to, { class: i === current ? 'plenary-found-now' : 'plenary-found' }),
  )
  return DecorationSet.create(doc, decorations)
}

/** Text as it is compared, and for each of its letters where it stood before. */
interface Folded {
  text: string
  places: number[]
}

// Letters that people write one for the other.
const alike: Record<string, string> = {
  أ: 'ا', إ: 'ا', آ: 'ا', ٱ: 'ا', ى: 'ي', ی: 'ي', ة: 'ه', ک: 'ك', 'ـ': '',
  '’': "'", '‘': "'", '“': '"', '”': '"', '«': '"', '»': '"', '–': '-', '—': '-', '\u2011': '-',
  '\u00a0': ' ', '\u202f': ' ', ß: 'ss', ø: 'o', ł: 'l', đ: 'd', ı: 'i', œ: 'oe', æ: 'ae',
}

/** Takes away what should not matter when looking for words: case, accents, forms of Arabic letters. */
export function fold(text: string): Folded {
  let folded = ''
  const places: number[] = []
  let at = 0
  for (const char of text) {
    const plain = char.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
    const letters = [...plain].map(letter => alike[letter] ?? letter).join('')
    folded += letters
    for (let i = 0; i < letters.length; i++) places.push(at)
    at += char.length
  }
  places.push(at)
  return { text: folded, places }
}

function exact(text: string): Folded {
  return { text, places: Array.from({ length: text.length + 1 }, (_, i) => i) }
}

// Blocks are never changed, only replaced.
const foldedBlocks = new WeakMap<Node, Folded>()

function foldBlock(block: Node): Folded {
  let folded = foldedBlocks.get(block)
  if (!folded) foldedBlocks.set(block, (folded = fold(textOf(block))))
  return folded
}

// Something that is no text takes the place of one letter, and parts words.
const textOf = (block: Node) => block.textBetween(0, block.content.size, undefined, '\ufffc')

/** All places where `query` stands, none of which overlap. */
export function findAll(doc: Node, query: string, matchCase = false): Match[] {
  const words = matchCase ? query : fold(query).text
  const matches: Match[] = []
  if (words === '') return matches
  doc.forEach((block, offset) => {
    const { text, places } = matchCase ? exact(textOf(block)) : foldBlock(block)
    for (let at = text.indexOf(words); at >= 0; at = text.indexOf(words, at + words.length)) {
      const from = places[at] ?? 0
      const to = endOf(places, at + words.length)
      if (to > from) matches.push({ from: offset + 1 + from, to: offset + 1 + to })
    }
  })
  return matches
}

// A match takes along the marks over its last letter, and the whole of a letter that stands for two.
function endOf(places: number[], end: number): number {
  let at = end
  while (at < places.length - 1 && places[at] === places[at - 1]) at++
  return places[at] ?? 0
}

/** A transaction that writes `text` over `matches`, with the marks that stood there. */
export function replaceMatches(state: EditorState, matches: Match[], text: string): Transaction {
  const { tr, schema } = state
  for (const { from, to } of [...matches].reverse()) {
    const marks = state.doc.resolve(from + 1).marks()
    if (text === '') tr.delete(from, to)
    else tr.replaceWith(from, to, schema.text(text, marks))
  }
  return tr
}
