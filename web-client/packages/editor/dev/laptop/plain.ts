// y-prosemirror as its own demo has it: nested nodes, its three plugins, the base keymap, nothing around the text.

import { baseKeymap } from 'prosemirror-commands'
import { keymap } from 'prosemirror-keymap'
import { Schema } from 'prosemirror-model'
import { EditorState } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import { initProseMirrorDoc, prosemirrorToYXmlFragment, yCursorPlugin, ySyncPlugin, yUndoPlugin } from 'y-prosemirror'
import * as Y from 'yjs'
import { fillSample } from '../sample.ts'
import type { Kind } from './page.ts'

const schema = new Schema({
  nodes: {
    doc: { content: 'block+' },
    paragraph: { group: 'block', content: 'inline*', parseDOM: [{ tag: 'p' }], toDOM: () => ['p', 0] },
    blockquote: { group: 'block', content: 'block+', defining: true, toDOM: () => ['blockquote', 0] },
    heading: {
      group: 'block',
      content: 'inline*',
      attrs: { level: { default: 1 } },
      toDOM: node => [`h${node.attrs['level']}`, 0],
    },
    text: { group: 'inline' },
  },
  marks: { strong: { toDOM: () => ['strong', 0] }, em: { toDOM: () => ['em', 0] } },
})

/** The usual binding. */
export const plain: Kind = {
  make(words) {
    const source = new Y.Doc()
    fillSample(source, words)
    const blocks: object[] = []
    let line: object[] = []
    for (const { insert, attributes } of source.getText('body').toDelta() as {
      insert: unknown
      attributes?: Record<string, unknown>
    }[]) {
      if (typeof insert !== 'string') continue
      insert.split('\n').forEach((text, i) => {
        if (i > 0) {
          const paragraph = { type: 'paragraph', content: line }
          if (attributes?.['header']) blocks.push({ type: 'heading', attrs: { level: attributes['header'] }, content: line })
          else blocks.push(attributes?.['blockquote'] ? { type: 'blockquote', content: [paragraph] } : paragraph)
          line = []
        }
        const marks = [...(attributes?.['bold'] ? ['strong'] : []), ...(attributes?.['italic'] ? ['em'] : [])]
        if (text !== '') line.push({ type: 'text', text, marks: marks.map(type => ({ type })) })
      })
    }
    const doc = new Y.Doc()
    prosemirrorToYXmlFragment(schema.nodeFromJSON({ type: 'doc', content: blocks }), doc.getXmlFragment('body'))
    return Y.encodeStateAsUpdate(doc)
  },
  mount(place, doc, awareness) {
    const fragment = doc.getXmlFragment('body')
    const { doc: document, mapping } = initProseMirrorDoc(fragment, schema)
    const plugins = [ySyncPlugin(fragment, { mapping }), yCursorPlugin(awareness), yUndoPlugin(), keymap(baseKeymap)]
    new EditorView(place, { state: EditorState.create({ doc: document, plugins }) })
  },
  type(doc, awareness, who, letter) {
    const fragment = doc.getXmlFragment('body')
    const texts = fragment.toArray().flatMap(node => (node instanceof Y.XmlElement ? node.toArray() : []))
    const paragraphs = texts.filter(node => node instanceof Y.XmlText && node.length > 80) as Y.XmlText[]
    const text = paragraphs[Math.floor(paragraphs.length / (3 - who))] as Y.XmlText
    text.insert(40, letter)
    const cursor = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, 41))
    awareness.setLocalStateField('cursor', { anchor: cursor, head: cursor })
  },
}
