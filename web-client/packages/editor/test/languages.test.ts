import { expect, test } from 'vitest'
import { Dictionary, directionOf, languages, wordsOf } from '../src/languages.ts'
import { ar } from '../src/messages/ar.ts'
import { en } from '../src/messages/en.ts'
import { es } from '../src/messages/es.ts'
import { fr } from '../src/messages/fr.ts'

const tables = { ar, en, es, fr }

/** All messages of a table by their paths; those that depend on a number or a name as functions. */
function messages(table: object, path = ''): Map<string, unknown> {
  const entries = Object.entries(table).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' ? [...messages(value as object, `${path}${name}.`)] : [[path + name, value]],
  )
  return new Map(entries)
}

const english = messages(wordsOf('en', en))

test('each language has every message, and says something else than English', () => {
  expect(languages.map(({ tag }) => tag)).toEqual(Object.keys(tables))
  for (const [language, table] of Object.entries({ ar, es, fr })) {
    const words = messages(wordsOf(language, table))
    expect([...words.keys()]).toEqual([...english.keys()])
    const same = [...words].filter(([path, message]) => typeof message === 'string' && message === english.get(path))
    // "Notes" and the like are the same word here and there, but no table is left in English.
    expect(same.length, `${language}: ${same.map(([path]) => path).join(' ')}`).toBeLessThan(8)
  }
})

test('each plural form of Arabic is there', () => {
  const { wordsLeft } = wordsOf('ar', ar)
  const forms = [0, 1, 2, 3, 11, 100].map(count => wordsLeft(count, String(count)))
  expect(new Set(forms).size).toBe(6)
})

test('a regional tag gets its language, an unknown one English', async () => {
  const dictionary = new Dictionary(wordsOf('en', en), { ar: async () => ar })
  expect([directionOf('ar-EG'), directionOf('fr'), directionOf('tlh')]).toEqual(['rtl', 'ltr', 'ltr'])
  await dictionary.coming('ar-EG')
  expect(dictionary.of('ar_SY').toolbar).toBe(wordsOf('ar', ar).toolbar)
  for (const other of ['en-GB', 'tlh', 'fr']) expect(dictionary.of(other).toolbar).toBe('Formatting')
})

test('words are fetched once, are English until they are here, and nothing is waited for where nothing comes', async () => {
  let [fetched, give] = [0, () => {}]
  const table = new Promise<typeof ar>(resolve => (give = () => resolve(ar)))
  const dictionary = new Dictionary(wordsOf('en', en), { ar: () => (fetched++, table) })
  expect([dictionary.coming('en'), dictionary.coming('tlh'), dictionary.coming('')]).toEqual([null, null, null])
  const coming = [dictionary.coming('ar'), dictionary.coming('ar-EG')]
  expect(dictionary.of('ar').find).toBe('Find')
  give()
  await Promise.all(coming)
  expect([dictionary.of('ar').find, dictionary.coming('ar'), fetched]).toEqual([ar(() => () => '').find, null, 1])
})

test('words that cannot be had, or that an older file lacks, are English', async () => {
  const older = (...[plural]: Parameters<typeof fr>): ReturnType<typeof fr> => {
    const { find: _, ...rest } = fr(plural)
    return rest as ReturnType<typeof fr>
  }
  const dictionary = new Dictionary(wordsOf('en', en), { ar: () => Promise.reject(new Error('404')), fr: async () => older })
  await Promise.all([dictionary.coming('ar'), dictionary.coming('fr')])
  expect([dictionary.of('ar').find, dictionary.coming('ar')]).toEqual(['Find', null])
  expect([dictionary.of('fr').find, dictionary.of('fr').close]).toEqual(['Find', 'Fermer'])
})
