import { html, type TemplateResult } from 'lit'
import { ApiError } from '../api.ts'
import type { Messages } from '../messages/en.ts'
import { field } from './field.ts'
import { problemWords } from './submission.ts'

// Counted as the server counts, in characters: crates/plenary-server/src/auth/password_rules.rs.
const LENGTH_MIN = 12
const LENGTH_MAX = 128

/** A password that somebody chooses, called `new` in the form; it can be looked at while it is typed. */
export function newPassword(messages: Messages, label: string): TemplateResult {
  const show = (event: Event) => {
    const { form, checked } = event.target as HTMLInputElement
    form!.querySelector<HTMLInputElement>('#new')!.type = checked ? 'text' : 'password'
  }
  return html`${field({
      name: 'new',
      label,
      type: 'password',
      autocomplete: 'new-password',
      hint: messages.account.passwordHint,
      lengthMin: LENGTH_MIN,
      lengthMax: LENGTH_MAX,
    })}
    <label class="tick small"><input type="checkbox" @change=${show} /><span>${messages.account.showPassword}</span></label>`
}

/** What to say when a password that was chosen is not taken; otherwise as `problemWords`. */
export function newPasswordWords(error: unknown, messages: Messages): string {
  const isRefused = error instanceof ApiError && error.code === 'invalid'
  return isRefused ? messages.account.passwordRefused : problemWords(error, messages)
}
