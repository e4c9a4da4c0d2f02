// A joint submission as linear text, from the fixture, as long as wished.

import * as Y from 'yjs'
import source from '../../../../tests/fixtures/sample-submission.md?raw'

type Delta = { insert: string | object; attributes?: object }[]

/** Fills `doc` with the fixture, its sections repeated until there are about `words` words. */
export function fillSample(doc: Y.Doc, words: number): void {
  const body = source.slice(source.indexOf('\n# ') + 1)
  const chapters = body.split(/\n(?=## )/)
  const text = chapters.filter(chapter => !chapter.startsWith('[^')).join('\n')
  const once = text.split(/\s+/).length
  const lines = text.split('\n')
  const again = lines.slice(lines.findIndex(line => line.startsWith('## I. ')))
  const all = words < once ? beginning(lines, words) : [...lines]
  for (let total = once; total < words; total += again.join(' ').split(/\s+/).length) all.push(...again)
  const notes = new Map([...source.matchAll(/^\[\^(\d+)\]: (.*)$/gm)].map(([, id, note]) => [id, note]))
  const delta: Delta = []
  doc.transact(() => {
    let table: string[][] = []
    for (const line of all) {
      if (line.startsWith('|')) {
        table.push(line.split('|').slice(1, -1).map(cell => cell.trim()))
        continue
      }
      if (table.length > 0) addTable(doc, delta, table)
      table = []
      if (line.trim() === '' || line.startsWith('[^')) continue
      const [, marker = '', rest = ''] = /^(#+ |\d+\. |> |- )?(.*)$/.exec(line) ?? []
      for (const run of inline(rest)) {
        const note = /^\[\^(\d+)\]$/.exec(run.text)?.[1]
        if (note === undefined) delta.push({ insert: run.text, ...(run.attributes ? { attributes: run.attributes } : {}) })
        else {
          const id = `n${note}`
          if (!doc.getMap('notes').has(id)) doc.getMap('notes').set(id, new Y.Text(`${notes.get(note) ?? ''}\n`))
          delta.push({ insert: { footnote: id } })
        }
      }
      delta.push({ insert: '\n', attributes: kind(marker) })
    }
    doc.getText('body').applyDelta(delta, { sanitize: false })
  })
}

function beginning(lines: string[], words: number): string[] {
  let total = 0
  return lines.filter(line => (total += line.split(/\s+/).length) <= words)
}

function kind(marker: string): object {
  if (marker.startsWith('#')) return { header: marker.trim().length }
  if (marker.startsWith('>')) return { blockquote: true }
  if (marker.startsWith('-')) return { list: 'bullet' }
  return marker === '' ? {} : { list: 'ordered' }
}

function* inline(text: string): Generator<{ text: string; attributes?: object }> {
  for (const part of text.split(/(\*\*[^*]+\*\*|\*[^*]+\*|\[\^\d+\])/)) {
    if (part.startsWith('**')) yield { text: part.slice(2, -2), attributes: { bold: true } }
    else if (part.startsWith('*')) yield { text: part.slice(1, -1), attributes: { italic: true } }
    else if (part !== '') yield { text: part }
  }
}

function addTable(doc: Y.Doc, delta: Delta, rows: string[][]): void {
  const id = `t${doc.getMap('tables').size + 1}`
  const lines = rows.filter(row => !row.every(cell => /^:?-+:?$/.test(cell)))
  const table = new Y.Map<unknown>()
  doc.getMap('tables').set(id, table)
  const rowIds = lines.map((_, i) => `r${i + 1}`)
  const columnIds = (lines[0] ?? []).map((_, i) => `c${i + 1}`)
  table.set('rows', Y.Array.from(rowIds))
  table.set('columns', Y.Array.from(columnIds))
  table.set('header_rows', 1)
  const cells = new Y.Map<Y.Text>()
  table.set('cells', cells)
  lines.forEach((row, r) => row.forEach((cell, c) => cells.set(`${rowIds[r]}/${columnIds[c]}`, new Y.Text(`${cell}\n`))))
  delta.push({ insert: { table: id } }, { insert: '\n' })
}
