// The numbers of lines: never typed, computed when shown. The style sheet of the editor counts in the same way.

import type { Node } from 'prosemirror-model'

/** Whether the numbers of items go on after what stands between two lists, as paragraphs of a submission do. */
export type Numbering = 'parted' | 'through'

/** For each line its number among the items of its level, counted from 1; `null` where there is none. */
export function lineNumbers(lines: readonly Node[], numbering: Numbering): (number | null)[] {
  const counts: number[] = []
  return lines.map(({ attrs }) => {
    const level = attrs['indent'] as number
    // An item starts the levels below it anew; any other line its own level too, so that one that is indented goes on
    // with the item above it.
    const kept = attrs['list'] ? level + 1 : numbering === 'through' ? Math.max(level, 1) : level
    counts.length = Math.min(counts.length, kept)
    if (attrs['list'] !== 'ordered') return null
    counts[level] = (counts[level] ?? 0) + 1
    return counts[level]
  })
}

/** The number `count` of a level as it is shown: 3. on the first, then (c), (iii), (3) and again. */
export function numberLabel(count: number, level: number): string {
  if (level === 0) return `${count}.`
  const style = (['letter', 'roman', 'number'] as const)[(level - 1) % 3]
  return `(${style === 'letter' ? letters(count) : style === 'roman' ? roman(count) : count})`
}

function letters(count: number): string {
  let text = ''
  for (let rest = count; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    text = String.fromCharCode(97 + ((rest - 1) % 26)) + text
  }
  return text
}

const ROMAN: readonly (readonly [number, string])[] = [
  [1000, 'm'], [900, 'cm'], [500, 'd'], [400, 'cd'], [100, 'c'], [90, 'xc'], [50, 'l'], [40, 'xl'], [10, 'x'], [9, 'ix'],
  [5, 'v'], [4, 'iv'], [1, 'i'],
]

function roman(count: number): string {
  // As style sheets do, beyond what Roman numbers can say.
  if (count >= 4000) return String(count)
  let [text, rest] = ['', count]
  for (const [value, sign] of ROMAN) {
    while (rest >= value) {
      text += sign
      rest -= value
    }
  }
  return text
}
