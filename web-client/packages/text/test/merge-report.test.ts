import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { beginMerge, cancelMerge, type MergePlace, type MergeReport, mergeReport } from '../src/merge-report.ts'

/** A text on the server, and two people who have it. What `ana` writes is pending until they meet. */
function apart(...lines: string[]) {
  const server = new Y.Doc()
  server.clientID = 1
  server.getText('body').insert(0, `${lines.join('\n')}\n`)
  const [ana, ben] = [copyOf(server, 10), copyOf(server, 20)]
  const acknowledged = Y.encodeSnapshot(Y.snapshot(ana))
  return {
    ana,
    ben,
    acknowledged,
    /** Applies what Ben wrote at Ana's, whose report this is. */
    meet(meanwhile?: () => void): MergeReport {
      const token = beginMerge(ana, acknowledged)
      meanwhile?.()
      Y.applyUpdate(ana, Y.encodeStateAsUpdate(ben))
      return mergeReport(token)
    },
  }
}

function copyOf(doc: Y.Doc, clientID: number): Y.Doc {
  const copy = new Y.Doc()
  copy.clientID = clientID
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return copy
}

const body = (doc: Y.Doc) => doc.getText('body')
const textOf = (doc: Y.Doc) => body(doc).toString()

function type(doc: Y.Doc, before: string, text: string) {
  body(doc).insert(textOf(doc).indexOf(before), text)
}

function remove(doc: Y.Doc, text: string) {
  const at = textOf(doc).indexOf(text)
  if (at < 0) throw new Error(`no ${text}`)
  body(doc).delete(at, text.length)
}

/** What the place covers now. */
function at(doc: Y.Doc, place: MergePlace | null | undefined): string | null {
  if (!place) return null
  const text = place.note === null ? body(doc) : (doc.getMap('notes').get(place.note) as Y.Text)
  const [start, end] = [place.start, place.end].map(
    anchor => Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(anchor), doc)?.index,
  )
  return text.toString().slice(start, end)
}

/** Each item in short: kind, text before, own words with what is there now. */
const told = (doc: Y.Doc, report: MergeReport) =>
  report.items.map(({ kind, before, words }) => ({ kind, before, words: words.map(({ text, now }) => [text, at(doc, now)]) }))

describe('nothing is told', () => {
  test('when nobody wrote meanwhile', () => {
    const { ana, meet } = apart('one two', 'three four')
    type(ana, 'two', 'promptly ')
    expect(meet().items).toEqual([])
  })

  test('when others wrote in the same paragraph', () => {
    const { ana, ben, meet } = apart('one two', 'three four')
    type(ana, 'two', 'promptly ')
    type(ben, 'two', 'and ')
    remove(ben, 'one ')
    expect(meet().items).toEqual([])
    expect(textOf(ana)).toContain('promptly')
  })

  test('when others split the paragraph, joined it or made it a heading', () => {
    const { ana, ben, meet } = apart('one two', 'three four', 'five six')
    type(ana, 'two', 'promptly ')
    type(ana, 'four', 'fully ')
    type(ana, 'six', 'surely ')
    type(ben, ' two', '\n')
    remove(ben, '\nthree')
    type(ben, 'five', 'three')
    body(ben).format(body(ben).length - 1, 1, { header: 2 })
    expect(meet().items).toEqual([])
  })

  test('when I wrote a paragraph of my own and its neighbours went', () => {
    const { ana, ben, meet } = apart('one two', 'three four', 'five six')
    type(ana, 'three', 'a new paragraph\n')
    remove(ben, 'one two\n')
    remove(ben, 'three four\n')
    expect(meet().items).toEqual([])
    expect(textOf(ana)).toBe('a new paragraph\nfive six\n')
  })

  test('when others removed paragraphs that I had not touched', () => {
    const { ana, ben, meet } = apart('one two', 'three four', 'five six')
    type(ana, 'two', 'promptly ')
    remove(ben, 'three four\n')
    expect(meet().items).toEqual([])
  })

  test('when I deleted the words myself before the others came in', () => {
    const { ana, ben, meet } = apart('one two', 'three four')
    type(ana, 'two', 'promptly ')
    type(ben, 'four', 'or ')
    expect(meet(() => remove(ana, 'one promptly two\n')).items).toEqual([])
  })

  test('when I split the paragraph myself before the others came in', () => {
    const { ana, ben, meet } = apart('one two', 'three four')
    type(ana, '\nthree', ' promptly')
    type(ben, 'four', 'or ')
    expect(meet(() => type(ana, 'promptly', '\n')).items).toEqual([])
  })

  test('when only spaces and signs of mine were moved', () => {
    const { ana, ben, meet } = apart('one two', '', 'three four')
    body(ana).insert(8, ' – ')
    body(ben).delete(8, 1)
    expect(meet().items).toEqual([])
  })
})

