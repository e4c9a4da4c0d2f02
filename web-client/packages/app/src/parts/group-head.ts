// What is at the top of every page of a group, as templates.

import { html, nothing, type TemplateResult } from 'lit'
import type { GroupDetails, GroupFacts, Names } from '../api/groups.ts'
import type { Place } from '../pages.ts'
import { type PageName, pathOf } from '../router.ts'
import { standingIn } from '../standing.ts'
import { nameIn, stateName } from './local.ts'

/** What a group is about, as a line of facts. */
export function groupFacts({ messages, language }: Place, { kind, state, session, themes }: GroupFacts): TemplateResult {
  const review = [state && stateName(state, language), session].filter(Boolean).join(', ')
  return html`<span>${messages.groups.kinds[kind] ?? kind}</span>
    ${review === '' ? nothing : html`<span><bdi>${review}</bdi></span>`}
    ${themes.map(theme => html`<span><bdi>${theme}</bdi></span>`)}`
}

/** What an organisation is called, marked with the language that is in. */
export function organisation(names: Names, language: string): TemplateResult {
  const found = nameIn(names, language)
  return html`<bdi lang=${found.language}>${found.name}</bdi>`
}

/** What the group of a page is called, as far as that is known without asking. */
export const groupName = ({ here, params, messages }: Place, group: GroupDetails | null = null): string =>
  group?.name ?? here.groups.find(({ id }) => id === params['id'])?.name ?? messages.groups.title

/** The name, what is known, and the pages of this group that are for this person. `current`: which of them this is. */
export function groupHead(place: Place, group: GroupDetails | null, current: PageName): TemplateResult {
  const { messages, here, params } = place
  const id = params['id'] ?? ''
  const standing = standingIn(here, id, group)
  const pages: [PageName, string, boolean][] = [
    ['group', messages.groups.members, true],
    ['groupLinks', messages.links.title, standing.manages || standing.admitsAs.length > 0],
    ['groupEmbedding', messages.embedding.ofGroup, standing.switches],
    ['groupLog', messages.log.title, standing.readsLog],
  ]
  const offered = pages.filter(([, , isOffered]) => isOffered)
  return html`
    <h1 tabindex="-1"><bdi>${groupName(place, group)}</bdi></h1>
    <p class="facts">
      ${group ? groupFacts(place, group) : nothing}
      <span>${standing.role ? messages.myRole(messages.roles[standing.role]) : messages.groups.notMember}</span>
    </p>
    ${group?.status === 'archived' ? html`<p class="note calm">${messages.groups.archived}</p>` : nothing}
    ${offered.length > 1
      ? html`<nav class="sections" aria-label=${messages.groups.sections}>
          ${offered.map(
            ([page, words]) => html`<a href=${pathOf(page, { id })} aria-current=${page === current ? 'page' : nothing}>${words}</a>`,
          )}
        </nav>`
      : nothing}
  `
}
