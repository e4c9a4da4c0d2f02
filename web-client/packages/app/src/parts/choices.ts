// Fields in which one chooses or counts, as templates; `field.ts` has those for a line of text.

import { html, nothing, type TemplateResult } from 'lit'
import type { Role } from '../api.ts'
import type { Messages } from '../messages/en.ts'

/** One of a few that need explaining. */
export interface Option {
  value: string
  label: string
  hint?: string
}

/** One of a few, each with what it means. `hasFocus`: the first thing to do in a dialog. */
export function radios(name: string, legend: string, options: readonly Option[], chosen: string, hasFocus = false): TemplateResult {
  return html`<fieldset class="options">
    <legend>${legend}</legend>
    ${options.map(
      ({ value, label, hint }) => html`<div class="option">
        <input
          type="radio"
          id="${name}-${value}"
          name=${name}
          value=${value}
          .checked=${value === chosen}
          ?autofocus=${hasFocus && value === chosen}
          aria-describedby=${hint ? `${name}-${value}-hint` : nothing}
        />
        <label for="${name}-${value}">${label}</label>
        ${hint ? html`<p id="${name}-${value}-hint" class="hint">${hint}</p>` : nothing}
      </div>`,
    )}
  </fieldset>`
}

/** Any of a few: what is ticked comes as several values of one name. */
export function ticks(name: string, legend: string, options: readonly Option[], chosen: readonly string[]): TemplateResult {
  return html`<fieldset class="options">
    <legend>${legend}</legend>
    ${options.map(
      ({ value, label }) => html`<div class="option">
        <input type="checkbox" id="${name}-${value}" name=${name} value=${value} .checked=${chosen.includes(value)} />
        <label for="${name}-${value}"><bdi>${label}</bdi></label>
      </div>`,
    )}
  </fieldset>`
}

/** A role, with what each may do. */
export const roleChoice = (messages: Messages, roles: readonly Role[], chosen: Role, hasFocus = false): TemplateResult =>
  radios(
    'role',
    messages.groups.role,
    roles.map(role => ({ value: role, label: messages.roles[role], hint: messages.groups.can[role] })),
    chosen,
    hasFocus,
  )

/** A whole number. */
export function count(name: string, label: string, value: number, max: number, hint?: string): TemplateResult {
  return html`<div class="field">
    <label for=${name}>${label}</label>
    <input
      id=${name}
      name=${name}
      type="number"
      inputmode="numeric"
      dir="ltr"
      min="1"
      max=${max}
      step="1"
      required
      aria-describedby=${hint ? `${name}-hint` : nothing}
      .value=${String(value)}
    />
    ${hint ? html`<p id="${name}-hint" class="hint">${hint}</p>` : nothing}
  </div>`
}

/** Several lines. */
export function lines(name: string, label: string, hint: string, rows: number): TemplateResult {
  return html`<div class="field">
    <label for=${name}>${label}</label>
    <textarea id=${name} name=${name} rows=${rows} dir="ltr" spellcheck="false" required aria-describedby="${name}-hint"></textarea>
    <p id="${name}-hint" class="hint">${hint}</p>
  </div>`
}

/** How long something lasts, as the server takes it. */
export function duration(messages: Messages, days: readonly number[], chosen: number): TemplateResult {
  return html`<div class="field">
    <label for="expires">${messages.links.lasts}</label>
    <select id="expires" name="expires">
      ${days.map(it => html`<option value="${it}d" ?selected=${it === chosen}>${messages.links.days(it)}</option>`)}
    </select>
  </div>`
}

/** Where what was just done is said, and read out. It is there before, and empty. */
export const outcome = (words: string): TemplateResult => html`<p class="outcome" role="status">${words}</p>`
