// What is at the top of every page, as templates.

import { html, svg, type TemplateResult } from 'lit'
import { languages } from '../language.ts'
import type { Messages } from '../messages/en.ts'

/** The mark and the name; a link home where there is one. */
export function brand(isLink: boolean): TemplateResult {
  const mark = html`<svg viewBox="0 0 24 24" class="icon" aria-hidden="true">
      ${svg`<path d="M5 15a7 7 0 0 1 14 0" /><path d="M9 16a3 3 0 0 1 6 0" /><path d="M4 20h16" />`}
    </svg>
    <span>Plenary</span>`
  return isLink ? html`<a class="brand" href="/">${mark}</a>` : html`<span class="brand">${mark}</span>`
}

/** A person, for the way to one's account. */
export const person = html`<svg viewBox="0 0 24 24" class="icon" aria-hidden="true">
  ${svg`<circle cx="12" cy="8" r="4" /><path d="M4 21a8 8 0 0 1 16 0" />`}
</svg>`

/** The choice of the language of the pages. */
export function languageChoice(messages: Messages, language: string, choose: (tag: string) => void): TemplateResult {
  return html`<label class="language">
    <span class="unseen">${messages.language}</span>
    <select @change=${(event: Event) => choose((event.target as HTMLSelectElement).value)} .value=${language}>
      ${languages.map(({ tag, name }) => html`<option value=${tag} lang=${tag} ?selected=${tag === language}>${name}</option>`)}
    </select>
  </label>`
}
