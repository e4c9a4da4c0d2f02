// `<plenary-editor>`: a joint text in any page. docs/embedding.md says how to use it.

import { Notices } from './notices.ts'
import { PlenaryEditor } from './plenary-editor.ts'

// A page may load this twice, as a module of its own and within another.
if (!customElements.get('plenary-notices')) customElements.define('plenary-notices', Notices)
if (!customElements.get('plenary-editor')) customElements.define('plenary-editor', PlenaryEditor)

export type { ExportFormat } from './export.ts'
export type { Messages } from './messages/en.ts'
export { type Offline, PlenaryEditor, type TokenProvider } from './plenary-editor.ts'

declare global {
  interface HTMLElementTagNameMap {
    'plenary-editor': PlenaryEditor
  }
}
