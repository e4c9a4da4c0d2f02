// The store for a shared computer: nothing reaches the disk, all ends with the page.

import type { DocumentStore, Draft } from './document-store.ts'
import { mergeAcknowledged } from './acknowledged.ts'

/** A store that keeps drafts while the page is open; the document itself is in the page anyway. */
export function memoryStore(): DocumentStore {
  const drafts = new Map<string, Draft>()
  let acknowledged: Uint8Array | null = null
  return {
    keeps: 'in-memory',
    load: async () => ({ updates: [], acknowledged, drafts: [...drafts.values()] }),
    append: async () => {},
    acknowledge: async snapshot => {
      acknowledged = mergeAcknowledged(acknowledged, snapshot)
    },
    keepDraft: async draft => {
      drafts.set(draft.id, draft)
    },
    dropDraft: async id => {
      drafts.delete(id)
    },
    onUpdate: () => () => {},
    onTrouble: () => () => {},
    reset: async () => {
      acknowledged = null
    },
    close: async () => {},
  }
}
