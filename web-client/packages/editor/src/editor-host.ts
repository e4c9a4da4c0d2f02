// What the parts of the editor need of the element they belong to.

import type { ReactiveControllerHost } from 'lit'
import type { EditorView } from 'prosemirror-view'
import type { Awareness } from 'y-protocols/awareness'
import type * as Y from 'yjs'
import type { LinearBinding } from '@plenary/text'
import type { Messages } from './messages/en.ts'
import type { AwarenessUser } from './person.ts'

/** What an editor shows: a Yjs document with linear text, and who else is there. */
export interface Content {
  doc: Y.Doc
  awareness?: Awareness | null
}

/** The element, as its parts see it. */
export interface EditorHost extends ReactiveControllerHost, HTMLElement {
  readonly renderRoot: HTMLElement | DocumentFragment
  readonly content: Content | null
  readonly user: AwarenessUser | null
  /** The view of the text and its binding, while there is one. */
  readonly view: EditorView | null
  readonly binding: LinearBinding | null
  readonly canWrite: boolean
  /** The words of the controls. */
  readonly messages: Messages
  /** A count as the language of the controls writes it. */
  number(count: number): string
}

/** Tells whoever has the editor in their page; false when they said that they see to it themselves. */
export function tell(from: Element, name: string, detail: object, cancelable = false): boolean {
  return from.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable }))
}
