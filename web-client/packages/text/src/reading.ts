// A shared text as a document of the editor.

import { Fragment, type Node } from 'prosemirror-model'
import * as Y from 'yjs'
import { blockAttrs, runMarks } from './attributes.ts'
import { type Delta, isInsert } from './delta.ts'
import { schema } from './schema.ts'

/** What a shared text says. A text without a last line break is read as if it had one. */
export function readText(text: Y.Text): Node {
  return readDelta(text.toDelta() as Delta)
}

/** What a delta says that is nothing but insertions. */
export function readDelta(delta: Delta): Node {
  const { blocks, tail } = readLines(delta)
  if (tail.length > 0 || blocks.length === 0) blocks.push(block(null, tail))
  return schema.topNodeType.create(null, Fragment.fromArray(blocks))
}

/** The lines that are ended in `delta`, and what is left behind the last line break. */
export function readLines(delta: Delta): { blocks: Node[]; tail: Node[] } {
  const blocks: Node[] = []
  let tail: Node[] = []
  for (const op of delta) {
    if (!isInsert(op)) continue
    if (typeof op.insert !== 'string') {
      tail.push(embedNode(op.insert).mark(runMarks(op.attributes)))
      continue
    }
    let start = 0
    for (;;) {
      const end = op.insert.indexOf('\n', start)
      const part = end < 0 ? op.insert.slice(start) : op.insert.slice(start, end)
      if (part !== '') tail.push(schema.text(part, runMarks(op.attributes)))
      if (end < 0) break
      blocks.push(block(blockAttrs(op.attributes), tail))
      tail = []
      start = end + 1
    }
  }
  return { blocks, tail }
}

const { block: line } = schema.nodes

// Lines are what the schema allows, whatever the text says: to check each would be most of the work of opening.
const block = (attrs: ReturnType<typeof blockAttrs>, content: Node[]): Node => {
  const [only] = content
  // `Fragment.fromArray` joins neighbours of the same marks.
  return line!.create(attrs, content.length === 1 && only ? only : Fragment.fromArray(content))
}

function embedNode(embed: unknown): Node {
  if (embed instanceof Y.AbstractType) {
    const id = embed._item?.id
    return schema.node('locked', { shared: id ? `${id.client}:${id.clock}` : '' })
  }
  const id = (name: string) => {
    const value = (embed as Record<string, unknown> | null)?.[name]
    return typeof value === 'string' && Object.keys(embed as object).length === 1 ? value : undefined
  }
  const footnote = id('footnote')
  if (footnote !== undefined) return schema.node('footnote', { id: footnote })
  const table = id('table')
  if (table !== undefined) return schema.node('table', { id: table })
  return schema.node('locked', { embed })
}

/** The embed that a node of the editor stands for; `undefined` for text, and for a shared type. */
export function nodeEmbed(node: Node): unknown {
  switch (node.type.name) {
    case 'footnote':
      return { footnote: node.attrs['id'] as string }
    case 'table':
      return { table: node.attrs['id'] as string }
    case 'locked':
      return node.attrs['shared'] === null ? (node.attrs['embed'] as unknown) : undefined
    default:
      return undefined
  }
}
