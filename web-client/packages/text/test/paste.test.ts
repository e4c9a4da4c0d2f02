// @vitest-environment happy-dom
/// <reference types="vite/client" />
import { DOMParser as SchemaParser, type Node } from 'prosemirror-model'
import { AllSelection, EditorState, TextSelection } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { breakAttributes, runAttributes } from '../src/attributes.ts'
import { cleanPastedHtml, fetchPasteReader, pasteProps, slicePastedText } from '../src/paste.ts'
import { LinearBinding } from '../src/binding.ts'
import { readDelta, readText } from '../src/reading.ts'
import { schema } from '../src/schema.ts'
import googleDocs from './fixtures/paste/google-docs.html?raw'
import libreOffice from './fixtures/paste/libreoffice.html?raw'
import webPage from './fixtures/paste/web-page.html?raw'
import word from './fixtures/paste/word.html?raw'

beforeAll(fetchPasteReader)

function clean(html: string): string {
  let notes = 0
  return cleanPastedHtml(html, () => `note${++notes}`)
}

/** The lines that the schema reads, as `attributes|text`, with marks and embeds spelled out. */
function lines(html: string): string[] {
  const box = document.createElement('div')
  box.innerHTML = clean(html)
  return linesOf(SchemaParser.fromSchema(schema).parse(box, { preserveWhitespace: true }))
}

function linesOf(doc: Node): string[] {
  const said = (attributes: Record<string, unknown>) =>
    Object.entries(attributes)
      .map(([name, value]) => (value === true ? name : `${name}=${String(value)}`))
      .sort()
      .join(',')
  const run = (node: Node) => {
    const marks = said(runAttributes(node.marks))
    const text = node.isText ? node.text : `<${node.type.name} ${JSON.stringify(node.attrs)}>`
    return marks ? `{${marks}:${text}}` : text
  }
  return doc.children.map(block => `${said(breakAttributes(block.attrs))}|${block.children.map(run).join('')}`)
}

test('a text from Word keeps its headings, lists, marks, links and footnotes', () => {
  expect(lines(word)).toEqual([
    'header=1|Freedom of {italic:association}',
    '|{bold:The Associations Act} of March 2024<footnote {"id":"note1","text":"See A/HRC/42/7, para. 5."}> obliges every group to register & report.',
    '|',
    'list=bullet|First point',
    'indent=1,list=bullet|Deeper point',
    'list=ordered|Numbered {link=https://upr.example.org/a?b=1&c=2:point} by {link=mailto:ana@example.org:Ana}',
    'indent=1,list=ordered|Lettered point',
    'align=center|Section 14 shall be repealed<footnote {"id":"note2","text":"Two lines:\\nthis is the second."}>.',
    'direction=rtl|ينبغي لفالدوريا أن تلغي المادة ١٤',
    'blockquote|For two days we wrote names on paper.',
    '|Organisation\tListed as',
    '|Open Door Health\twithheld',
  ])
})

test('a text from LibreOffice keeps its headings, lists, marks and footnotes', () => {
  expect(lines(libreOffice)).toEqual([
    'header=2|Follow-up',
    '|The Ombudsperson received {bold:its own} budget<footnote {"id":"note1","text":"Annual budget law, article 3."}> in {underline:2025} – {strike:not 2024}.',
    '|',
    'list=ordered|Amend section 6',
    'indent=1|by December 2028.',
    'align=justify,indent=1,list=ordered|Submit the report',
    'list=ordered|Publish',
    'lang=fr-FR,list=bullet|Une puce',
    'direction=rtl|اللغة الكارسكية',
    'align=right|On the right, H{script=sub:2}O',
    'align=right|and a second line',
    '|Kept inserted words.',
  ])
})

test('a text from Google Docs keeps its headings, lists, marks and footnotes', () => {
  expect(lines(googleDocs)).toEqual([
    'header=2|Violence against women',
    'align=justify|Of {bold:1,120 associations}, {link=https://example.org/report:403}{italic,strike: were refused}<footnote {"id":"note1","text":"Registry of associations, 2025."}>.',
    '|',
    'list=bullet|Shelter',
    'indent=1,list=bullet|{underline:Oster}',
    'list=checked|Done',
    'direction=rtl|النساء',
    '|E = mc{script=super:2}',
    '|second line',
  ])
})

