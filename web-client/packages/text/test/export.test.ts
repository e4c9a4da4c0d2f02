// @vitest-environment happy-dom
import fc from 'fast-check'
import { DOMParser as SchemaParser, type Node } from 'prosemirror-model'
import { beforeAll, describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { Delta } from '../src/delta.ts'
import { toDelta, toHtml, toText } from '../src/export.ts'
import { lineNumbers, numberLabel } from '../src/numbers.ts'
import { cleanPastedHtml, fetchPasteReader } from '../src/paste.ts'
import { readDelta, readText } from '../src/reading.ts'
import { schema } from '../src/schema.ts'

beforeAll(fetchPasteReader)

function docOf(body: Delta, notes: Record<string, string> = {}): Y.Doc {
  const doc = new Y.Doc()
  doc.getText('body').applyDelta(body as never)
  for (const [id, note] of Object.entries(notes)) doc.getMap('notes').set(id, new Y.Text(note))
  return doc
}

const line = (text: string, attributes?: Record<string, unknown>) => [
  { insert: text },
  { insert: '\n', ...(attributes ? { attributes } : {}) },
]

/** What a paste of our own export is. */
function pasted(html: string): Node {
  let notes = 0
  const box = document.createElement('div')
  // As a page has it, so that it is read as HTML of another program.
  box.innerHTML = cleanPastedHtml(html, () => `n${++notes}`)
  return SchemaParser.fromSchema(schema).parse(box, { preserveWhitespace: true })
}

const rich: Delta = [
  ...line('Title', { header: 1 }),
  { insert: 'Some ' },
  { insert: 'bold & <wild>', attributes: { bold: true, italic: true } },
  { insert: ' words', attributes: { underline: true, strike: true } },
  { insert: { footnote: 'n1' } },
  { insert: ' and a ' },
  { insert: 'link', attributes: { link: 'https://example.org/?a=1&b="2"' } },
  { insert: ' H' },
  { insert: '2', attributes: { script: 'sub' } },
  { insert: 'O ' },
  { insert: 'shall', attributes: { bracket: 'Norrland' } },
  { insert: ' do', attributes: { bracket: 'Norrland', bold: true } },
  { insert: ' code', attributes: { code: true } },
  { insert: '\n', attributes: { align: 'justify', lang: 'en' } },
  ...line('one', { list: 'ordered' }),
  ...line('one a', { list: 'ordered', indent: 1 }),
  ...line('goes on', { indent: 2 }),
  ...line('one b', { list: 'ordered', indent: 1 }),
  ...line('two', { list: 'ordered' }),
  ...line('between'),
  ...line('three', { list: 'ordered' }),
  ...line('•', { list: 'bullet' }),
  ...line('deep', { list: 'bullet', indent: 3 }),
  ...line('done', { list: 'checked' }),
  ...line('open', { list: 'unchecked' }),
  ...line('', {}),
  ...line('quoted', { blockquote: true }),
  ...line('and again', { blockquote: true }),
  ...line('let x = 1', { 'code-block': 'js' }),
  ...line('  if (x < 2)', { 'code-block': 'js' }),
  ...line('indented', { indent: 2 }),
  ...line('ينبغي لفالدوريا', { direction: 'rtl', align: 'left' }),
  { insert: 'again' },
  { insert: { footnote: 'n2' } },
  { insert: { footnote: 'n1' } },
  { insert: '\n' },
]
const notes = { n1: 'See A/HRC/42/7.\nAnd more.', n2: 'Second.' }

describe('HTML', () => {
  test('says what the text says, in the elements that are made for it', () => {
    expect(toHtml(docOf(rich, notes), { numbering: 'through' })).toMatchInlineSnapshot(`
      "<h1 dir="auto">Title</h1>
      <p dir="auto" lang="en" style="text-align: justify">Some <strong><em>bold &amp; &lt;wild&gt;</em></strong><u><s> words</s></u><sup><a href="#note-1" id="ref-1" role="doc-noteref">1</a></sup> and a <a href="https://example.org/?a=1&amp;b=&quot;2&quot;" rel="noopener noreferrer">link</a> H<sub>2</sub>O <span data-bracket="Norrland" title="Norrland"><span class="bracket-sign">[</span>shall<strong> do</strong><span class="bracket-sign">]</span></span><code> code</code></p>
      <ol>
      <li dir="auto">one
      <ol type="a">
      <li dir="auto">one a
      <p dir="auto">goes on</p>
      </li>
      <li dir="auto">one b
      </li>
      </ol>
      </li>
      <li dir="auto">two
      </li>
      </ol>
      <p dir="auto">between</p>
      <ol start="3">
      <li dir="auto">three
      </li>
      </ol>
      <ul>
      <li dir="auto">•
      <ul style="list-style-type: none">
      <li>
      <ul style="list-style-type: none">
      <li>
      <ul>
      <li dir="auto">deep
      </li>
      </ul>
      </li>
      </ul>
      </li>
      </ul>
      </li>
      <li dir="auto"><input type="checkbox" disabled checked> done
      </li>
      <li dir="auto"><input type="checkbox" disabled> open
      </li>
      </ul>
      <p dir="auto"><br></p>
      <blockquote>
      <p dir="auto">quoted</p>
      <p dir="auto">and again</p>
      </blockquote>
      <pre class="language-js" dir="auto">let x = 1
        if (x &lt; 2)
      </pre>
      <p dir="auto" style="margin-inline-start: 4em">indented</p>
      <p dir="rtl" style="text-align: left">ينبغي لفالدوريا</p>
      <p dir="auto">again<sup><a href="#note-2" id="ref-2" role="doc-noteref">2</a></sup><sup><a href="#note-1" role="doc-noteref">1</a></sup></p>
      <section role="doc-endnotes">
      <ol>
      <li id="note-1"><p dir="auto">See A/HRC/42/7.</p>
      <p dir="auto">And more. <a href="#ref-1" role="doc-backlink">↩</a></p></li>
      <li id="note-2"><p dir="auto">Second. <a href="#ref-2" role="doc-backlink">↩</a></p></li>
      </ol>
      </section>"
    `)
  })

  test('comes back the same when it is pasted', () => {
    const before = readDelta(rich)
    const after = pasted(toHtml(docOf(rich, notes)))
    // The notes come with their text, to be made anew.
    const withNotes = { n1: notes.n1, n2: notes.n2 }
    const expected = (node: Node): unknown => {
      const json = node.toJSON() as { attrs: { id: 'n1' | 'n2'; text: string } }
      return node.type.name === 'footnote' ? { ...json, attrs: { ...json.attrs, text: withNotes[json.attrs.id] } } : json
    }
    const said = (doc: Node, each: (node: Node) => unknown) =>
      doc.children.map(block => ({ attrs: block.attrs, content: block.children.map(each) }))
    expect(said(after, node => node.toJSON())).toEqual(said(before, expected))
  })

  test('of any text comes back the same when it is pasted', { timeout: 60_000 }, () => {
    const words = fc.stringMatching(/^[a-zA-Z&<>"'ا-ي]{1,8}( [a-z]{1,5})?$/)
    const marks = fc.record(
      {
        bold: fc.constant(true),
        italic: fc.constant(true),
        strike: fc.constant(true),
        link: fc.constantFrom('https://a.example/', 'mailto:b@c.example'),
        script: fc.constantFrom('super', 'sub'),
        bracket: fc.constantFrom('A', '"B"'),
      },
      { requiredKeys: [] },
    )
    const run = fc.record({ insert: words, attributes: marks })
    const indent = fc.integer({ min: 1, max: 8 })
    const kinds = [
      fc.record({ list: fc.constantFrom('bullet', 'ordered', 'checked', 'unchecked'), indent }, { requiredKeys: ['list'] }),
      fc.record({ header: fc.integer({ min: 1, max: 6 }), indent }, { requiredKeys: ['header'] }),
      fc.record({ 'code-block': fc.constantFrom('rust', true), indent }, { requiredKeys: ['code-block'] }),
      fc.record({ blockquote: fc.constant(true) }),
      fc.record({ indent, direction: fc.constant('rtl'), align: fc.constantFrom('center', 'justify') }, { requiredKeys: [] }),
    ]
    const attributes = fc.oneof(...(kinds as unknown as fc.Arbitrary<Record<string, unknown>>[]))
    const anyLine = fc.tuple(fc.array(run, { maxLength: 3 }), attributes)
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 12 }), lines => {
        const delta = lines.flatMap(([runs, attrs]) => [...runs, { insert: '\n', attributes: attrs }])
        const after = pasted(toHtml(docOf(delta)))
        expect(after.toJSON()).toEqual(readText(docOf(delta).getText('body')).toJSON())
      }),
      { numRuns: 60 },
    )
  })

  test('runs nothing and links to pages alone', () => {
    const html = toHtml(
      docOf([
        { insert: '<img src=x onerror=alert(1)>', attributes: { link: 'javascript:alert(1)' } },
        { insert: 'x', attributes: { bracket: '"><script>alert(1)</script>' } },
        { insert: '\n', attributes: { lang: '"><script>', 'code-block': '"><script>' } },
        { insert: { table: 't' } },
        { insert: { poll: '<script>' } },
        { insert: '\n' },
      ]),
    )
    expect(html).not.toMatch(/<script|<img|href/)
  })

  test('has tables where they stand', () => {
    const doc = docOf([{ insert: 'before\n' }, { insert: { table: 't1' } }, { insert: '\n' }, ...line('after')])
    const table = new Y.Map<unknown>()
    doc.getMap('tables').set('t1', table)
    const cells = new Y.Map<unknown>()
    table.set('rows', Y.Array.from(['r1', 'r2']))
    table.set('columns', Y.Array.from(['c1', 'c2']))
    table.set('header_rows', 1)
    table.set('cells', cells)
    for (const [key, text] of [['r1/c1', 'Group'], ['r1/c2', 'Place'], ['r2/c1', 'a <b>']] as const) cells.set(key, new Y.Text(text))
    expect(toHtml(doc)).toBe(
      [
        '<p dir="auto">before</p>',
        '<table>',
        '<thead>',
        '<tr><th scope="col"><p dir="auto">Group</p></th><th scope="col"><p dir="auto">Place</p></th></tr>',
        '</thead>',
        '<tbody>',
        '<tr><td><p dir="auto">a &lt;b&gt;</p></td><td></td></tr>',
        '</tbody>',
        '</table>',
        '<p dir="auto">after</p>',
      ].join('\n'),
    )
    expect(toText(doc)).toBe('before\nGroup\tPlace\na <b>\t\nafter\n')
  })
})

