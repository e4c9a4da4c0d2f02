import * as Y from 'yjs'
import { TextEditor } from '../../src/index.ts'
import { fillSample } from '../sample.ts'
import type { Kind } from './page.ts'

/** Our editor, with everything around the text. */
export const ours: Kind = {
  make(words) {
    const doc = new Y.Doc()
    fillSample(doc, words)
    return Y.encodeStateAsUpdate(doc)
  },
  mount(place, doc, awareness) {
    customElements.define('laptop-editor', TextEditor)
    const editor = document.createElement('laptop-editor') as TextEditor
    editor.wordLimit = 5630
    editor.status = { words: 'Saved', tone: 'good' }
    editor.user = { name: 'Ilse Marenko' }
    editor.content = { doc, awareness }
    place.append(editor)
  },
  type(doc, awareness, who, letter) {
    const text = doc.getText('body')
    const state = awareness.getLocalState() as { cursor?: { head: object } }
    const place = state.cursor
      ? Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(state.cursor.head), doc)
      : null
    const index = place?.index ?? Math.floor(text.length / (3 - who))
    text.insert(index, letter)
    const cursor = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index + 1))
    awareness.setLocalStateField('cursor', { anchor: cursor, head: cursor })
  },
}
