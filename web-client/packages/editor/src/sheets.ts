// The small forms that open beside the text: the address of a link, who proposed a bracket.

import { html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { icon } from './icons.ts'
import type { Messages } from './messages/en.ts'

/** What is open beside the text. */
export type Sheet =
  | { kind: 'link'; from: number; to: number; href: string; isThere: boolean; isInvalid: boolean }
  | { kind: 'bracket'; from: number; to: number; proposer: string; isThere: boolean }
  | { kind: 'note'; id: string; number: number }

/** An address as it can be linked to: `example.org` gets its scheme; `null` for what is none. */
export function linkAddress(typed: string): string | null {
  const text = typed.trim()
  if (/^(https?:\/\/|mailto:|tel:|#)\S+$/i.test(text)) return text
  if (/^[^\s@/]+@[^\s@/]+\.[^\s@/]+$/.test(text)) return `mailto:${text}`
  if (/^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+(:\d+)?([/?#]\S*)?$/u.test(text)) return `https://${text}`
  return null
}

interface Handlers {
  apply: (value: string) => void
  remove: () => void
  open?: () => void
}

const submitting = (apply: (value: string) => void) => (event: Event) => {
  event.preventDefault()
  apply(String(new FormData(event.currentTarget as HTMLFormElement).get('value') ?? ''))
}

/** For the address of a link. */
export function linkForm(messages: Messages, sheet: Sheet & { kind: 'link' }, handlers: Handlers): TemplateResult {
  const { linkAddress, linkApply, linkInvalid, linkOpen, linkRemove } = messages
  return html`<form class="sheet" @submit=${submitting(handlers.apply)}>
    <label for="value">${linkAddress}</label>
    <span class="line">
      <input
        id="value"
        name="value"
        dir="ltr"
        inputmode="url"
        autocomplete="off"
        spellcheck="false"
        placeholder="https://"
        .value=${sheet.href}
        aria-invalid=${sheet.isInvalid ? 'true' : nothing}
        aria-describedby=${sheet.isInvalid ? 'problem' : nothing}
      />
      <button class="primary">${linkApply}</button>
    </span>
    ${sheet.isInvalid ? html`<span id="problem" class="problem" role="alert">${linkInvalid}</span>` : nothing}
    ${sheet.isThere
      ? html`<span class="line">
          <button type="button" @click=${handlers.open}>${icon('open')} ${linkOpen}</button>
          <button type="button" @click=${handlers.remove}>${icon('close')} ${linkRemove}</button>
        </span>`
      : nothing}
  </form>`
}

/** For who proposed the text in brackets. */
export function bracketForm(messages: Messages, sheet: Sheet & { kind: 'bracket' }, handlers: Handlers): TemplateResult {
  return html`<form class="sheet" @submit=${submitting(handlers.apply)}>
    <label for="value">${messages.bracketBy}</label>
    <span class="line">
      <input id="value" name="value" dir="auto" autocomplete="off" required maxlength="120" .value=${sheet.proposer} />
      <button class="primary">${sheet.isThere ? messages.linkApply : messages.bracketApply}</button>
    </span>
    ${sheet.isThere
      ? html`<span class="line">
          <button type="button" @click=${handlers.remove}>${icon('check')} ${messages.bracketRemove}</button>
        </span>`
      : nothing}
  </form>`
}
