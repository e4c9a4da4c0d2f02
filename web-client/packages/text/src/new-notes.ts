import type { Fragment } from 'prosemirror-model'
import type { Transaction } from 'prosemirror-state'
import { ReplaceStep } from 'prosemirror-transform'

/** The footnotes whose notes are still to be made. */
export function* newNotes(transactions: readonly Transaction[]): Generator<{ id: string; text: string }> {
  for (const { steps } of transactions) {
    for (const step of steps) {
      // Letters, as most steps bring or take them, are no footnotes.
      if (!(step instanceof ReplaceStep) || step.slice.content.childCount === 0 || isLetters(step.slice.content)) continue
      const found: { id: string; text: string }[] = []
      step.slice.content.descendants(node => {
        const { id, text } = node.attrs as { id: string; text: string | null }
        if (node.type.name === 'footnote' && text !== null) found.push({ id, text })
      })
      yield* found
    }
  }
}

function isLetters(content: Fragment): boolean {
  return content.childCount === 1 && content.child(0).isText
}
