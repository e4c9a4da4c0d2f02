// What there is in a text: its sections with their words, what stands in brackets, its footnotes.

import type { Node } from 'prosemirror-model'
import { WordSum } from '@plenary/text'
import type { CountedFootnotes, EmbedWords } from '@plenary/text'

/** A heading and what follows it. */
export interface Section {
  /** 1 to 6; 0 for what stands before the first heading. */
  level: number
  title: string
  /** A position in the heading. */
  position: number
  /** With those of the sections below it. */
  words: number
}

/** A stretch of text that is not agreed. */
export interface Bracket {
  text: string
  proposer: string
  position: number
}

export interface Survey {
  words: number
  sections: Section[]
  brackets: Bracket[]
  /** In the order of their numbers. */
  notes: Note[]
}

/** A footnote where the text first points to it: at its number, or at the table that has it. */
export interface Note {
  id: string
  position: number
}

/** Of an empty text. */
export const emptySurvey: Survey = { words: 0, sections: [], brackets: [], notes: [] }

interface Finds {
  brackets: Bracket[]
  /** Footnotes and tables as they come. */
  embeds: { type: 'footnote' | 'table'; id: string; position: number }[]
}

// Blocks never change, they are replaced; so what was found in one stays true. Positions count from its content.
const known = new WeakMap<Node, Finds>()

/** What a block says, with nothing where something else than text stands. */
export const blockText = (block: Node): string => block.textBetween(0, block.content.size)

function findsIn(block: Node): Finds {
  let finds = known.get(block)
  if (!finds) known.set(block, (finds = read(block)))
  return finds
}

function read(block: Node): Finds {
  const finds: Finds = { brackets: [], embeds: [] }
  let open: Bracket | undefined
  // Most lines are nothing but words.
  if (block.childCount === 1 && block.child(0).isText && block.child(0).marks.length === 0) return finds
  block.forEach((node, position) => {
    const type = node.type.name
    if (type === 'footnote' || type === 'table') finds.embeds.push({ type, id: String(node.attrs['id']), position })
    const mark = node.marks.find(mark => mark.type.name === 'bracket')
    if (!mark) {
      open = undefined
      return
    }
    const proposer = String(mark.attrs['proposer'])
    if (open?.proposer !== proposer) finds.brackets.push((open = { text: '', proposer, position }))
    open.text += node.text ?? ''
  })
  return finds
}

/** The footnotes that a text points to, each once. `notesOf`: those in the cells of table `id`. */
export function notesInOrder(doc: Node, notesOf: (table: string) => readonly string[]): Note[] {
  const notes = new Map<string, Note>()
  const add = (id: string, position: number) => {
    if (!notes.has(id)) notes.set(id, { id, position })
  }
  doc.forEach((block, offset) => {
    for (const { type, id, position } of findsIn(block).embeds) {
      const at = offset + 1 + position
      if (type === 'footnote') add(id, at)
      else for (const note of notesOf(id)) add(note, at)
    }
  })
  return [...notes.values()]
}

/** How words are counted: whether footnotes count, and where the words of notes and tables are to be had. */
export interface Counting {
  footnotes: CountedFootnotes
  embeds: EmbedWords | null
}

/** Reads a whole text; of its blocks only those are read anew that changed since the last time. */
export function survey(doc: Node, counting: Counting): Survey {
  const reading = surveying(doc, counting)
  for (;;) {
    const { done, value } = reading.next()
    if (done) return value
  }
}

/** The same, a block at a time. */
export function* surveying(doc: Node, { footnotes, embeds }: Counting): Generator<void, Survey> {
  const all = new WordSum(embeds)
  const beginning = { level: 0, title: '', position: 1, words: 0 }
  const sections: Section[] = [beginning]
  const brackets: Bracket[] = []
  // The sections that what comes next belongs to, from the highest rank down.
  let open = [{ section: beginning as Section, sum: new WordSum(embeds) }]
  const end = ({ section, sum }: (typeof open)[number]) => (section.words = sum.total(footnotes))
  let offset = 0
  for (const block of doc.children) {
    const position = offset + 1
    const level = block.attrs['header'] as number | null
    const title = level === null ? '' : blockText(block).trim()
    if (level !== null && title !== '') {
      const goesOn = (other: Section) => other.level > 0 && other.level < level
      open.filter(({ section }) => !goesOn(section)).forEach(end)
      open = open.filter(({ section }) => goesOn(section))
      const section = { level, title, position, words: 0 }
      sections.push(section)
      open.push({ section, sum: new WordSum(embeds) })
    }
    all.add(block)
    for (const { sum } of open) sum.add(block)
    for (const bracket of findsIn(block).brackets) brackets.push({ ...bracket, position: position + bracket.position })
    offset += block.nodeSize
    yield
  }
  open.forEach(end)
  const notes = notesInOrder(doc, table => embeds?.table(table).notes ?? [])
  return { words: all.total(footnotes), sections, brackets, notes }
}

/** Whether two surveys say the same, wherever it stands. */
export function isSameSurvey(a: Survey, b: Survey): boolean {
  const said = (survey: Survey) => JSON.stringify(survey, (key, value: unknown) => (key === 'position' ? undefined : value))
  return a === b || said(a) === said(b)
}

/** Which of `sections` a position is in. */
export function sectionIndex(sections: Section[], position: number): number {
  const after = sections.findIndex((section, i) => i > 0 && section.position > position)
  return after < 0 ? sections.length - 1 : after - 1
}
