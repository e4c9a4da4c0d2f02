// Where others are: their cursors, selections and names, from awareness. And where we are, for them.
//
// The field `cursor` holds `{ anchor, head }` as JSON of Yjs relative positions and `user` holds `{ name, color }`,
// as y-prosemirror and quill-cursors have them, so that all see each other.

import { Plugin, PluginKey } from 'prosemirror-state'
import type { EditorState } from 'prosemirror-state'
import { Decoration, DecorationSet } from 'prosemirror-view'
import type { EditorView } from 'prosemirror-view'
import type { Awareness } from 'y-protocols/awareness'
import { anchorAt, anchorPosition } from '@plenary/text'
import type { Anchor } from '@plenary/text'
import { firstName, initials, personOf } from './person.ts'
import type { Person } from './person.ts'

// How much of a line's height its label fills, with a little air.
const LABEL_OF_LINE = 0.68
// Faster than people read, slow enough for a poor line.
const OWN_CURSOR_EVERY_MS = 150

interface Cursors {
  decorations: DecorationSet
  /** Somebody's place could not be found yet: their words are still on the way. */
  isWaiting: boolean
}

const key = new PluginKey<Cursors>('remote-cursors')

/** The decorations of others in a state, for tests. */
export const remoteDecorations = (state: EditorState): DecorationSet =>
  key.getState(state)?.decorations ?? DecorationSet.empty

/**
 * Shows where others are in the text and tells them where we are.
 *
 * `isActive`: whether the person is in the editor; their cursor is shown to others while they are.
 */
export function remoteCursors(awareness: Awareness, somebody: string, isActive: (view: EditorView) => boolean): Plugin {
  return new Plugin<Cursors>({
    key,
    state: {
      init: (_, state) => readCursors(state, awareness, somebody),
      apply(tr, before, _, state) {
        if (tr.getMeta(key)) return readCursors(state, awareness, somebody)
        return tr.docChanged ? { ...before, decorations: before.decorations.map(tr.mapping, tr.doc) } : before
      },
    },
    props: { decorations: state => key.getState(state)?.decorations },
    view: view => new CursorTraffic(view, awareness, isActive),
  })
}

/** Brings what others say into the view, and says where we are, each no more often than is of use. */
class CursorTraffic {
  readonly #view: EditorView
  readonly #awareness: Awareness
  readonly #isActive: (view: EditorView) => boolean
  #frame = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #saidAt = -Infinity
  #said = 'null'
  #shown = ''

