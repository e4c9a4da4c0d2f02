// What three kinds of applications keep in a document: each writes like its editor would and reads it back as JSON.
import { Schema } from 'prosemirror-model'
import { schema as basic } from 'prosemirror-schema-basic'
import { updateYFragment, yXmlFragmentToProseMirrorRootNode } from 'y-prosemirror'
import * as Y from 'yjs'

const schema = new Schema({ nodes: basic.spec.nodes, marks: basic.spec.marks })

/** y-prosemirror keeps a Y.XmlFragment; `updateYFragment` is what its sync plugin calls at each change of the editor. */
const prosemirror = {
  name: 'y-prosemirror',
  write (doc) {
    const fragment = doc.getXmlFragment('prosemirror')
    const mapping = { mapping: new Map(), isOMark: new Map() }
    const paragraph = (...content) => schema.node('paragraph', null, content)
    const show = (...blocks) => updateYFragment(doc, fragment, schema.node('doc', null, blocks), mapping)
    const strong = schema.text('joint', [schema.mark('strong')])
    show(paragraph(schema.text('A statement')))
    show(schema.node('heading', { level: 1 }, [schema.text('A statement')]), paragraph(schema.text('by many')))
    show(
      schema.node('heading', { level: 2 }, [schema.text('A '), strong, schema.text(' statement')]),
      schema.node('blockquote', null, [paragraph(schema.text('Überall 😀', [schema.mark('link', { href: 'https://example.org' })]))]),
      paragraph(schema.text('many'))
    )
  },
  read: (doc) => yXmlFragmentToProseMirrorRootNode(doc.getXmlFragment('prosemirror'), schema).toJSON()
}

/** y-quill keeps a Y.Text and applies Quill's deltas to it. */
const quill = {
  name: 'y-quill',
  write (doc) {
    const text = doc.getText('quill')
    text.applyDelta([{ insert: 'A joint statement\n' }])
    text.applyDelta([{ retain: 2 }, { retain: 5, attributes: { bold: true } }, { retain: 10 }, { retain: 1, attributes: { header: 1 } }])
    text.applyDelta([{ retain: 17 }, { insert: { image: 'data:image/png;base64,AAAA' }, attributes: { width: 40 } }])
    text.applyDelta([{ retain: 7 }, { delete: 3 }, { insert: '😀', attributes: { link: 'https://example.org' } }])
    text.applyDelta([{ retain: 2 }, { retain: 2, attributes: { bold: null } }])
  },
  read: (doc) => doc.getText('quill').toDelta()
}

/** An application of maps and arrays. */
const board = {
  name: 'maps and arrays',
  write (doc) {
    const cards = doc.getArray('cards')
    const settings = doc.getMap('settings')
    doc.transact(() => {
      for (const title of ['one', 'two', 'three']) {
        const card = new Y.Map()
        card.set('title', title)
        card.set('tags', Y.Array.from([title, { nested: [1, null, true, -0.5, 2 ** 40] }]))
        cards.push([card])
      }
    })
    cards.get(1).set('title', 'zwei')
    cards.get(1).get('tags').delete(0)
    cards.delete(0)
    settings.set('open', true)
    settings.set('open', false)
    settings.set('blob', Uint8Array.of(1, 2, 255))
    settings.set('gone', 'soon')
    settings.delete('gone')
  },
  read: (doc) => ({ cards: doc.getArray('cards').toJSON(), settings: doc.getMap('settings').toJSON() })
}

export const APPLICATIONS = [prosemirror, quill, board]
