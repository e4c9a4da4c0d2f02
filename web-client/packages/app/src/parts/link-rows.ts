// Invitations and links for guests, in rows.

import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { GuestLink, Invitation } from '../api/invitations.ts'
import type { Place } from '../pages.ts'
import { day } from '../when.ts'

/** One of them, and what is special about its kind. */
interface Row {
  link: Invitation | GuestLink
  by: string
  isVoidBecause: string
  more: TemplateResult | typeof nothing
  revoke: () => void
}

/** Those that work first, then the others; newest first. */
export function inOrder<T extends Invitation | GuestLink>(links: readonly T[]): T[] {
  return [...links].sort((a, b) => Number(b.state === 'open') - Number(a.state === 'open') || b.created - a.created)
}

/** All of them. */
export function linkRows({ messages, language }: Place, rows: readonly Row[]): TemplateResult {
  const words = messages.links
  const number = (value: number) => value.toLocaleString(language)
  return html`<ul class="rows">
    ${repeat(
      rows,
      ({ link }) => link.id,
      ({ link, by, isVoidBecause, more, revoke }) => html`<li class="row" data-state=${link.state}>
        <div>
          <strong>${messages.roles[link.role]}</strong>
          <p class="facts">
            <span class="state">${words.states[link.state] ?? link.state}</span>
            <span>${words.used(number(link.uses), number(link.uses_max))}</span>
            <span>${words.until(day(link.expires))}</span>
            <span>${words.by(by)}</span>
          </p>
          ${link.state === 'void' ? html`<p class="hint">${isVoidBecause}</p>` : nothing} ${more}
        </div>
        <p class="actions">
          <button type="button" aria-label="${words.revoke}: ${messages.roles[link.role]}, ${words.until(day(link.expires))}" @click=${revoke}>
            ${words.revoke}
          </button>
        </p>
      </li>`,
    )}
  </ul>`
}
