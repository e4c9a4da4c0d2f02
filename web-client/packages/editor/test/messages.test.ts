import { expect, test } from 'vitest'
import { directionOf, languages, messagesFor } from '../src/messages/index.ts'

/** All messages of a table by their paths; those that depend on a number or a name as functions. */
function messages(table: object, path = ''): Map<string, unknown> {
  const entries = Object.entries(table).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' ? [...messages(value as object, `${path}${name}.`)] : [[path + name, value]],
  )
  return new Map(entries)
}

const english = messages(messagesFor('en'))

test('each language has every message, and says something else than English', () => {
  for (const language of languages.filter(one => one !== 'en')) {
    const table = messages(messagesFor(language))
    expect([...table.keys()]).toEqual([...english.keys()])
    const same = [...table].filter(([path, message]) => typeof message === 'string' && message === english.get(path))
    // "Notes" and the like are the same word here and there, but no table is left in English.
    expect(same.length, `${language}: ${same.map(([path]) => path).join(' ')}`).toBeLessThan(8)
  }
})

test('each plural form of Arabic is there', () => {
  const { wordsLeft } = messagesFor('ar')
  const forms = [0, 1, 2, 3, 11, 100].map(count => wordsLeft(count, String(count)))
  expect(new Set(forms).size).toBe(6)
})

test('a regional tag gets its language, an unknown one English', () => {
  expect(messagesFor('ar-EG')).toBe(messagesFor('ar'))
  expect(messagesFor('tlh')).toBe(messagesFor('en'))
  expect([directionOf('ar-EG'), directionOf('fr'), directionOf('tlh')]).toEqual(['rtl', 'ltr', 'ltr'])
})