test('plain text has numbers, brackets and footnotes', () => {
  expect(toText(docOf(rich, notes), { numbering: 'through' })).toMatchInlineSnapshot(`
    "Title
    Some bold & <wild> words[1] and a link H2O [shall do] code
    1. one
      (a) one a
        goes on
      (b) one b
    2. two
    between
    3. three
    • •
          • deep
    ☑ done
    ☐ open

    quoted
    and again
    let x = 1
      if (x < 2)
        indented
    ينبغي لفالدوريا
    again[2][1]

    [1] See A/HRC/42/7.
    And more.
    [2] Second.
    "
  `)
})

describe('a delta', () => {
  test('is the body as it is', () => {
    const doc = docOf(rich)
    expect(toDelta(doc)).toEqual(doc.getText('body').toDelta())
    expect(toDelta(docOf(toDelta(doc)))).toEqual(toDelta(doc))
  })

  test('always ends with a line break', () => {
    expect(toDelta(docOf([{ insert: 'a' }]))).toEqual([{ insert: 'a' }, { insert: '\n' }])
    expect(toDelta(docOf([]))).toEqual([{ insert: '\n' }])
    expect(toDelta(docOf([{ insert: { footnote: 'n' } }]))).toEqual([{ insert: { footnote: 'n' } }, { insert: '\n' }])
  })

  test('says a shared type that stands in the text as what it is', () => {
    const doc = new Y.Doc()
    doc.getText('body').insertEmbed(0, new Y.Map([['a', 1]]))
    expect(JSON.parse(JSON.stringify(toDelta(doc)))).toEqual([{ insert: { shared: { a: 1 } } }, { insert: '\n' }])
  })
})

