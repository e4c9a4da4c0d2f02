import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { isAcknowledged, isAllAcknowledged } from '../../src/store/acknowledged.ts'

/** What a document said after each of its changes, and the server's note of it. */
function history(): { doc: Y.Doc; updates: Uint8Array[]; notes: (Uint8Array | null)[] } {
  const doc = new Y.Doc()
  const updates: Uint8Array[] = []
  const notes: (Uint8Array | null)[] = [null]
  doc.on('update', (update: Uint8Array) => updates.push(update))
  const text = doc.getText('body')
  for (const change of [
    () => text.insert(0, 'one two three'),
    () => text.delete(4, 4),
    () => text.format(0, 3, { bold: true }),
    () => text.insert(3, ' more'),
    () => text.delete(0, 6),
    () => doc.getMap('notes').set('n', new Y.Text('note')),
    () => doc.getMap('notes').delete('n'),
  ]) {
    change()
    notes.push(Y.encodeSnapshot(Y.snapshot(doc)))
  }
  return { doc, updates, notes }
}

test('a document has been confirmed exactly when its state has', () => {
  const { updates, notes } = history()
  for (let count = 0; count <= updates.length; count++) {
    const doc = new Y.Doc()
    for (const update of updates.slice(0, count)) Y.applyUpdate(doc, update)
    notes.forEach((note, i) => {
      const isKnown = isAllAcknowledged(note, doc)
      expect(isKnown, `${count} changes, ${i} noted`).toBe(isAcknowledged(note, Y.encodeStateAsUpdate(doc)))
      expect(isKnown).toBe(count <= i)
    })
  }
})

test('what waits for something else in a document has not been confirmed', () => {
  const { updates, notes } = history()
  const doc = new Y.Doc()
  Y.applyUpdate(doc, updates[0]!)
  Y.applyUpdate(doc, updates[3]!)
  expect(isAllAcknowledged(notes[1]!, doc)).toBe(false)
  expect(isAllAcknowledged(notes.at(-1)!, doc)).toBe(true)
})