describe('a paragraph that others removed', () => {
  test('is told with my words and where they are now', () => {
    const { ana, ben, meet } = apart('one two', 'three four', 'five six')
    type(ana, 'four', 'promptly ')
    remove(ben, 'three four\n')
    expect(told(ana, meet())).toEqual([
      { kind: 'paragraph-removed', before: 'three promptly four', words: [['promptly', 'promptly ']] },
    ])
    expect(textOf(ana)).toBe('one two\npromptly five six\n')
  })

  test('is told when I had only deleted something in it', () => {
    const { ana, ben, meet } = apart('one two', 'three four', 'five six')
    remove(ana, 'three ')
    remove(ben, 'three four\n')
    expect(told(ana, meet())).toEqual([{ kind: 'paragraph-removed', before: 'four', words: [] }])
  })

  test.each([
    ['its words', (text: Y.Text) => text.format(8, 5, { bold: true })],
    ['its kind', (text: Y.Text) => text.format(18, 1, { header: 2 })],
  ])('is told when I had only changed %s', (_, change) => {
    const { ana, ben, meet } = apart('one two', 'three four', 'five six')
    change(body(ana))
    remove(ben, 'three four\n')
    expect(told(ana, meet())).toEqual([{ kind: 'paragraph-removed', before: 'three four', words: [] }])
  })

  test('is told when its words were replaced and its break was kept', () => {
    const { ana, ben, meet } = apart('one two', 'three four', 'five six')
    type(ana, 'four', 'promptly ')
    remove(ben, 'three four')
    body(ben).insert(8, 'Something else.')
    const report = meet()
    expect(report.items.map(item => item.kind)).toEqual(['paragraph-removed'])
    expect(report.items[0]?.movedTo).toBe(null)
  })

  test('is told with the place where others put it', () => {
    const { ana, ben, meet } = apart('one two', 'three four', 'five six')
    type(ana, 'four', 'promptly ')
    remove(ben, 'three four\n')
    body(ben).insert(0, 'three four\n')
    const report = meet()
    expect(report.items.map(item => item.kind)).toEqual(['paragraph-removed'])
    expect(at(ana, report.items[0]?.movedTo)).toBe('three four')
    expect(at(ana, report.items[0]?.words[0]?.now)).toBe('promptly ')
  })

  test('is not said to be where the same words stood before', () => {
    const { ana, ben, meet } = apart('Recommendations', 'one', 'Recommendations', 'two')
    type(ana, '\ntwo', ' to Valdoria')
    remove(ben, 'one\nRecommendations\n')
    const report = meet()
    expect(report.items.map(item => [item.kind, item.movedTo])).toEqual([['paragraph-removed', null]])
  })
})

