/** The forms that a language has, by its plural categories; `#` stands for the number. */
export type PluralForms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }

/** A message that depends on a number, which is given both as it is and as it is shown. */
export type PluralMessage = (count: number, shown: string) => string

/** Chooses the form that `language` uses for a number. */
export function plural(language: string, forms: PluralForms): PluralMessage {
  // Made when first needed: opening a text must not wait for the rules of languages that nobody reads.
  let rules: Intl.PluralRules | undefined
  return (count, shown) => {
    rules ??= new Intl.PluralRules(language)
    return (forms[rules.select(count)] ?? forms.other).replace('#', shown)
  }
}
