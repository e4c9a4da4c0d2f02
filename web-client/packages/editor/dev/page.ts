// The editor without a server: two documents in one page, joined in memory. Used to look at it, and by the tests.
//
//   ?lang=ar &theme=dark &mode=read &toolbar=compact &words=5600 &limit=5630 &people=2 &empty

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { TextEditor } from '../src/index.ts'
import { wordsOf } from '../src/languages.ts'
import { ar } from '../src/messages/ar.ts'
import { en } from '../src/messages/en.ts'
import { es } from '../src/messages/es.ts'
import { fr } from '../src/messages/fr.ts'
import { fillSample } from './sample.ts'

const query = new URLSearchParams(location.search)
const lang = query.get('lang') ?? 'en'
document.documentElement.lang = lang

const tables = { ar, en, es, fr }
const words = wordsOf(lang, tables[lang as keyof typeof tables] ?? en)

class DevEditor extends TextEditor {
  override get messages(): typeof words {
    return words
  }
}
customElements.define('dev-editor', DevEditor)

/** Somebody with a replica of their own. */
class Replica {
  readonly doc = new Y.Doc()
  readonly awareness = new Awareness(this.doc)

  join(other: Replica): void {
    for (const [from, to] of [[this, other], [other, this]] as const) {
      Y.applyUpdate(to.doc, Y.encodeStateAsUpdate(from.doc), 'join')
      from.doc.on('update', (update: Uint8Array, origin: unknown) => {
        if (origin !== 'join') Y.applyUpdate(to.doc, update, 'join')
      })
      from.awareness.on('update', ({ added, updated, removed }: Record<string, number[]>, origin: unknown) => {
        if (origin === 'join') return
        const clients = [...(added ?? []), ...(updated ?? []), ...(removed ?? [])]
        applyAwarenessUpdate(to.awareness, encodeAwarenessUpdate(from.awareness, clients), 'join')
      })
    }
  }

  /** Puts this person's cursor, or a selection, before or over the first `words`. */
  goTo(words: string, length = 0): void {
    const text = this.doc.getText('body')
    // Embeds take one place in the text and none in its string.
    let index = 0
    for (const { insert } of text.toDelta() as { insert: unknown }[]) {
      const at = typeof insert === 'string' ? insert.indexOf(words) : -1
      if (at >= 0) {
        index += at
        break
      }
      index += typeof insert === 'string' ? insert.length : 1
    }
    const at = (place: number) => Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, place))
    this.awareness.setLocalStateField('cursor', { anchor: at(index), head: at(index + length) })
  }

  /** Types behind this person's cursor. */
  type(words: string): void {
    const { cursor } = this.awareness.getLocalState() as { cursor: { head: object } }
    const place = Y.createAbsolutePositionFromRelativePosition(
      Y.createRelativePositionFromJSON(cursor.head),
      this.doc,
    )
    if (place) this.doc.getText('body').insert(place.index, words)
  }
}

const mine = new Replica()
if (query.has('empty')) mine.doc.getText('body').insert(0, '\n')
else fillSample(mine.doc, Number(query.get('words') ?? 5600))

const names = [
  { id: 'safiya', name: 'Safiya Orrin' },
  { id: 'dario', name: 'Dario Pell' },
  { id: 'renee', name: 'Renée Aubry' },
  { id: 'jon', name: 'Jon Aruk' },
  { id: 'noura', name: 'نورة الهاشمي' },
]
const colours = ['#9a3d12', '#5b4bb7', '#1f5fa8', '#a3195b', '#6b6100']
const others = names.slice(0, Number(query.get('people') ?? 2)).map((user, i) => {
  const other = new Replica()
  other.join(mine)
  other.awareness.setLocalStateField('user', { ...user, color: colours[i] })
  return other
})

const editor = document.createElement('dev-editor') as TextEditor
for (const name of ['lang', 'theme', 'mode', 'toolbar', 'numbering']) {
  const value = query.get(name)
  if (value !== null) editor.setAttribute(name, value)
}
editor.setAttribute('numbering', query.get('numbering') ?? 'through')
if (query.get('limit') !== '0') editor.setAttribute('word-limit', query.get('limit') ?? '5630')
editor.user = { id: 'ilse', name: 'Ilse Marenko' }
editor.status = { words: query.get('status') ?? 'Saved', tone: (query.get('tone') as 'good' | null) ?? 'good' }
editor.content = { doc: mine.doc, awareness: mine.awareness }
document.querySelector('main')?.append(editor)

Object.assign(globalThis, { dev: { editor, mine, others, Y } })
