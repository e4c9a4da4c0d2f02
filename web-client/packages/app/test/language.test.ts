import { expect, test } from 'vitest'
import { languages, preferredLanguage } from '../src/language.ts'
import { ar } from '../src/messages/ar.ts'
import { en } from '../src/messages/en.ts'
import { es } from '../src/messages/es.ts'
import { fr } from '../src/messages/fr.ts'

const tables = { ar, en, es, fr }

test('what was chosen comes before what the browser asks for, and that before English', () => {
  expect(preferredLanguage('fr', ['ar'])).toBe('fr')
  expect(preferredLanguage(null, ['de', 'ar-EG', 'fr'])).toBe('ar')
  expect(preferredLanguage('xx', ['de'])).toBe('en')
})

test('every language that can be chosen has all words, and none is left in English', () => {
  const flat = (table: object, path = ''): [string, unknown][] =>
    Object.entries(table).flatMap(([key, value]) =>
      typeof value === 'object' ? flat(value as object, `${path}${key}.`) : [[path + key, value] as [string, unknown]])
  const english = new Map(flat(en))
  expect(languages.map(({ tag }) => tag)).toEqual(Object.keys(tables))
  for (const [language, table] of Object.entries(tables)) {
    const words = new Map(flat(table))
    expect([...words.keys()].sort(), language).toEqual([...english.keys()].sort())
    if (language === 'en') continue
    // A word that two languages share.
    const same = [...words].filter(([key, value]) => value === english.get(key) && key !== 'kinds.note')
    expect(same, language).toEqual([])
  }
})
