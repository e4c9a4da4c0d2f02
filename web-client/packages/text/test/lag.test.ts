import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { compose, type Delta, type Op } from '../src/delta.ts'
import { Lag } from '../src/lag.ts'

function textOf(deltas: readonly Delta[]): unknown {
  const text = new Y.Doc().getText('body')
  for (const delta of deltas) text.applyDelta([...delta])
  return read(text)
}

/** What a text says, without the cuts that formatting has left in it. */
function read(text: Y.Text): unknown {
  const runs: [string, string][] = []
  for (const { insert, attributes } of text.toDelta() as { insert: string; attributes?: object }[]) {
    const key = JSON.stringify(Object.entries(attributes ?? {}).sort())
    const last = runs.at(-1)
    if (last?.[1] === key) last[0] += insert
    else runs.push([insert, key])
  }
  return runs
}

const attributes = fc.constantFrom(undefined, { a: 1 }, { a: null }, { b: 2, a: 3 })

/** A change of a text of `length`, and how long that is then. */
function change(length: number, random: fc.GeneratorValue): { delta: Op[]; length: number } {
  const delta: Op[] = []
  let [rest, after] = [length, length]
  for (let i = random(fc.integer, { min: 1, max: 6 }); i > 0; i--) {
    const kind = random(fc.constantFrom, 'insert', 'retain', 'delete')
    const attrs = random(() => attributes)
    const extra = attrs ? { attributes: attrs } : {}
    if (kind === 'insert') {
      const insert = random(fc.constantFrom, 'x', 'yz\n')
      delta.push({ insert, ...extra })
      after += insert.length
    } else if (rest > 0) {
      const count = random(fc.integer, { min: 1, max: rest })
      rest -= count
      if (kind === 'delete') after -= count
      delta.push(kind === 'delete' ? { delete: count } : { retain: count, ...extra })
    }
  }
  return { delta, length: after }
}

test('two changes composed are what one after the other is', () => {
  fc.assert(
    fc.property(fc.gen(), random => {
      const first = change(10, random)
      const second = change(first.length, random)
      const start: Delta = [{ insert: '0123456789' }]
      expect(textOf([start, compose(first.delta, second.delta)])).toEqual(textOf([start, first.delta, second.delta]))
    }),
    { seed: 1, numRuns: 400 },
  )
}, 30_000)

test('what a document does meanwhile finds its place, and the rest still fits', () => {
  fc.assert(
    fc.property(fc.gen(), random => {
      // `text` is ahead of `document` by the lag.
      const [text, document] = [new Y.Doc().getText('body'), new Y.Doc().getText('body')]
      for (const each of [text, document]) each.insert(0, '0123456789')
      const ahead = change(10, random)
      text.applyDelta(ahead.delta)
      const lag = new Lag(ahead.delta)
      for (let i = 0; i < 5; i++) {
        const index = random(fc.integer, { min: 0, max: document.length })
        const length = Math.min(random(fc.integer, { min: 0, max: 4 }), document.length - index)
        if (i % 3 === 0) {
          document.insert(index, 'mine', {})
          text.insert(lag.insert(index, 4), 'mine', {})
        } else if (i % 3 === 1 && length > 0) {
          document.format(index, length, { a: 9 })
          for (const place of lag.format(index, length, { a: 9 })) text.format(place.index, place.length, { a: 9 })
        } else {
          document.delete(index, length)
          for (const place of lag.delete(index, length)) text.delete(place.index, place.length)
        }
      }
      document.applyDelta([...lag.delta])
      expect(read(document)).toEqual(read(text))
    }),
    { seed: 1, numRuns: 400 },
  )
}, 30_000)
