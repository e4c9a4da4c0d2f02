// What the server has confirmed, as an encoded Y.Snapshot: state vector plus delete set. The state vector alone
// cannot tell, because deleting text does not change it.

import * as Y from 'yjs'

/** Whether the server has confirmed all that `update` brings. False when the update cannot be read. */
export function isAcknowledged(acknowledged: Uint8Array | null, update: Uint8Array): boolean {
  const snapshot = acknowledged === null ? Y.emptySnapshot : Y.decodeSnapshot(acknowledged)
  try {
    return Y.snapshotContainsUpdate(snapshot, update)
  } catch {
    return false
  }
}

/** The same of all that `doc` holds, without encoding it. */
export function isAllAcknowledged(acknowledged: Uint8Array | null, doc: Y.Doc): boolean {
  const { store } = doc
  // What waits for something else is in no state yet.
  if (store.pendingStructs !== null || store.pendingDs !== null) return isAcknowledged(acknowledged, Y.encodeStateAsUpdate(doc))
  const [known, has] = [acknowledged === null ? Y.emptySnapshot : Y.decodeSnapshot(acknowledged), Y.snapshot(doc)]
  for (const [client, clock] of has.sv) if (clock > (known.sv.get(client) ?? 0)) return false
  return Y.equalDeleteSets(known.ds, Y.mergeDeleteSets([known.ds, has.ds]))
}

/** Both together. Each is true of the same document, so is their union. */
export function mergeAcknowledged(one: Uint8Array | null, other: Uint8Array): Uint8Array {
  if (one === null) return other
  const [a, b] = [Y.decodeSnapshot(one), Y.decodeSnapshot(other)]
  const clocks = new Map(a.sv)
  for (const [client, clock] of b.sv) clocks.set(client, Math.max(clock, clocks.get(client) ?? 0))
  return Y.encodeSnapshot(Y.createSnapshot(Y.mergeDeleteSets([a.ds, b.ds]), clocks))
}
