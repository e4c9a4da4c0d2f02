import { EditorState } from 'prosemirror-state'
import { describe, expect, test } from 'vitest'
import { findAll, type FindOptions, replaceMatches } from '../src/find.ts'
import { readDelta } from '../src/reading.ts'

/** What is found in a text, as it is written there. */
function found(text: string, query: string, options?: FindOptions): string[] {
  const doc = readDelta([{ insert: `${text}\n` }])
  return findAll(doc, query, options).map(({ from, to }) => doc.textBetween(from, to))
}

describe('what is looked for is found', () => {
  test.each([
    ['whatever its case', 'Rights, RIGHTS and rights', 'rights', ['Rights', 'RIGHTS', 'rights']],
    ['with and without accents', 'Genève, Geneve, GENE\u0300VE', 'genève', ['Genève', 'Geneve', 'GENE\u0300VE']],
    ['with the accent after its last letter', 'cafe\u0301 au', 'cafe', ['cafe\u0301']],
    ['with letters that Unicode does not take apart', 'Łódź Søren straße œuvre', 'strasse', ['straße']],
    ['in ligatures', 'ﬁnal of\ufb01ce', 'fi', ['ﬁ', '\ufb01']],
    ['with any form of alef', 'أن إن آن ان', 'ان', ['أن', 'إن', 'آن', 'ان']],
    ['with any form of ya and ta marbuta', 'على علي مادة ماده', 'علي', ['على', 'علي']],
    ['without short vowels and tatweel', 'حُقُوق حقـــوق', 'حقوق', ['حُقُوق', 'حقـــوق']],
    ['in Persian letters', 'کشور كشور', 'كشور', ['کشور', 'كشور']],
    ['with any digits', 'المادة ١٤ و 14 و ۱۴', '14', ['١٤', '14', '۱۴']],
    ['with any quotation mark, dash and space', 'l’État l\'État 5\u00a0630 2019–24', "l'etat", ['l’État', "l'État"]],
    ['over soft hyphens and joiners', 'co\u00adopera\u200dtion', 'cooperation', ['co\u00adopera\u200dtion']],
    ['in Cyrillic', 'Ёлка елка', 'елка', ['Ёлка', 'елка']],
    ['in Greek', 'ΛΟΓΟΣ λόγος', 'λογος', ['ΛΟΓΟΣ', 'λόγος']],
    ['in Turkish capitals', 'İSTANBUL ısı', 'istanbul', ['İSTANBUL']],
    ['beyond the first plane', '𠮷田 𠮷', '𠮷', ['𠮷', '𠮷']],
    ['once where it overlaps itself', 'aaaa', 'aa', ['aa', 'aa']],
  ])('%s', (_, text, query, expected) => {
    expect(found(text, query)).toEqual(expected)
  })

  test.each([
    ['case', 'Rights rights', 'rights', ['rights']],
    ['accents', 'résumé resume re\u0301sume\u0301', 'résumé', ['résumé', 're\u0301sume\u0301']],
    ['no accents', 'résumé resume re\u0301sume\u0301', 'resume', ['resume']],
    ['Arabic forms', 'أن ان', 'ان', ['ان']],
  ])('as it is written when asked for: %s', (_, text, query, expected) => {
    expect(found(text, query, { matchCase: true })).toEqual(expected)
  })

  test.each([
    ['right rights right-based upright (right) right', 'right', ['right', 'right', 'right', 'right']],
    ['état états', 'etat', ['état']],
    ['a_b b', 'b', ['b']],
    ['中文 中国', '中', ['中', '中']],
    ['cafe\u0301s cafe\u0301', 'cafe', ['cafe\u0301']],
    ['x𠮷x 𠮷', '𠮷', ['𠮷', '𠮷']],
  ])('as a whole word in %s', (text, query, expected) => {
    expect(found(text, query, { wholeWord: true })).toEqual(expected)
  })

  test('not within one letter, and not without letters', () => {
    expect(found('ß', 's')).toEqual(['ß'])
    expect(found('한', 'ᅡ')).toEqual([])
    expect(found('abc', '')).toEqual([])
    expect(found('abc', '\u0301')).toEqual([])
    expect(found('abc', '\ufffc')).toEqual([])
  })
})

const rich = [
  { insert: 'The ' },
  { insert: 'Act', attributes: { bold: true } },
  { insert: ' and the ac' },
  { insert: { footnote: 'n' } },
  { insert: 't\nAct', attributes: {} },
  { insert: '\n', attributes: { header: 1 } },
]

test('positions are those of the document, over lines, marks and embeds', () => {
  const doc = readDelta(rich)
  const matches = findAll(doc, 'act')
  expect(matches).toEqual([
    { from: 5, to: 8 },
    { from: 23, to: 26 },
  ])
  expect(matches.map(({ from, to }) => doc.textBetween(from, to))).toEqual(['Act', 'Act'])
})

test('all are replaced in one transaction, each with the marks that it had', () => {
  const state = EditorState.create({ doc: readDelta(rich) })
  const tr = replaceMatches(state, findAll(state.doc, 'act'), 'Law')
  const expected = rich.map(op => ({ ...op, insert: typeof op.insert === 'string' ? op.insert.replace('Act', 'Law') : op.insert }))
  expect(tr.doc.toJSON()).toEqual(readDelta(expected).toJSON())
  expect(tr.steps).toHaveLength(2)
})

test('replaced by nothing they go; what is so already is left as it is', () => {
  const state = EditorState.create({ doc: readDelta([{ insert: 'ab' }, { insert: 'c', attributes: { bold: true } }, { insert: ' ABC\n' }]) })
  const matches = findAll(state.doc, 'abc')
  expect(replaceMatches(state, matches, '').doc.textContent).toBe(' ')
  const tr = replaceMatches(state, matches, 'abc')
  expect(tr.steps).toHaveLength(1)
  expect(tr.doc.toJSON()).toEqual(
    readDelta([{ insert: 'ab' }, { insert: 'c', attributes: { bold: true } }, { insert: ' abc\n' }]).toJSON(),
  )
})

test('a replacement is one line without control characters', () => {
  const state = EditorState.create({ doc: readDelta([{ insert: 'a\n' }]) })
  expect(replaceMatches(state, findAll(state.doc, 'a'), 'b\r\n c\u0000\ud800').doc.textContent).toBe('b c\ufffd')
})

test('a long text is searched in a moment', { timeout: 20_000 }, () => {
  const doc = readDelta(Array.from({ length: 400 }, (_, i) => ({ insert: `Paragraph ${i} ${'résumé of words '.repeat(50)}\n` })))
  const before = performance.now()
  expect(findAll(doc, 'resume').length).toBe(20_000)
  expect(performance.now() - before).toBeLessThan(10_000)
})