describe('words of mine', () => {
  test('written in an empty line that others removed are told', () => {
    const { ana, ben, meet } = apart('one two', '', 'three four')
    body(ana).insert(8, 'promptly')
    body(ben).delete(8, 1)
    expect(told(ana, meet())).toEqual([
      { kind: 'words-moved', before: 'promptly', words: [['promptly', 'promptly']] },
    ])
    expect(textOf(ana)).toBe('one two\npromptlythree four\n')
  })

  test('that came to stand apart from their paragraph are told', () => {
    const { ana, ben, meet } = apart('one two', 'three four')
    body(ana).insert(7, ' promptly')
    // Ben splits the line and removes its second half with the break.
    body(ben).insert(3, '\n')
    remove(ben, ' two\n')
    expect(told(ana, meet())).toEqual([
      { kind: 'words-moved', before: 'one two promptly', words: [['promptly', ' promptly']] },
    ])
    expect(textOf(ana)).toBe('one\n promptlythree four\n')
  })

  test('that others had received and deleted are told with their text', () => {
    const { ana, ben, meet } = apart('one two', 'three four')
    type(ana, 'two', 'promptly and surely ')
    // The server has them, but this device had not heard so before the line broke.
    Y.applyUpdate(ben, Y.encodeStateAsUpdate(ana))
    remove(ben, 'promptly and ')
    expect(told(ana, meet())).toEqual([
      { kind: 'words-removed', before: 'one promptly and surely two', words: [['promptly and surely', 'surely ']] },
    ])
  })

  test('count as mine from this session alone when nothing is known of the server', () => {
    const { ana, ben } = apart('one two', 'three four')
    type(ana, 'two', 'promptly ')
    remove(ben, 'one two\n')
    remove(ben, 'three')
    const token = beginMerge(ana, null)
    Y.applyUpdate(ana, Y.encodeStateAsUpdate(ben))
    expect(told(ana, mergeReport(token))).toEqual([
      { kind: 'paragraph-removed', before: 'one promptly two', words: [['promptly', 'promptly ']] },
    ])
  })
})

describe('a footnote', () => {
  function withNote() {
    const meeting = apart('one two', 'three four')
    const { ana, ben } = meeting
    const server = new Y.Doc()
    server.clientID = 2
    Y.applyUpdate(server, Y.encodeStateAsUpdate(ana))
    server.transact(() => {
      body(server).insertEmbed(3, { footnote: 'n1' })
      const note = new Y.Text('See the report.\n')
      server.getMap('notes').set('n1', note)
    })
    for (const doc of [ana, ben]) Y.applyUpdate(doc, Y.encodeStateAsUpdate(server))
    const acknowledged = Y.encodeSnapshot(Y.snapshot(ana))
    return {
      ana,
      ben,
      meet() {
        const token = beginMerge(ana, acknowledged)
        Y.applyUpdate(ana, Y.encodeStateAsUpdate(ben))
        return mergeReport(token)
      },
      write: () => (ana.getMap('notes').get('n1') as Y.Text).insert(8, 'second '),
    }
  }

  test('in which I wrote and whose reference others removed is told', () => {
    const { ana, ben, meet, write } = withNote()
    write()
    body(ben).delete(0, 9)
    expect(told(ana, meet())).toEqual([
      { kind: 'footnote-removed', before: 'See the second report.', words: [['second', null]] },
    ])
  })

  test('in which I wrote and whose text others removed is told', () => {
    const { ana, ben, meet, write } = withNote()
    write()
    ben.getMap('notes').delete('n1')
    expect(told(ana, meet()).map(item => item.kind)).toEqual(['footnote-removed'])
  })

  test('that moved with its paragraph is not told', () => {
    const { ben, meet, write } = withNote()
    write()
    ben.transact(() => {
      body(ben).delete(0, 9)
      body(ben).insert(0, 'one two\n')
      body(ben).insertEmbed(3, { footnote: 'n1' })
    })
    expect(meet().items).toEqual([])
  })

  test('that I had put into a removed paragraph is told, without words', () => {
    const { ana, ben, meet } = withNote()
    body(ana).insertEmbed(body(ana).length - 1, { footnote: 'n2' })
    remove(ben, 'three four\n')
    expect(told(ana, meet()).map(item => item.kind)).toEqual(['paragraph-removed'])
  })
})

test('a merge that did not come leaves nothing listening', () => {
  const { ana, acknowledged } = apart('one')
  cancelMerge(beginMerge(ana, acknowledged))
  mergeReport(beginMerge(ana, acknowledged))
  expect(ana._observers.get('afterTransaction')?.size ?? 0).toBe(0)
})

test('a long text with many changes is compared in a moment', { timeout: 20_000 }, () => {
  const lines = Array.from({ length: 1500 }, (_, i) => `paragraph ${i} of a text that is long`)
  const { ana, ben, meet } = apart(...lines)
  for (let i = 0; i < 500; i++) type(ana, `of a text`, `changed${i} `)
  body(ben).delete(0, body(ben).length - 1)
  const before = performance.now()
  expect(meet().items.length).toBeGreaterThan(0)
  expect(performance.now() - before).toBeLessThan(10_000)
})
