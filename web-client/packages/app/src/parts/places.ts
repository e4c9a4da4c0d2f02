import { html, nothing, type TemplateResult } from 'lit'
import type { Messages } from '../messages/en.ts'
import { type PageName, pathOf } from '../router.ts'
import type { Inside } from '../session.ts'

/** The ways to the pages, below the bar. `current`: the page that is shown. Guests have one statement and no such pages. */
export function places(messages: Messages, { user }: Inside, current: PageName | 'missing'): TemplateResult | typeof nothing {
  if (user.guest) return nothing
  const words = messages.places
  const all: [PageName, string][] = [
    ['statements', messages.statements],
    ['groups', words.groups],
    ['interests', words.interests],
    ...(user.administrator ? [['embedding', words.embedding] satisfies [PageName, string], ['log', words.log] satisfies [PageName, string]] : []),
  ]
  return html`<nav class="places" aria-label=${words.all}>
    ${all.map(
      ([page, label]) => html`<a
        href=${pathOf(page)}
        aria-current=${page === current ? 'page' : page === 'groups' && current.startsWith('group') ? 'true' : nothing}
        >${label}</a
      >`,
    )}
  </nav>`
}
