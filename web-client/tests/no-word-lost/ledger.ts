// Which words have been written, and which of them somebody deleted.
//
// Every letter that is typed is one of its own in the document, so each can be found again wherever it has gone. A
// word counts as deleted when somebody's deletion or undo took one of its letters and they did not bring it back: all
// letters of other words must be there. It counts as torn when somebody split it, or wrote something into it, or
// deleted it and brought it back: the letters of all other words must be near each other and in order.

// Ideographs, then Hangul syllables: 32,000 letters of one unit each that nothing composes or splits.
const ALPHABETS = [
  [0x4e00, 0x9fa5],
  [0xac00, 0xd7a3],
] as const
const WORD_LENGTH = 5
const NEAR = 40

interface Word {
  readonly text: string
  isTorn: boolean
}

/** What has become of the words after a merge. */
export interface Account {
  /** Words that nobody deleted and of which letters are missing, or no longer near each other in order. */
  readonly lost: string[]
  /** Words that nobody touched, whole and in order, between whose letters something else has come to stand. */
  readonly parted: string[]
}

/** Follows all words of one document through the hands of all its authors. */
export class Ledger {
  readonly #words: Word[] = []
  readonly #byLetter = new Map<number, Word>()
  // By author: letters taken away and not brought back.
  readonly #taken = new Map<string, Set<number>>()
  #letters = 0

  /** A new word. Undefined when no letters are left. */
  newWord(): string | undefined {
    let text = ''
    for (let i = 0; i < WORD_LENGTH; i++) {
      const letter = letterAt(this.#letters++)
      if (letter === undefined) return undefined
      text += String.fromCharCode(letter)
    }
    const word = { text, isTorn: false }
    for (const letter of text) this.#byLetter.set(letter.charCodeAt(0), word)
    this.#words.push(word)
    return text
  }

  /** How many words have been typed in all. */
  get typed(): number {
    return Math.ceil(this.#letters / WORD_LENGTH)
  }

  /** Notes what one action of `author` did to the text as they saw it. `mayDelete`: whether it was meant to. */
  note(author: string, before: string, after: string, mayDelete: boolean): void {
    if (before === after) return
    const [was, is] = changedParts(before, after)
    const counts = new Map<number, number>()
    for (let i = 0; i < was.length; i++) add(counts, was.charCodeAt(i), -1)
    for (let i = 0; i < is.length; i++) add(counts, is.charCodeAt(i), 1)
    const taken = this.#taken.get(author) ?? new Set()
    this.#taken.set(author, taken)
    for (const [letter, by] of counts) {
      if (by === 0 || !this.#byLetter.has(letter)) continue
      // What an action takes that deletes nothing is as good as lost.
      if (by > 0) taken.delete(letter)
      else if (mayDelete) taken.add(letter)
    }
    const touched = new Set<Word>()
    for (let i = 0; i < was.length; i++) {
      const word = this.#byLetter.get(was.charCodeAt(i))
      if (word && !word.isTorn) touched.add(word)
    }
    // Where two moved the same lines apart, a word may stand there twice. One that was deleted and brought back
    // stands where it was, and that is where others may have written meanwhile.
    for (const word of touched) {
      if (occurrences(is, word.text) < occurrences(was, word.text)) word.isTorn = true
    }
  }

  /** Looks for every word in the text that all authors have come to. */
  account(text: string): Account {
    const has = lettersOf(text)
    const [lost, parted]: [string[], string[]] = [[], []]
    for (const word of this.#words) {
      if (text.includes(word.text)) continue
      const letters = [...word.text].map(letter => letter.charCodeAt(0))
      if (letters.some(letter => this.#isTaken(letter))) continue
      if (letters.some(letter => !has.has(letter))) lost.push(word.text)
      else if (!word.isTorn) (isNear(text, word.text) ? parted : lost).push(word.text)
    }
    return { lost, parted }
  }

  /** Forgets words that are reported, so that each is counted once. */
  forget(words: readonly string[]): void {
    for (const text of words) {
      const at = this.#words.findIndex(word => word.text === text)
      if (at >= 0) this.#words.splice(at, 1)
      for (const letter of text) this.#byLetter.delete(letter.charCodeAt(0))
    }
  }

  #isTaken(letter: number): boolean {
    for (const taken of this.#taken.values()) if (taken.has(letter)) return true
    return false
  }
}

/** What differs between two texts, with enough around it for whole words. */
function changedParts(before: string, after: string): [string, string] {
  const shorter = Math.min(before.length, after.length)
  let start = 0
  while (start < shorter && before[start] === after[start]) start++
  let end = 0
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  const [from, to] = [Math.max(0, start - WORD_LENGTH), Math.max(0, end - WORD_LENGTH)]
  return [before.slice(from, before.length - to), after.slice(from, after.length - to)]
}

/** Whether the letters of `word` stand somewhere in order, with no more than a few words between them. */
function isNear(text: string, word: string): boolean {
  for (let at = text.indexOf(word[0] as string); at >= 0; at = text.indexOf(word[0] as string, at + 1)) {
    let last = at
    const isThere = [...word].every(letter => (last = text.indexOf(letter, last)) >= 0)
    if (isThere && last - at < NEAR) return true
  }
  return false
}

function occurrences(text: string, word: string): number {
  let count = 0
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) count++
  return count
}

function add(counts: Map<number, number>, letter: number, by: number): void {
  counts.set(letter, (counts.get(letter) ?? 0) + by)
}

function letterAt(index: number): number | undefined {
  let rest = index
  for (const [first, last] of ALPHABETS) {
    if (rest <= last - first) return first + rest
    rest -= last - first + 1
  }
  return undefined
}

function lettersOf(text: string): Set<number> {
  const letters = new Set<number>()
  for (let i = 0; i < text.length; i++) letters.add(text.charCodeAt(i))
  return letters
}
