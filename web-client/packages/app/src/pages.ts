// The pages, and how to add one.
//
// A page is what an address shows to somebody who is signed in. One more takes:
//   1. its address: a line in `paths` (router.ts); `routes/assets.rs` of the server if its first part is new;
//   2. its file in `pages/`: an element that extends `PageElement` (light DOM: one style sheet serves all);
//   3. its line in `pages` below; with `load` when few people open it, so that the rest need not fetch it;
//   4. its words in all files of `messages/`, of which `en.ts` says which there are; its requests in `api.ts`.
// What stands in place of the page when a link was followed (an invitation, say) is in `arrivals.ts`.
//
// What pages are made of is in `parts/`:
//   - `field.ts`: fields, choices and ticks with label, hint and problem; `submission.ts`: a form's way to the server,
//     which says in words what went wrong and sends nothing twice;
//   - `dialog.ts`: a question (`ask`) or a form (`fill`) over the page; there is one, handed to pages as `place.dialog`;
//   - lists: `<ul class="rows">` of `<li class="row">`, `.facts` for what is known of one, `.actions` for what can be done,
//     `.empty` where there is none; notes: `.note` (something to know), `.calm` (nothing to do), `.problem`.
// After a request has changed what the server tells of groups or statements: `place.session.ask()`. Whoever is signed
// out meanwhile is shown the way in by the shell (`plenary-app.ts`); a page does not see to that.

import { html, type TemplateResult } from 'lit'
import { keyed } from 'lit/directives/keyed.js'
import type { Messages } from './messages/en.ts'
import './pages/statement.ts'
import './pages/statements.ts'
import type { Dialog } from './parts/dialog.ts'
import type { PageName } from './router.ts'
import type { Inside, Session } from './session.ts'

/** All that a page may lean on. A new one with each change of anything in it. */
export interface Place {
  messages: Messages
  /** The language of the pages, a tag such as `ar`. */
  language: string
  session: Session
  here: Inside
  /** What the address says, by the names in `paths`. */
  params: Readonly<Record<string, string>>
  dialog: Dialog
  /** Goes to another page as a link does. `path`: see `pathOf`. */
  go: (path: string) => void
  /** The person wants to sign in again, over the page. */
  signIn: () => void
  /** The person wants to set up the second factor that the server asks them for, over the page. */
  setUpSecondFactor: () => void
}

/** One page. */
export interface Page {
  /** Of the window, and so of the browser's history. */
  title(place: Place): string
  /** Shows it; `null` when there is no such thing for this person, which is then said. */
  render(place: Place): TemplateResult | null
  /** From edge to edge, not a column. */
  isWide?: boolean
  /** Fetches its code the first time it is opened. */
  load?: () => Promise<unknown>
}

const statementOf = ({ here, params }: Place) => here.statements.find(({ id }) => id === params['id'])

const forMembers = ({ here }: Place, page: TemplateResult) => (here.user.guest ? null : page)
const forAdministrators = ({ here }: Place, page: TemplateResult) => (here.user.administrator ? page : null)

const groupOf = ({ here, params }: Place) => here.groups.find(({ id }) => id === params['id'])
const groupTitle = (place: Place, words: string) => `${words} · ${groupOf(place)?.name ?? place.messages.groups.title}`

// Another group is another element: nothing of one is ever shown for the other.
const ofGroup = (place: Place, page: TemplateResult) =>
  groupOf(place) || place.here.user.administrator ? html`${keyed(place.params['id'], page)}` : null

/** Every page by its name. */
export const pages: Record<PageName, Page> = {
  statements: {
    title: ({ messages }) => messages.statements,
    render: place => html`<plenary-statements .messages=${place.messages} .place=${place}></plenary-statements>`,
  },
  statement: {
    isWide: true,
    title: place => statementOf(place)?.title ?? place.messages.missingTitle,
    render(place) {
      const statement = statementOf(place)
      if (!statement) return null
      return html`<plenary-statement-page
        .messages=${place.messages}
        .place=${place}
        .statement=${statement}
      ></plenary-statement-page>`
    },
  },
  account: {
    title: ({ messages }) => messages.account.title,
    load: () => import('./pages/account.ts'),
    render: place =>
      place.here.user.guest ? null : html`<plenary-account .messages=${place.messages} .place=${place}></plenary-account>`,
  },
  groups: {
    title: ({ messages }) => messages.groups.title,
    load: () => import('./pages/groups.ts'),
    render: place => forMembers(place, html`<plenary-groups .messages=${place.messages} .place=${place}></plenary-groups>`),
  },
  group: {
    title: place => groupTitle(place, place.messages.groups.members),
    load: () => import('./pages/group.ts'),
    render: place => ofGroup(place, html`<plenary-group-page .messages=${place.messages} .place=${place}></plenary-group-page>`),
  },
  groupLinks: {
    title: place => groupTitle(place, place.messages.links.title),
    load: () => import('./pages/group-links.ts'),
    render: place => ofGroup(place, html`<plenary-group-links .messages=${place.messages} .place=${place}></plenary-group-links>`),
  },
  groupEmbedding: {
    title: place => groupTitle(place, place.messages.embedding.ofGroup),
    load: () => import('./pages/group-embedding.ts'),
    render: place =>
      ofGroup(place, html`<plenary-group-embedding .messages=${place.messages} .place=${place}></plenary-group-embedding>`),
  },
  groupLog: {
    title: place => groupTitle(place, place.messages.log.title),
    load: () => import('./pages/audit.ts'),
    render: place => ofGroup(place, html`<plenary-audit .messages=${place.messages} .place=${place}></plenary-audit>`),
  },
  interests: {
    title: ({ messages }) => messages.interests.title,
    load: () => import('./pages/interests.ts'),
    render: place => forMembers(place, html`<plenary-interests .messages=${place.messages} .place=${place}></plenary-interests>`),
  },
  embedding: {
    title: ({ messages }) => messages.embedding.title,
    load: () => import('./pages/keys.ts'),
    render: place => forAdministrators(place, html`<plenary-keys .messages=${place.messages} .place=${place}></plenary-keys>`),
  },
  log: {
    title: ({ messages }) => messages.log.title,
    load: () => import('./pages/audit.ts'),
    render: place => forAdministrators(place, html`<plenary-audit .messages=${place.messages} .place=${place}></plenary-audit>`),
  },
}
