// What forms are made of, as templates: a label that belongs to its field, a hint that is read with it, a problem that is read
// out when it appears. The names of fields are those that the server knows.

import { html, nothing, type TemplateResult } from 'lit'

/** One line to fill in. */
export interface Field {
  /** Unique on the page; also what the form calls it. */
  name: string
  label: string
  type?: 'text' | 'email' | 'password'
  /** See the HTML standard, "Autofill". */
  autocomplete?: string
  value?: string
  hint?: string
  isRequired?: boolean
  lengthMin?: number
  lengthMax?: number
  /** Which keys a phone shows. */
  keys?: 'numeric'
  /** Runs from left to right in every language, as codes do. */
  isCode?: boolean
  /** The first thing to do in a dialog. */
  hasFocus?: boolean
}

/** A text field under its label. */
export function field({ name, label, type = 'text', hint, ...rest }: Field): TemplateResult {
  // Addresses and secrets run from left to right in every language; all else follows its letters.
  const dir = type === 'text' && !rest.isCode ? 'auto' : 'ltr'
  return html`<div class="field">
    <label for=${name}>${label}</label>
    <input
      id=${name}
      name=${name}
      type=${type}
      dir=${dir}
      autocomplete=${rest.autocomplete ?? 'off'}
      aria-describedby=${hint ? `${name}-hint` : nothing}
      inputmode=${rest.keys ?? nothing}
      spellcheck=${rest.isCode ? 'false' : nothing}
      autocapitalize=${rest.isCode ? 'none' : nothing}
      minlength=${rest.lengthMin ?? nothing}
      maxlength=${rest.lengthMax ?? nothing}
      ?required=${rest.isRequired ?? true}
      ?autofocus=${rest.hasFocus ?? false}
      .value=${rest.value ?? ''}
    />
    ${hint ? html`<p id="${name}-hint" class="hint">${hint}</p>` : nothing}
  </div>`
}

/** One of a few, under its label. `options`: what is sent, and what it is called. */
export function choice(name: string, label: string, options: readonly (readonly [string, string])[], chosen?: string): TemplateResult {
  return html`<div class="field">
    <label for=${name}>${label}</label>
    <select id=${name} name=${name}>
      ${options.map(([value, words]) => html`<option value=${value} ?selected=${value === chosen}>${words}</option>`)}
    </select>
  </div>`
}

/** Something to say yes to, with what that means. */
export function tick(
  { name, label, hint, isOn, changed }: { name: string; label: string; hint: string; isOn: boolean; changed: (isOn: boolean) => void },
): TemplateResult {
  return html`<label class="tick">
      <input
        type="checkbox"
        name=${name}
        aria-describedby="${name}-hint"
        .checked=${isOn}
        @change=${(event: Event) => changed((event.target as HTMLInputElement).checked)}
      />
      <span>${label}</span>
    </label>
    <p id="${name}-hint" class="hint">${hint}</p>`
}

/** Where a form says what went wrong. It is there before, and empty, so that what comes is read out. */
export const problem = (words: string): TemplateResult => html`<p class="problem" role="alert">${words}</p>`