describe('numbers', () => {
  const numbered = (delta: Delta, numbering: 'parted' | 'through') => lineNumbers(readDelta(delta).children, numbering)
  const item = (indent: number, list = 'ordered') => line('x', indent ? { list, indent } : { list })

  test('start anew under each item, and after what parts two lists unless they go through', () => {
    const delta = [item(0), item(1), item(1), item(0), item(1), line('p'), item(0), item(1), item(2), item(0, 'bullet'), item(0), item(1)].flat()
    expect(numbered(delta, 'parted')).toEqual([1, 1, 2, 2, 1, null, 1, 1, 1, null, 2, 1])
    expect(numbered(delta, 'through')).toEqual([1, 1, 2, 2, 1, null, 3, 1, 1, null, 4, 1])
  })

  test('go on after an indented paragraph of the item', () => {
    const delta = [item(0), line('p', { indent: 1 }), item(0), item(1), line('p', { indent: 2 }), item(1), line('p', { indent: 1 }), item(1)]
    expect(numbered(delta.flat(), 'parted')).toEqual([1, null, 2, 1, null, 2, null, 1])
  })

  test('are shown by their level', () => {
    const labels = [0, 1, 2, 3, 4].map(level => numberLabel(29, level))
    expect(labels).toEqual(['29.', '(ac)', '(xxix)', '(29)', '(ac)'])
    expect([1, 26, 27, 52, 53, 702, 703].map(count => numberLabel(count, 1))).toEqual(
      ['a', 'z', 'aa', 'az', 'ba', 'zz', 'aaa'].map(text => `(${text})`),
    )
    expect([4, 9, 14, 49, 1994, 4000].map(count => numberLabel(count, 2))).toEqual(
      ['iv', 'ix', 'xiv', 'xlix', 'mcmxciv', '4000'].map(text => `(${text})`),
    )
  })
})
