import { expect, test } from 'vitest'
import { contrast, favouriteColour, initials, personColours, personOf, readableColour } from '../src/person.ts'

test('white letters can be read on every colour of ours', () => {
  for (const colour of personColours) expect(contrast(colour, '#ffffff')).toBeGreaterThanOrEqual(4.5)
})

test('a colour that somebody else chose is darkened until white letters can be read on it', () => {
  for (const colour of ['#ffffff', '#ffff00', '#7fff00', '#30bced', '#ee6352aa']) {
    expect(contrast(readableColour(colour) ?? '', '#ffffff')).toBeGreaterThanOrEqual(4.5)
  }
  expect(readableColour('#0b6e5b')).toBe('#0b6e5b')
})

test('what is no colour never reaches a style', () => {
  for (const colour of ['red', 'url(//evil.example)', '#12', '', 7, null, undefined, {}]) expect(readableColour(colour)).toBeNull()
  const person = personOf(1, { user: { name: 'Ana', color: 'url(//evil.example)' } }, 2)
  expect(person?.colour).toBe(favouriteColour('name:Ana'))
})

test('presence that is no presence is nobody', () => {
  for (const state of [undefined, {}, { user: null }, { user: 'Ana' }, { user: 7 }]) {
    expect(personOf(1, state as Record<string, unknown>, 2)).toBeNull()
  }
  expect(personOf(1, { user: { name: 'x'.repeat(5000) } }, 2)?.name).toHaveLength(60)
})

test('initials are first letters in any script', () => {
  expect(initials('Ilse Marenko')).toBe('IM')
  expect(initials('نورة الهاشمي')).toBe('نا')
  expect(initials('Ana')).toBe('A')
  expect(initials("J. O'Neill")).toBe('JO')
  // A letter of several signs is one letter.
  expect(initials('E\u0301mile कि')).toBe('E\u0301कि')
  expect(initials('한국'.normalize('NFD'))).toBe('한'.normalize('NFD'))
  expect(initials('  ')).toBe('?')
})