  constructor(view: EditorView, awareness: Awareness, isActive: (view: EditorView) => boolean) {
    this.#view = view
    this.#awareness = awareness
    this.#isActive = isActive
    awareness.on('change', this.#onChange)
    view.dom.addEventListener('focus', this.#say)
    view.dom.addEventListener('blur', this.#say)
  }

  update(view: EditorView, before: EditorState): void {
    if (view.state.doc !== before.doc && key.getState(view.state)?.isWaiting) this.#showSoon()
    if (view.state.doc !== before.doc || !view.state.selection.eq(before.selection)) this.#say()
  }

  destroy(): void {
    this.#awareness.off('change', this.#onChange)
    this.#view.dom.removeEventListener('focus', this.#say)
    this.#view.dom.removeEventListener('blur', this.#say)
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#timer)
    if (this.#awareness.getLocalState()) this.#awareness.setLocalStateField('cursor', null)
  }

  readonly #onChange = ({ added, updated, removed }: Record<'added' | 'updated' | 'removed', number[]>): void => {
    const others = [...added, ...updated, ...removed].filter(client => client !== this.#awareness.clientID)
    if (others.length > 0) this.#showSoon()
  }

  #showSoon(): void {
    if (this.#frame) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      const view = this.#view
      if (view.isDestroyed) return
      // What is drawn beside the letters being composed could end the composition.
      if (view.composing) return this.#showSoon()
      const shown = JSON.stringify([...this.#awareness.getStates()].map(([id, { cursor, user }]) => [id, cursor, user]))
      if (shown === this.#shown && !key.getState(view.state)?.isWaiting) return
      this.#shown = shown
      view.dispatch(view.state.tr.setMeta(key, true).setMeta('addToHistory', false))
      partNames(view.dom)
    })
  }

  readonly #say = (): void => {
    if (this.#timer !== undefined) return
    const wait = Math.max(0, this.#saidAt + OWN_CURSOR_EVERY_MS - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      const { state, isDestroyed } = this.#view
      if (isDestroyed || !this.#awareness.getLocalState()) return
      const { anchor, head } = state.selection
      const cursor = this.#isActive(this.#view)
        ? { anchor: anchorAt(state, anchor), head: anchorAt(state, head) }
        : null
      const said = JSON.stringify(cursor)
      if (said === this.#said) return
      this.#said = said
      this.#saidAt = performance.now()
      this.#awareness.setLocalStateField('cursor', cursor)
    }, wait)
  }
}

function readCursors(state: EditorState, awareness: Awareness, somebody: string): Cursors {
  const decorations: Decoration[] = []
  let isWaiting = false
  for (const [client, entry] of awareness.getStates()) {
    if (client === awareness.clientID) continue
    const { cursor } = entry as { cursor?: { anchor?: Anchor; head?: Anchor } | null }
    const person = personOf(client, entry, awareness.clientID)
    if (!person || !cursor?.anchor || !cursor.head) continue
    const [anchor, head] = [positionOf(state, cursor.anchor), positionOf(state, cursor.head)]
    if (anchor === null || head === null) {
      isWaiting = true
      continue
    }
    const name = person.name || somebody
    decorations.push(
      Decoration.widget(head, () => drawCursor({ ...person, name }), {
        key: [client, name, person.colour].join(' '),
        side: 10,
        ignoreSelection: true,
      }),
    )
    if (anchor !== head) {
      const attrs = { class: 'plenary-remote-selection', style: `--person: ${person.colour}` }
      decorations.push(Decoration.inline(Math.min(anchor, head), Math.max(anchor, head), attrs))
    }
  }
  return { decorations: DecorationSet.create(state.doc, decorations), isWaiting }
}

function positionOf(state: EditorState, anchor: Anchor): number | null {
  const position = anchorPosition(state, anchor)
  return position === null ? null : Math.min(Math.max(position, 1), state.doc.content.size - 1)
}

/** Moves names that would lie over each other down, each as far as it must; those out of sight are left alone. */
function partNames(text: HTMLElement): void {
  const all = [...text.querySelectorAll<HTMLElement>('.plenary-name')]
  // One alone is in nobody's way, and needs no look at where it is.
  if (all.length < 2 && !all.some(name => Number(name.dataset['moved'] ?? 0) > 0)) return
  const names = all.filter(name => name.checkVisibility({ contentVisibilityAuto: true }))
  // First all is read, then written, so that the text is laid out once.
  const places = names.map(name => {
    const { top, height } = name.getBoundingClientRect()
    return { name, top: top - Number.parseFloat(name.dataset['moved'] ?? '0'), height: height * LABEL_OF_LINE }
  })
  let free = -Infinity
  for (const { name, top, height } of places.sort((a, b) => a.top - b.top)) {
    const moved = Math.max(0, Math.round(free - top))
    free = top + moved + height
    name.style.translate = moved > 0 ? `0 ${moved}px` : ''
    name.dataset['moved'] = String(moved)
  }
}

function drawCursor(person: Person): HTMLElement {
  const root = document.createElement('span')
  root.setAttribute('aria-hidden', 'true')
  const caret = document.createElement('span')
  caret.className = 'plenary-cursor'
  const name = document.createElement('span')
  name.className = 'plenary-name'
  // Shown by the style sheet: a name is no text of the document, not to be found or copied in it.
  name.dataset['name'] = person.name
  name.dataset['short'] = firstName(person.name)
  name.dataset['initials'] = initials(person.name)
  for (const part of [caret, name]) part.style.setProperty('--person', person.colour)
  root.append(caret, name)
  return root
}
