// Which language the pages speak: what the person chose in this browser, or the first of the browser's own that we have.

import { directionOf, languageOf, languages } from '@plenary/editor/languages'
import { en, type Messages } from './messages/en.ts'

export { languages }
export type { Messages } from './messages/en.ts'

// English is in the page itself, so that there are words whatever fails; the others are fetched when chosen.
const tables: Record<string, () => Promise<Messages>> = {
  ar: async () => (await import('./messages/ar.ts')).ar,
  en: async () => en,
  es: async () => (await import('./messages/es.ts')).es,
  fr: async () => (await import('./messages/fr.ts')).fr,
}

const KEY = 'plenary.language'

/** The language to begin with. */
export function preferredLanguage(
  chosen: string | null = read(),
  wanted: readonly string[] = navigator.languages,
): string {
  const asked = [...(chosen === null ? [] : [chosen]), ...wanted]
  return asked.flatMap(tag => languageOf(tag) ?? [])[0]?.tag ?? 'en'
}

/** Makes the page speak a language, and remembers it. English when its words cannot be fetched. */
export async function speak(tag: string, isChosen: boolean): Promise<{ language: string; messages: Messages }> {
  if (isChosen) write(tag)
  let [language, messages] = [tag, en]
  try {
    messages = (await tables[tag]?.()) ?? en
  } catch {
    language = 'en'
  }
  document.documentElement.lang = language
  document.documentElement.dir = directionOf(language)
  return { language, messages }
}

// A browser that keeps nothing still shows the page.
function read(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

function write(tag: string): void {
  try {
    localStorage.setItem(KEY, tag)
  } catch {
    // It lasts as long as the page.
  }
}
