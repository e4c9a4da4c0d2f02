// The view of a linear text.
//
//   import { TextEditor } from '@plenary/editor'
//   customElements.define('my-editor', TextEditor)        // or a class that extends it
//   editor.content = { doc, awareness }
//   editor.user = { id, name }
//   editor.status = { words: 'Saved', tone: 'good' }

export type { Action } from './action.ts'
export { english } from './english.ts'
export type { Messages } from './messages/en.ts'
export { Pace } from './pace.ts'
export type { AwarenessUser, Person } from './person.ts'
export type { Status, WordCounts } from './status-bar.ts'
export type { Content } from './editor-host.ts'
export { TextEditor } from './text-editor.ts'
export { controls, tokens } from './tokens.ts'
export type { ToolbarKind } from './toolbar.ts'
