// Finding words in the text.

import { findAll, type Match } from '@plenary/text'
import type { Node } from 'prosemirror-model'
import { Plugin, PluginKey } from 'prosemirror-state'
import type { EditorState, Transaction } from 'prosemirror-state'
import { Decoration, DecorationSet } from 'prosemirror-view'

export { replaceMatches } from '@plenary/text'

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
        const matches = isSame ? before.matches : findAll(state.doc, query, { matchCase })
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
