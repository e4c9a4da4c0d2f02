// The words of the editor's controls: which languages there are, and which way each is written.

import { ar } from './ar.ts'
import { en } from './en.ts'
import type { Messages } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'

export type { Messages } from './en.ts'

const tables: Record<string, Messages> = { ar, en, es, fr }

/** The languages that the controls speak. */
export const languages = Object.keys(tables)

const subtag = (language: string) => language.toLowerCase().split(/[-_]/)[0] ?? ''

/** The table for a BCP 47 tag; English where a language is missing. */
export function messagesFor(language: string): Messages {
  return tables[subtag(language)] ?? en
}

/** The tag of the table that `messagesFor` chooses. */
export function languageFor(language: string): string {
  return tables[subtag(language)] ? language : 'en'
}

/** Which way the controls run in a language that they speak. */
export function directionOf(language: string): 'ltr' | 'rtl' {
  return subtag(languageFor(language)) === 'ar' ? 'rtl' : 'ltr'
}
