// Work that could not go into its document, and what a person can read of it.

import * as Y from 'yjs'
import type { Draft } from './store/document-store.ts'

/** The text that an update inserts, as far as it can be told without the document it belongs to. */
export function textOf(update: Uint8Array): string {
  let text = ''
  let end: { client: number, clock: number } | null = null
  for (const struct of Y.decodeUpdate(update).structs) {
    const { client, clock } = struct.id
    const goesOn = end !== null && end.client === client && end.clock === clock
    end = { client, clock: clock + struct.length }
    if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentString)) continue
    // What was typed in another place is not part of the same sentence.
    if (!goesOn && text !== '' && !text.endsWith('\n')) text += '\n'
    text += struct.content.str
  }
  return text
}

/**
 * The draft that results when `update` is set aside: `open` with that added, or a new one. The same object when
 * `open` holds it already.
 */
export function setAside(open: Draft | undefined, update: Uint8Array, base: Omit<Draft, 'update' | 'text'>): Draft {
  if (open === undefined) return { ...base, update: update.slice(), text: textOf(update) }
  const merged = Y.mergeUpdates([open.update, update])
  const isSame = merged.length === open.update.length && merged.every((byte, index) => byte === open.update[index])
  return isSame ? open : { ...open, update: merged, text: textOf(merged) }
}
