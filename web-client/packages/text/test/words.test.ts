import { expect, test } from 'vitest'
import vectors from '../../../../tests/fixtures/words.json'
import { characterClass, countText } from '../src/words.ts'

test('every character has the class of the table', () => {
  const expected = Array.from({ length: 0x110000 }, () => 'letter')
  for (const [first, last, of] of vectors.classes as [string, string, string][]) {
    expected.fill(of, parseInt(first, 16), parseInt(last, 16) + 1)
  }
  const other = expected.findIndex((of, code) => characterClass(code) !== of)
  expect(other.toString(16)).toBe('-1')
})

test.each(vectors.texts)('$why', ({ text, words }) => {
  expect(countText(text)).toBe(words)
})
