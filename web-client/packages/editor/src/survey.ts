// What there is in a text: its sections with their words, what stands in brackets, its footnotes.

import type { Node } from 'prosemirror-model'
import { countRange, countWords } from '@plenary/text'
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
  /** The ids of the footnotes as they come, with the positions of their numbers. */
  notes: { id: string; position: number }[]
}

/** Of an empty text. */
export const emptySurvey: Survey = { words: 0, sections: [], brackets: [], notes: [] }

interface Finds {
  brackets: Bracket[]
  notes: { id: string; position: number }[]
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
  const finds: Finds = { brackets: [], notes: [] }
  let open: Bracket | undefined
  block.forEach((node, position) => {
    if (node.type.name === 'footnote') finds.notes.push({ id: String(node.attrs['id']), position })
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

/** How words are counted: whether footnotes count, and where the words of notes and tables are to be had. */
export interface Counting {
  footnotes: CountedFootnotes
  embeds: EmbedWords | null
}

/** Reads a whole text; of its blocks only those are read anew that changed since the last time. */
export function survey(doc: Node, { footnotes, embeds }: Counting): Survey {
  const sections: Section[] = [{ level: 0, title: '', position: 1, words: 0 }]
  const brackets: Bracket[] = []
  const notes: Survey['notes'] = []
  doc.forEach((block, offset) => {
    const position = offset + 1
    const level = block.attrs['header'] as number | null
    const title = level === null ? '' : blockText(block).trim()
    if (level !== null && title !== '') sections.push({ level, title, position, words: 0 })
    const finds = findsIn(block)
    for (const bracket of finds.brackets) brackets.push({ ...bracket, position: position + bracket.position })
    for (const note of finds.notes) notes.push({ ...note, position: position + note.position })
  })
  for (const [i, section] of sections.entries()) {
    const next = sections.find((other, j) => j > i && (section.level === 0 || other.level <= section.level))
    const end = next ? next.position - 1 : doc.content.size
    section.words = countRange(doc, section.position - 1, end, footnotes, embeds)
  }
  return { words: countWords(doc, footnotes, embeds), sections, brackets, notes }
}

/** Which of `sections` a position is in. */
export function sectionIndex(sections: Section[], position: number): number {
  const after = sections.findIndex((section, i) => i > 0 && section.position > position)
  return after < 0 ? sections.length - 1 : after - 1
}
