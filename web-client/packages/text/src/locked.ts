// Boxes that are shown and kept but not edited: tables, and whatever a newer version put into the text.

import type { Node } from 'prosemirror-model'
import type { Transaction } from 'prosemirror-state'

/** What a transaction does to locked boxes. */
export interface LockedChange {
  /** How many go without coming back in another place. */
  readonly lost: number
  /** Whether a shared type that stands in the text would have to be put into it a second time. */
  readonly bringsShared: boolean
}

/** What `transaction` does to locked boxes; null when it touches none. */
export function lockedChange(transaction: Transaction): LockedChange | null {
  let counts: Map<string, number> | null = null
  let bringsShared = false
  const count = (doc: Node, from: number, to: number, by: 1 | -1) => {
    if (to <= from) return
    doc.nodesBetween(from, to, node => {
      const box = boxKey(node)
      if (box === null) return
      counts ??= new Map()
      counts.set(box, (counts.get(box) ?? 0) + by)
      if (by > 0 && node.attrs['shared']) bringsShared = true
    })
  }
  transaction.steps.forEach((step, i) => {
    const [before, after] = [transaction.docs[i] as Node, transaction.docs[i + 1] ?? transaction.doc]
    step.getMap().forEach((oldStart, oldEnd, newStart, newEnd) => {
      count(before, oldStart, oldEnd, -1)
      count(after, newStart, newEnd, 1)
    })
  })
  if (!counts) return null
  let lost = 0
  for (const by of (counts as Map<string, number>).values()) lost += Math.max(0, -by)
  return { lost, bringsShared }
}

function boxKey(node: Node): string | null {
  if (node.type.name === 'table') return `table ${node.attrs['id']}`
  return node.type.name === 'locked' ? JSON.stringify([node.attrs['embed'], node.attrs['shared']]) : null
}
