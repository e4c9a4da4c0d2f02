// Somebody who works on a document without looking at what others do.

import type { Doc } from 'yjs'
import type { Ledger } from './ledger.ts'
import type { Random } from './random.ts'

/** Everything an author may do. */
export const ACTIONS = [
  'type',
  'delete',
  'split',
  'join',
  'kind',
  'list',
  'indent',
  'move',
  'mark',
  'footnote',
  'undo',
  'redo',
] as const
export type Action = (typeof ACTIONS)[number]

// Writing is what people mostly do.
const WEIGHTS: Record<Action, number> = {
  type: 10,
  delete: 3,
  split: 4,
  join: 3,
  kind: 4,
  list: 3,
  indent: 1,
  move: 2,
  mark: 3,
  footnote: 1,
  undo: 2,
  redo: 1,
}
const LOT = ACTIONS.flatMap(action => Array.from({ length: WEIGHTS[action] }, () => action))

/** One author's editor, whatever its binding. */
export interface Author {
  readonly name: string
  readonly doc: Doc
  /** What the editor shows: its lines, and its notes after them. */
  text(): string
  /** All that it shows, with attributes, to compare with others. */
  json(): string
  type(word: string, random: Random): void
  act(action: Exclude<Action, 'type'>, random: Random): void
  /** Puts something into the document that this editor does not know, as a newer one would. */
  writeUnknown(): void
  /** Whether all of that is still there. */
  hasUnknown(): boolean
  destroy(): void
}

/** Lets `author` do `count` things, and the ledger follow. Returns what they did. */
export function work(author: Author, ledger: Ledger, random: Random, count: number): Action[] {
  const done: Action[] = []
  for (let i = 0; i < count; i++) {
    const before = author.text()
    let action: Action = random.pick(LOT)
    // An empty text has little to work on.
    if (before.length < 12) action = 'type'
    if (action === 'type') {
      const word = ledger.newWord()
      if (word === undefined) continue
      author.type(word, random)
    } else {
      author.act(action, random)
    }
    ledger.note(author.name, before, author.text(), action === 'delete' || action === 'undo' || action === 'redo')
    done.push(action)
  }
  return done
}