test('a page from the web loses what could run or load, and no words', () => {
  expect(lines(webPage)).toEqual([
    'header=3|Report of the committee',
    '|A dangerous and a relative link, an {link=https://example.org/:honest} one, {strike:struck} words, {code:code}, and nothing loaded.',
    'blockquote|Quoted.',
    'code-block|line one',
    'code-block|  line two',
    '|loose text',
    '|after a break',
    '|and a paragraph',
    '|tail',
  ])
  expect(clean(webPage)).not.toMatch(/steal|script|tracker|style|onerror/)
})

describe('lists', () => {
  test('by Word Online name their level', () => {
    const item = (level: number, text: string) =>
      `<div class="ListContainerWrapper"><ul class="BulletListStyle1"><li data-aria-level="${level}"><p>${text}</p></li></ul></div>`
    expect(lines(item(1, 'a') + item(2, 'b') + item(1, 'c'))).toEqual([
      'list=bullet|a',
      'indent=1,list=bullet|b',
      'list=bullet|c',
    ])
  })

  test('keep items without words, and nesting of both shapes', () => {
    expect(lines('<ol><li></li><li>a<ul><li>b</li></ul>c</li><ol><li>d</li></ol></ol>')).toEqual([
      'list=ordered|',
      'list=ordered|a',
      'indent=1,list=bullet|b',
      'indent=1|c',
      'indent=1,list=ordered|d',
    ])
  })

  test('that go deeper than a text does stop at the deepest level', () => {
    expect(lines(`${'<ul><li>'.repeat(20)}deep`)).toEqual(['indent=8,list=bullet|deep'])
  })

  test('with boxes to tick keep them', () => {
    expect(lines('<ul><li><input type="checkbox" checked> a</li><li><input type="checkbox">b</li></ul>')).toEqual([
      'list=checked|a',
      'list=unchecked|b',
    ])
  })

  test('the number of a heading of Word stays, as headings have none here', () => {
    const heading = "<h2 style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>II.<span>&nbsp; </span></span>Follow-up</h2>"
    expect(lines(heading)).toEqual(['header=2|II. Follow-up'])
  })
})

describe('footnotes', () => {
  test('of our own exports and of pandoc come back', () => {
    const html =
      '<p>a<sup><a href="#fn1" id="fnref1" role="doc-noteref">1</a></sup> b<a href="#fn1">1</a></p>' +
      '<section role="doc-endnotes"><ol><li id="fn1"><p>One <b>two</b>.</p><p>Three <a href="#fnref1">↩︎</a></p></li></ol></section>'
    expect(lines(html)[0]).toMatch(/^\|a<footnote \{"id":"note1","text":"One two.\\nThree"\}> b/)
    expect(lines(html)).toHaveLength(1)
  })

  test('whose notes were not copied stay as their numbers', () => {
    expect(lines('<p>a<a href="#_ftn1" name="_ftnref1">[1]</a></p>')).toEqual(['|a[1]'])
  })

  test('that follow each other without containers are told apart', () => {
    const html =
      '<div><p>a<a name="r1" href="#n1">[1]</a> b<a name="r2" href="#n2">[2]</a></p>' +
      '<p><a name="n1" href="#r1">[1]</a> One.</p><p><a name="n2" href="#r2">[2]</a> Two.</p></div>'
    expect(lines(html)).toEqual([
      '|a<footnote {"id":"note1","text":"One."}> b<footnote {"id":"note2","text":"Two."}>',
    ])
  })

  test('are not seen in a table of contents', () => {
    const html = '<p><a id="t1" href="#s1">Introduction</a></p><h2 id="s1"><a href="#t1">Introduction</a></h2><p>Text</p>'
    expect(lines(html)).toEqual(['|Introduction', 'header=2|Introduction', '|Text'])
  })

  test('are numbers and paragraphs where there can be none', () => {
    const html = '<p>a<a name="r1" href="#n1">[1]</a></p><p><a name="n1" href="#r1">[1]</a> One.</p>'
    const box = document.createElement('div')
    box.innerHTML = cleanPastedHtml(html, null)
    expect(Array.from(box.children, line => line.textContent)).toEqual(['a[1]', '[1] One.'])
    expect(cleanPastedHtml('<p data-pm-slice="1 1 []">a<sup data-footnote="n7"></sup>b</p>', null)).not.toContain('n7')
  })

  test('get an id of their own each time', () => {
    const html = '<p>a<a name="r1" href="#n1">[1]</a></p><p><a name="n1" href="#r1">[1]</a> One.</p>'
    const id = (text: string) => /data-footnote="([^"]+)"/.exec(text)?.[1]
    expect(id(cleanPastedHtml(html))).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(id(cleanPastedHtml(html))).not.toBe(id(cleanPastedHtml(html)))
  })
})

