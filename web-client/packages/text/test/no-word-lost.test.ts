// The same work as in the acceptance run, in one process: many rounds of three authors who work apart and then merge.

import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { work } from '../../../tests/no-word-lost/author.ts'
import { Ledger } from '../../../tests/no-word-lost/ledger.ts'
import { LinearAuthor } from '../../../tests/no-word-lost/linear-author.ts'
import { Random } from '../../../tests/no-word-lost/random.ts'

// `SEED=7 DOCUMENTS=500 npx vitest run packages/text/test/no-word-lost.test.ts` looks further.
const { env = {} } = (globalThis as { process?: { env?: Record<string, string> } }).process ?? {}
const SEED = Number(env['SEED'] ?? 1)
const DOCUMENTS = Number(env['DOCUMENTS'] ?? 15)
const ROUNDS = 8

function merge(authors: readonly LinearAuthor[], random: Random): void {
  for (const from of random.shuffled(authors)) {
    for (const to of random.shuffled(authors)) {
      if (from !== to) Y.applyUpdate(to.doc, Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc)), 'sync')
    }
  }
  const [first] = authors
  // Those who came first have not heard the last yet.
  for (const from of authors) for (const to of authors) if (from !== to) {
    Y.applyUpdate(to.doc, Y.encodeStateAsUpdate(from.doc, Y.encodeStateVector(to.doc)), 'sync')
  }
  for (const author of authors) expect(author.json()).toBe(first?.json())
}

test('three authors who work apart lose no word and come to one text', () => {
  for (let document = 0; document < DOCUMENTS; document++) {
    const seed = SEED * 100_000 + document
    const random = new Random(seed)
    const ledger = new Ledger()
    const authors = ['ana', 'ben', 'olu'].map(name => new LinearAuthor(name))
    // Client ids decide who comes first where two write in one place.
    authors.forEach((author, i) => (author.doc.clientID = 10 + ((seed + i * 7) % 23)))
    if (random.below(3) > 0) (authors[0] as LinearAuthor).doc.getText('body').insert(0, '\n')
    const [ana] = authors as [LinearAuthor, LinearAuthor, LinearAuthor]
    if (random.below(2) === 0) ana.writeUnknown()
    const hadUnknown = ana.hasUnknown()
    merge(authors, random)
    for (let round = 0; round < ROUNDS; round++) {
      try {
        for (const author of authors) work(author, ledger, random, 6)
        merge(authors, random)
        expect(ledger.account(ana.text()).lost).toEqual([])
        expect(ana.hasUnknown()).toBe(hadUnknown)
      } catch (error) {
        throw new Error(`seed ${seed}, round ${round}`, { cause: error })
      }
    }
    for (const author of authors) author.destroy()
  }
}, 120_000)
