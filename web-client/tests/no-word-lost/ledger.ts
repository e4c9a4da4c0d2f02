// Which words have been written, and which of them somebody deleted.
//
// Every letter that is typed is one of its own in the document, so each can be found again wherever it has gone. A
// word counts as deleted when somebody's deletion or undo took one of its letters and they did not bring it back; as
// torn when somebody split it, or wrote or moved something into it. All other words must be there whole.

// Ideographs, then Hangul syllables: 32,000 letters of one unit each that nothing composes or splits.
const ALPHABETS = [
  [0x4e00, 0x9fa5],
  [0xac00, 0xd7a3],
] as const
const WORD_LENGTH = 5

interface Word {
  readonly text: string
  isTorn: boolean
}

/** What has become of the words after a merge. */
export interface Account {
  /** Words that nobody deleted and of which letters are missing. */
  readonly lost: string[]
  /** Words that nobody touched and whose letters no longer stand together in order. */
  readonly scattered: string[]
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

  get count(): number {
    return this.#words.length
  }

  /** Notes what one action of `author` did to the text as they saw it. `mayDelete`: whether it was meant to. */
  note(author: string, before: string, after: string, mayDelete: boolean): void {
    const [had, has] = [lettersOf(before), lettersOf(after)]
    const taken = this.#taken.get(author) ?? new Set()
    this.#taken.set(author, taken)
    for (const letter of had) {
      if (has.has(letter) || !this.#byLetter.has(letter)) continue
      if (!mayDelete) throw new Error(`an action that deletes nothing took ${String.fromCharCode(letter)}`)
      taken.add(letter)
    }
    for (const letter of has) if (!had.has(letter)) taken.delete(letter)
    // Only words at the edges of what changed can have been torn.
    for (const word of this.#words) {
      if (!word.isTorn && before.includes(word.text) && !after.includes(word.text)) {
        if ([...word.text].every(letter => has.has(letter.charCodeAt(0)))) word.isTorn = true
      }
    }
  }

  /** Looks for every word in the text that all authors have come to. */
  account(text: string): Account {
    const has = lettersOf(text)
    const [lost, scattered]: [string[], string[]] = [[], []]
    for (const word of this.#words) {
      if (text.includes(word.text)) continue
      const letters = [...word.text].map(letter => letter.charCodeAt(0))
      if (letters.some(letter => this.#isTaken(letter))) continue
      if (letters.some(letter => !has.has(letter))) lost.push(word.text)
      else if (!word.isTorn) scattered.push(word.text)
    }
    return { lost, scattered }
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