describe('direction and alignment', () => {
  test.each([
    ['<p dir="ltr">Latin</p>', '|Latin'],
    ['<p dir="ltr">العربية</p>', 'direction=ltr|العربية'],
    ['<p dir="rtl" style="text-align:left">العربية</p>', 'align=left,direction=rtl|العربية'],
    ['<p style="text-align:end">Latin</p>', 'align=right|Latin'],
    ['<p style="text-align:end">العربية</p>', 'align=left|العربية'],
    ['<div dir="rtl"><p>العربية</p><p dir="auto">Latin</p></div>', 'direction=rtl|العربية'],
    ['<center>Title</center>', 'align=center|Title'],
  ])('of %s are kept where they say something', (html, expected) => {
    expect(lines(html)[0]).toBe(expected)
  })
})

describe('what this editor copied', () => {
  const copied =
    '<html><body>\n<!--StartFragment--><p dir="auto" data-list="ordered" data-indent="2" lang="fr" data-other="{&quot;x&quot;:1}" data-pm-slice="1 1 []">two  spaces ' +
    '<sup data-footnote="n7" data-text="Said."></sup><span data-bracket="Norrland">may</span><span data-attributes="{&quot;colour&quot;:2}">kept</span>' +
    '<span data-table="t1"></span><span data-locked="{&quot;poll&quot;:3}"></span></p><h2 dir="auto"></h2><!--EndFragment-->\n</body></html>'

  test('comes back as it was', () => {
    expect(lines(copied)).toEqual([
      'indent=2,lang=fr,list=ordered,x=1|two  spaces <footnote {"id":"n7","text":"Said."}>{bracket=Norrland:may}{colour=2:kept}<table {"id":"t1"}><locked {"embed":{"poll":3},"shared":null}>',
      'header=2|',
    ])
  })

  test('is not believed beyond measure', () => {
    const deep = '['.repeat(50) + ']'.repeat(50)
    const box = (json: string) => `<p data-pm-slice="1 1 []">a<span data-locked='${json}'></span><span data-attributes='${json}'>b</span></p>`
    expect(lines(box(deep))).toEqual(['|ab'])
    expect(lines(box(`"${'x'.repeat(5000)}"`))).toEqual(['|ab'])
    expect(clean('<p data-pm-slice="9 9 [&quot;doc&quot;,{}]">a</p>')).toContain('data-pm-slice="1 1 []"')
  })
})

