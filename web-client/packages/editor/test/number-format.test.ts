import { expect, test } from 'vitest'
import { languages } from '../src/languages.ts'
import { numberFormat } from '../src/number-format.ts'

test('each language of the controls writes numbers as the tables of Unicode say', () => {
  for (const { tag } of languages) {
    const intl = new Intl.NumberFormat(tag)
    const format = numberFormat(tag)
    for (const count of [0, 7, 42, 999, 1000, 5738, 9999, 10_000, 123_456, 1_234_567]) {
      expect(format(count), `${count} in ${tag}`).toBe(intl.format(count))
    }
  }
})

test('another language, or one with its region, writes them by itself', () => {
  expect(numberFormat('de')(5738)).toBe('5.738')
  expect(numberFormat('ar-EG')(5738)).toBe(new Intl.NumberFormat('ar-EG').format(5738))
})
