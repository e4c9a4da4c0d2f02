// What comes from the clipboard, as linear text: from Word, LibreOffice, Google Docs, web pages and plain text.
//
//   new EditorView(place, { state, ...pasteProps() })
//
// HTML is only ever parsed into an inert document; what leaves here is made anew from the words, marks, kinds of
// lines, links and footnotes found there. A footnote comes as an embed with a fresh id that carries its text; the
// binding makes the note when the paste reaches the shared text.

import { uuidv4 } from 'lib0/random'
import { DOMSerializer, Fragment, type Node, Slice } from 'prosemirror-model'
import type { EditorState } from 'prosemirror-state'
import type { EditorProps } from 'prosemirror-view'
import { blockAttrs, runMarks } from './attributes.ts'
import { bindingOf } from './binding.ts'
import type { Kit, readPasted } from './paste/reader.ts'
import { printable } from './printable.ts'
import { schema } from './schema.ts'

type PasteProps = Pick<
  EditorProps,
  'transformPastedHTML' | 'clipboardTextParser' | 'transformCopied' | 'transformPasted' | 'handlePaste' | 'handleDrop'
>

const kit: Kit = { schema, Fragment, blockAttrs, runMarks, printable }

let read: typeof readPasted | null = null
let coming: Promise<void> | null = null

/**
 * Fetches what reads pasted HTML; whoever pastes it before it is here waits for it. Where it cannot be had, pasted HTML is
 * plain text, and it is tried again at the next paste. Never rejects.
 */
export function fetchPasteReader(): Promise<void> {
  coming ??= import('./paste/reader.ts').then(
    reader => void (read = reader.readPasted),
    () => void (coming = null),
  )
  return coming
}

/** For an editor view: cleans what is pasted or dropped into it. In a footnote there are no footnotes. */
export function pasteProps(footnotes: 'with-footnotes' | 'no-footnotes' = 'with-footnotes'): PasteProps {
  const newId = footnotes === 'with-footnotes' ? uuidv4 : null
  // What was pasted while there is nobody to read it.
  let unread: string | null = null
  let isLastTry = false
  return {
    transformPastedHTML: html => {
      unread = read || isLastTry ? null : html
      return cleanPastedHtml(html, newId)
    },
    clipboardTextParser: text => {
      unread = null
      return slicePastedText(text)
    },
    handlePaste: (view, event) => {
      const html = unread
      unread = null
      if (html === null) return false
      void fetchPasteReader().then(() => {
        if (view.isDestroyed) return
        isLastTry = true
        view.pasteHTML(html, event)
        isLastTry = false
      })
      return true
    },
    // Where it was dropped is known only now. A file without words is not taken, and must not take the page's place either.
    handleDrop: (_view, event, slice) => {
      unread = null
      return slice.size === 0 && !!event.dataTransfer?.files.length
    },
    // What is copied takes the text of its notes along, for the document it may be pasted into.
    transformCopied: (slice, view) =>
      mapFootnotes(slice, attrs => ({ ...attrs, text: noteOf(view.state, attrs.id) ?? attrs.text })),
    // From another document a note gets an id of its own: were it pasted twice, by people who are apart, there would
    // be two notes under one id, and what is written in one of them would be lost.
    transformPasted: (slice, view) => {
      const ids = new Map<string, string>()
      return mapFootnotes(slice, ({ id, text }) => {
        if (text === null || noteOf(view.state, id) !== null) return { id, text }
        if (!ids.has(id)) ids.set(id, uuidv4())
        return { id: ids.get(id) as string, text }
      })
    },
  }
}

interface FootnoteAttrs {
  id: string
  text: string | null
}

/** What the note `id` says; `null` where there is none. */
function noteOf(state: EditorState, id: string): string | null {
  const note = bindingOf(state)?.notes?.get(id)
  return note ? note.toString().replace(/\n$/, '') : null
}

function mapFootnotes(slice: Slice, change: (attrs: FootnoteAttrs) => FootnoteAttrs): Slice {
  const map = (content: Fragment): Fragment =>
    Fragment.fromArray(
      content.content.map(node => {
        if (node.type.name !== 'footnote') return node.isText ? node : node.copy(map(node.content))
        return node.type.create({ ...node.attrs, ...change(node.attrs as FootnoteAttrs) }, null, node.marks)
      }),
    )
  return new Slice(map(slice.content), slice.openStart, slice.openEnd)
}

/**
 * Pasted HTML as HTML that the schema reads: flat lines, nothing that could run or load. `newId` makes the ids of
 * footnotes; with `null` their references stay as numbers, and their texts as paragraphs.
 */
export function cleanPastedHtml(html: string, newId: (() => string) | null = uuidv4): string {
  const document = parseInert(html)
  const { lines, isOwn } = read ? read(kit, document, newId) : { lines: plainLines(document), isOwn: false }
  const only = lines.length === 1 ? lines[0] : undefined
  const serializer = DOMSerializer.fromSchema(schema)
  const box = document.createElement('div')
  // One plain line is words for the line they are pasted into, which stays what it is. Marked as a slice, each
  // space is kept; the first and the last of several lines join those they are pasted into.
  if (only && !isOwn && only.hasMarkup(only.type)) {
    const stretch = box.appendChild(document.createElement('span'))
    serializer.serializeFragment(only.content, { document }, stretch)
    stretch.setAttribute('data-pm-slice', '0 0 []')
  } else {
    serializer.serializeFragment(Fragment.fromArray(lines), { document }, box)
    box.firstElementChild?.setAttribute('data-pm-slice', isOwn ? openSides(document) : '1 1 []')
  }
  return box.innerHTML
}

/** The words alone, each block a paragraph. */
function plainLines(document: Document): Node[] {
  for (const unseen of document.querySelectorAll('head, script, style, template')) unseen.remove()
  for (const end of document.querySelectorAll('br, p, div, li, tr, td, th, h1, h2, h3, h4, h5, h6, pre, blockquote')) end.after('\n')
  const words = (document.body.textContent ?? '').replaceAll(/[ \t\r\n\f]*\n[ \t\r\n\f]*/g, '\n').trim()
  return [...slicePastedText(words).content.content]
}

/** Pasted plain text: each line a paragraph. Empty lines between paragraphs only part them. */
export function slicePastedText(text: string): Slice {
  const lines = printable(text.replaceAll('\v', '\n')).split(/(?:\r\n?|[\n\u2028\u2029])+/)
  const blocks = lines.map(line => schema.node('block', null, line === '' ? [] : schema.text(line)))
  return new Slice(Fragment.fromArray(blocks), 1, 1)
}

function openSides(document: Document): string {
  const value = document.querySelector('[data-pm-slice]')?.getAttribute('data-pm-slice') ?? ''
  return /^[01] [01] \[\]$/.test(value) ? value : '1 1 []'
}

interface TrustedTypesWindow {
  trustedTypes?: { createPolicy(name: string, rules: { createHTML(html: string): string }): { createHTML(html: string): string } }
}

let policy: { createHTML(html: string): string } | undefined

// The document has no window: nothing in it runs, and nothing is loaded. A page that asks for trusted types is
// told so by a policy of this name.
function parseInert(html: string): Document {
  const { trustedTypes } = globalThis as TrustedTypesWindow
  policy ??= trustedTypes?.createPolicy('plenary-paste', { createHTML: text => text })
  return new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, 'text/html')
}