describe('what is hostile or very much', () => {
  test.each([
    ['a script in an image', '<img src=x onerror=alert(1)>a', 'a'],
    ['a script in a link', '<a href="java&#10;script:alert(1)">a</a>', 'a'],
    ['a page in a link', '<a href="data:text/html,<script>alert(1)</script>">a</a>', 'a'],
    ['HTML that changes when it is read again', '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">', ''],
    ['a character that cannot be stored', '<p>a\u0000\u0007b \ud800c</p>', 'ab \ufffdc'],
    ['an endless address', `<a href="https://example.org/${'x'.repeat(5000)}">a</a>`, 'a'],
    ['what is not shown', '<template><p>a</p></template><noscript><p>b</p></noscript>c', 'c'],
    ['a script', '<b><script>alert(1)</script>a</b>', 'a'],
  ])('%s is harmless', (_, html, text) => {
    const cleaned = clean(html)
    expect(cleaned).not.toMatch(/<(script|img|style|iframe|svg|math)|on\w+=|javascript:|data:text/i)
    const box = document.createElement('div')
    box.innerHTML = cleaned
    expect(box.textContent).toBe(text)
  })

  // happy-dom takes most of this; a megabyte takes Chromium 0.4 s.
  test('a long text is read in time that grows with its length alone', { timeout: 60_000 }, () => {
    const paragraph = "<p class=MsoNormal style='margin:0cm'><span lang=EN-US style='font-size:11.0pt'>word <b>bold</b> words</span></p>"
    const time = (count: number) => {
      const before = performance.now()
      expect(clean(paragraph.repeat(count)).match(/<p /g)).toHaveLength(count)
      return performance.now() - before
    }
    time(200)
    const short = time(500)
    expect(time(4000)).toBeLessThan(short * 8 * 5 + 1000)
  })

  test('ten thousand elements in each other are no trouble', { timeout: 60_000 }, () => {
    expect(lines(`${'<div><b>'.repeat(5000)}deep`)).toEqual(['|{bold:deep}'])
  })

  test('many links that point at each other take time that grows with their number alone', { timeout: 60_000 }, () => {
    const time = (count: number) => {
      const links = Array.from({ length: count }, (_, i) => `<p><a id="a${i}" href="#b${i}">1</a><a id="b${i}" href="#a${i}">1</a></p>`)
      const before = performance.now()
      clean(links.join(''))
      return performance.now() - before
    }
    time(200)
    const few = time(500)
    expect(time(3000)).toBeLessThan(few * 6 * 4 + 1000)
  })
})

describe('in an editor', () => {
  function editor(text: string, at: number) {
    const doc = readDelta([{ insert: `${text}\n` }])
    const state = EditorState.create({ doc, selection: TextSelection.create(doc, at) })
    return new EditorView(document.createElement('div'), { state, ...pasteProps() })
  }

  test('words of a line go into the line', () => {
    const view = editor('one two', 5)
    view.pasteHTML('<meta charset="utf-8"><b>really</b> ')
    expect(linesOf(view.state.doc)).toEqual(['|one {bold:really} two'])
    view.pasteHTML('<html><body>\r\n<!--StartFragment--><i>and</i><!--EndFragment-->\r\n</body></html>')
    view.pasteHTML('<span> truly </span>')
    expect(linesOf(view.state.doc)).toEqual(['|one {bold:really} {italic:and} truly two'])
  })

  test('a paragraph goes into the line, several ones part it', () => {
    const view = editor('one two', 5)
    view.pasteHTML('<p>really</p>')
    expect(linesOf(view.state.doc)).toEqual(['|one reallytwo'])
    view.pasteHTML('<p>a</p><ul><li>b</li></ul><p>c </p>')
    expect(linesOf(view.state.doc)).toEqual(['|one reallya', 'list=bullet|b', '|ctwo'])
  })

  test('words pasted into an empty item leave it an item', () => {
    const doc = readDelta([{ insert: '\n', attributes: { list: 'bullet' } }])
    const view = new EditorView(document.createElement('div'), { state: EditorState.create({ doc }), ...pasteProps() })
    view.pasteHTML('<p class=MsoNormal>words</p>')
    expect(linesOf(view.state.doc)).toEqual(['list=bullet|words'])
  })

  test('a heading pasted into an empty line stays a heading', () => {
    const view = editor('', 1)
    view.pasteHTML('<h2>Title</h2>')
    expect(linesOf(view.state.doc)).toEqual(['header=2|Title'])
  })

  test('a footnote that is copied takes its text along, and gets an id of its own in another document', () => {
    const bound = (doc: Y.Doc) => {
      const notes = doc.getMap('notes') as Y.Map<Y.Text>
      const binding = new LinearBinding({ text: doc.getText('body'), notes, check: true })
      const state = EditorState.create({ doc: readText(doc.getText('body')), plugins: [binding.plugin()] })
      const view = new EditorView(document.createElement('div'), { state, ...pasteProps() })
      return { view, notes }
    }
    const from = new Y.Doc()
    from.getText('body').applyDelta([{ insert: 'a' }, { insert: { footnote: 'n1' } }, { insert: '\n' }])
    from.getMap('notes').set('n1', new Y.Text('Said.\n'))
    const there = bound(from)
    there.view.dispatch(there.view.state.tr.setSelection(new AllSelection(there.view.state.doc)))
    const { dom } = there.view.serializeForClipboard(there.view.state.selection.content())

    const here = bound(new Y.Doc())
    here.view.pasteHTML(dom.innerHTML)
    const [id] = [...here.notes.keys()]
    expect(id).not.toBe('n1')
    expect(here.notes.get(id as string)?.toString()).toBe('Said.')
    expect(linesOf(here.view.state.doc)).toEqual([`|a<footnote {"id":"${id}","text":null}>`])

    // In the document that has the note, it is the same one.
    there.view.dispatch(there.view.state.tr.setSelection(TextSelection.atEnd(there.view.state.doc)))
    there.view.pasteHTML(dom.innerHTML)
    expect([...there.notes.keys()]).toEqual(['n1'])
    const line = '|a<footnote {"id":"n1","text":null}>'
    expect(linesOf(there.view.state.doc)).toEqual([line, line])
    for (const { view } of [here, there]) view.destroy()
  })

  test('plain text comes by its lines', () => {
    const view = editor('one two', 5)
    view.pasteText('a\r\nb\n\n<b>c</b>\u2028d ')
    expect(linesOf(view.state.doc)).toEqual(['|one a', '|b', '|<b>c</b>', '|d two'])
    expect(slicePastedText('').size).toBe(0)
  })
})

