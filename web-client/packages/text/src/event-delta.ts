// What an event changed in a shared text.

import * as Y from 'yjs'
import type { Delta, Op } from './delta.ts'

// From so many changed pieces on, walking once over the whole text costs less than walking to each.
const PIECES_MAX = 8

interface Piece {
  readonly item: Y.Item
  readonly isNew: boolean
  /** How many pieces stand before it, deleted ones too: its place in the order. */
  rank: number
  /** How much text stands before it. */
  index: number
  attributes: Record<string, unknown>
}

/**
 * The change of an event as a delta. `YTextEvent.delta` looks at every piece of the text twice, which in a long text
 * with a history takes longer than all the rest of a key; most events bring some letters or take some.
 */
export function eventDelta(event: Y.YTextEvent): Delta {
  return fewPieces(event) ?? (event.delta as Delta)
}

/** Null when there are many, or when attributes changed. */
function fewPieces({ target, transaction }: Y.YTextEvent): Delta | null {
  const pieces: Piece[] = []
  let isSimple = true
  const add = (struct: Y.Item | Y.GC, isNew: boolean) => {
    if (!(struct instanceof Y.Item) || struct.parent !== target || struct.parentSub !== null) return
    if (struct.content instanceof Y.ContentFormat) isSimple = false
    else if (struct.countable) pieces.push({ item: struct, isNew, rank: 0, index: 0, attributes: {} })
  }
  for (const [client, end] of transaction.afterState) {
    const start = transaction.beforeState.get(client) ?? 0
    if (end === start) continue
    const structs = transaction.doc.store.clients.get(client) ?? []
    for (let i = Y.findIndexSS(structs, start); i < structs.length && pieces.length <= PIECES_MAX; i++) {
      const struct = structs[i] as Y.Item | Y.GC
      if (!struct.deleted || (struct as Y.Item).content instanceof Y.ContentFormat) add(struct, true)
    }
  }
  let deleted = 0
  for (const ranges of transaction.deleteSet.clients.values()) deleted += ranges.length
  if (!isSimple || pieces.length + deleted > PIECES_MAX) return null
  Y.iterateDeletedStructs(transaction, transaction.deleteSet, struct => {
    const isOld = struct.id.clock < (transaction.beforeState.get(struct.id.client) ?? 0)
    if (isOld) add(struct as Y.Item | Y.GC, false)
  })
  if (!isSimple || pieces.length > PIECES_MAX) return null
  for (const piece of pieces) find(piece)
  pieces.sort((a, b) => a.rank - b.rank)
  const delta: Op[] = []
  let at = 0
  for (const { item, isNew, index, attributes } of pieces) {
    if (index > at) delta.push({ retain: index - at })
    at = index + (isNew ? item.length : 0)
    if (!isNew) delta.push({ delete: item.length })
    else {
      const { content } = item
      const insert: unknown = content instanceof Y.ContentString ? content.str : content.getContent()[0]
      delta.push(Object.keys(attributes).length > 0 ? { insert, attributes } : { insert })
    }
  }
  return delta
}

/** Walks from a piece to the start of the text. */
function find(piece: Piece): void {
  let [rank, index] = [0, 0]
  const attributes = new Map<string, unknown>()
  for (let item = piece.item.left; item !== null; item = item.left) {
    rank++
    if (item.deleted) continue
    if (item.countable) index += item.length
    else if (item.content instanceof Y.ContentFormat) {
      const { key, value } = item.content
      // The nearest says what holds.
      if (!attributes.has(key)) attributes.set(key, value)
    }
  }
  piece.rank = rank
  piece.index = index
  for (const [name, value] of attributes) if (value !== null) piece.attributes[name] = value
}
