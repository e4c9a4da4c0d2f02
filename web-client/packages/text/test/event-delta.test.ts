import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { eventDelta } from '../src/event-delta.ts'

test('a change is read as Yjs itself reads it, however it came about', () => {
  fc.assert(
    fc.property(fc.gen(), random => {
      const texts = [1, 2].map(client => {
        const doc = new Y.Doc()
        doc.clientID = client
        return doc.getText('body')
      }) as [Y.Text, Y.Text]
      const sync = () => {
        for (const [from, to] of [texts, texts.toReversed()] as [Y.Text, Y.Text][]) {
          Y.applyUpdate(to.doc as Y.Doc, Y.encodeStateAsUpdate(from.doc as Y.Doc))
        }
      }
      texts[0].insert(0, 'one two three\n')
      for (const text of texts) {
        // What was there, and what the deltas made of it.
        const mirror = new Y.Doc().getText('body')
        mirror.applyDelta(text.toDelta())
        text.observe(event => {
          const mine = eventDelta(event)
          expect(lengths(mine)).toEqual(lengths(event.delta))
          mirror.applyDelta([...mine])
          expect(read(mirror)).toEqual(read(text))
        })
      }
      for (let round = random(fc.integer, { min: 1, max: 6 }); round > 0; round--) {
        for (const text of texts) {
          text.doc?.transact(() => {
            for (let i = random(fc.integer, { min: 0, max: 3 }); i > 0; i--) {
              const index = random(fc.integer, { min: 0, max: text.length })
              const length = Math.min(random(fc.integer, { min: 1, max: 4 }), text.length - index)
              const kind = random(fc.constantFrom, 'insert', 'insert', 'delete', 'delete', 'format', 'embed')
              if (kind === 'insert') text.insert(index, 'ab', random(fc.constantFrom, {}, { bold: true }))
              else if (kind === 'embed') text.insertEmbed(index, { footnote: 'a' })
              else if (kind === 'delete') text.delete(index, length)
              else if (length > 0) text.format(index, length, { bold: random(fc.constantFrom, true, null) })
            }
          })
        }
        if (random(fc.boolean)) sync()
      }
      sync()
    }),
    { seed: 1, numRuns: 300 },
  )
}, 30_000)

type Ops = readonly { insert?: unknown; retain?: number; delete?: number; attributes?: object }[]

/** Where a delta inserts and deletes how much. */
function lengths(delta: unknown): unknown {
  const places: [string, number, number][] = []
  let at = 0
  for (const op of delta as Ops) {
    const length = typeof op.insert === 'string' ? op.insert.length : (op.retain ?? op.delete ?? 1)
    const kind = op.retain === undefined ? (op.delete === undefined ? 'insert' : 'delete') : ''
    const last = places.at(-1)
    if (kind === 'insert' && last?.[0] === kind && last[1] + last[2] === at) last[2] += length
    else if (kind === 'delete' && last?.[0] === kind && last[1] === at) last[2] += length
    else if (kind !== '') places.push([kind, at, length])
    if (kind !== 'delete') at += length
  }
  return places
}

function read(text: Y.Text): unknown {
  const runs: [unknown, string][] = []
  for (const { insert, attributes } of text.toDelta() as { insert: unknown; attributes?: object }[]) {
    const key = JSON.stringify(attributes ?? {})
    const last = runs.at(-1)
    if (typeof insert === 'string' && typeof last?.[0] === 'string' && last[1] === key) last[0] += insert
    else runs.push([insert, key])
  }
  return runs
}