describe('while nobody is there yet to read HTML', () => {
  /** An editor in a page that has fetched nothing, with a reader that comes, or does not, when it is told to. */
  async function freshEditor(reader: () => Promise<object>) {
    vi.resetModules()
    vi.doMock('../src/paste/reader.ts', reader)
    const { pasteProps: props } = await import('../src/paste.ts')
    const { readDelta: read } = await import('../src/reading.ts')
    const { EditorState: State, TextSelection: Selection } = await import('prosemirror-state')
    const { EditorView: View } = await import('prosemirror-view')
    const doc = read([{ insert: 'one two\n' }])
    const state = State.create({ doc, selection: Selection.create(doc, 5) })
    return new View(document.createElement('div'), { state, ...props() })
  }

  test('what is pasted waits for it', async () => {
    let come = (): void => {}
    const coming = new Promise<void>(resolve => (come = resolve))
    const view = await freshEditor(async () => {
      await coming
      return vi.importActual<object>('../src/paste/reader.ts')
    })
    view.pasteHTML('<p>a</p><ul><li><b>b</b></li></ul><p>c </p>')
    expect(linesOf(view.state.doc)).toEqual(['|one two'])
    come()
    await vi.waitFor(() => expect(linesOf(view.state.doc)).toEqual(['|one a', 'list=bullet|{bold:b}', '|ctwo']))
    // From now on at once.
    view.pasteHTML('<i>d</i>')
    expect(linesOf(view.state.doc)).toEqual(['|one a', 'list=bullet|{bold:b}', '|c{italic:d}two'])
  })

  test('where it cannot be had, the words are there', async () => {
    const view = await freshEditor(() => Promise.reject(new Error('no network')))
    view.pasteHTML('<style>p {}</style><p>a <b>b</b></p><script>c()</script><ul><li>d</li><li>e </li></ul>')
    await vi.waitFor(() => expect(linesOf(view.state.doc)).toEqual(['|one a b', '|d', '|etwo']))
  })

  test('plain text needs nobody', async () => {
    const view = await freshEditor(() => Promise.reject(new Error('not asked for')))
    view.pasteText('a\nb')
    expect(linesOf(view.state.doc)).toEqual(['|one a', '|btwo'])
  })
})
