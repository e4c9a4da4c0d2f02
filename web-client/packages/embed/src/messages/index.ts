// The words of the element, by language.

import { ar } from './ar.ts'
import { en, type Messages } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'

export type { Messages } from './en.ts'

/** All tables, by language. */
export const tables: Readonly<Record<string, Messages>> = { ar, en, es, fr }

/** The table for a BCP 47 tag; English where a language is missing. */
export function messagesFor(language: string): Messages {
  return tables[language.toLowerCase().split(/[-_]/)[0] ?? ''] ?? en
}
