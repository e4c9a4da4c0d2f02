// The languages of the controls: which there are, how each is written, and how its words come. It leans on nothing, so pages
// use it too that show no editor.

/** A language that there are words in. */
export interface Language {
  /** Its primary subtag. */
  readonly tag: string
  /** What it calls itself. */
  readonly name: string
  readonly direction: 'ltr' | 'rtl'
}

/** All of them, by tag. */
export const languages: readonly Language[] = [
  { tag: 'ar', name: 'العربية', direction: 'rtl' },
  { tag: 'en', name: 'English', direction: 'ltr' },
  { tag: 'es', name: 'Español', direction: 'ltr' },
  { tag: 'fr', name: 'Français', direction: 'ltr' },
]

/** The language of ours that a BCP 47 tag asks for; `undefined` when we have none. */
export function languageOf(tag: string): Language | undefined {
  const primary = tag.toLowerCase().split(/[-_]/)[0]
  return languages.find(language => language.tag === primary)
}

/** Which way controls run whose words were asked for with `tag`; English ones where there are none. */
export const directionOf = (tag: string): 'ltr' | 'rtl' => languageOf(tag)?.direction ?? 'ltr'

/** The forms that a language has, by its plural categories; `#` stands for the number. */
export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }

/** A message that depends on a number, which is given both as it is and as it is shown. */
export type PluralMessage = (count: number, shown: string) => string

/** Chooses among forms as one language does. */
export type Plural = (forms: PluralForms) => PluralMessage

/** Words in one language, which has its own way to count. */
export type Table<Words> = (plural: Plural) => Words

function pluralIn(language: string): Plural {
  // Made when first needed: opening a text must not wait for it.
  let rules: Intl.PluralRules | undefined
  return forms => (count, shown) => {
    rules ??= new Intl.PluralRules(language)
    return (forms[rules.select(count)] ?? forms.other).replace('#', shown)
  }
}

/** The words of a table. */
export const wordsOf = <Words>(language: string, table: Table<Words>): Words => table(pluralIn(language))

/** The same words in several languages: English is there, the others are fetched when they are asked for. */
export class Dictionary<Words extends object> {
  readonly #english: Words
  readonly #fetchers: Record<string, () => Promise<Table<Words>>>
  readonly #fetched = new Map<string, Words>()
  readonly #fetching = new Map<string, Promise<void>>()

  /** `fetchers`: by language tag. */
  constructor(english: Words, fetchers: Record<string, () => Promise<Table<Words>>>) {
    this.#english = english
    this.#fetchers = fetchers
  }

  /** The words for a BCP 47 tag; English where there are none, or none yet. */
  of(tag: string): Words {
    return this.#fetched.get(languageOf(tag)?.tag ?? '') ?? this.#english
  }

  /**
   * Resolves when `of` gives the words for a tag, or when they cannot be had, which is not tried again. `null` when
   * there is nothing to wait for.
   */
  coming(tag: string): Promise<void> | null {
    const { tag: language = '' } = languageOf(tag) ?? {}
    const fetch = this.#fetchers[language]
    if (!fetch || this.#fetched.has(language)) return null
    const coming = this.#fetching.get(language)
    if (coming) return coming
    const fetching = fetch().then(
      // A page may be older than the words that it fetches; what they lack is English.
      table => void this.#fetched.set(language, { ...this.#english, ...wordsOf(language, table) }),
      () => void this.#fetched.set(language, this.#english),
    )
    this.#fetching.set(language, fetching)
    return fetching
  }
}
