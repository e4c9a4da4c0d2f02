import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import * as Y from 'yjs'
import type { EditorHost } from './editor-host.ts'
import type { Survey } from './survey.ts'

/** The footnotes under the text, to read; `show` opens one of them. */
export function notesList(
  { messages, content, number }: EditorHost,
  { notes }: Survey,
  show: (index: number) => void,
): TemplateResult | typeof nothing {
  if (notes.length === 0) return nothing
  const texts = content?.doc.getMap('notes')
  const textOf = (id: string) => {
    const text = texts?.get(id)
    return text instanceof Y.Text ? text.toString().trim() : ''
  }
  return html`<section class="notes" aria-labelledby="notes">
    <h2 id="notes">${messages.notes}</h2>
    <ol>
      ${notes.map(
        ({ id }, i) => html`<li>
          <button type="button" aria-label=${messages.note(number(i + 1))} @click=${() => show(i)}>
            ${number(i + 1)}
          </button>
          <span dir="auto">${textOf(id) || html`<em>${messages.noteEmpty}</em>`}</span>
        </li>`,
      )}
    </ol>
  </section>`
}
