import { html, nothing, type TemplateResult } from 'lit'
import type { Role, Statement } from '../api.ts'
import { showGroup } from '../api/groups.ts'
import {
  createGuestLink,
  type GuestLink,
  type Invitation,
  invite,
  listGuestLinks,
  listInvitations,
  revokeGuestLink,
  revokeInvitation,
  type Terms,
} from '../api/invitations.ts'
import { count, duration, outcome, roleChoice } from '../parts/choices.ts'
import { choice, field } from '../parts/field.ts'
import '../parts/fresh-link.ts'
import { groupHead } from '../parts/group-head.ts'
import { inOrder, linkRows } from '../parts/link-rows.ts'
import { Loading } from '../parts/loading.ts'
import { PlaceElement } from '../parts/place-element.ts'
import { standingIn } from '../standing.ts'

const USES_MAX = 100
// What the server takes at most is 14 and 90 days.
const INVITATION_DAYS = [1, 3, 7, 14]
const GUEST_DAYS = [1, 3, 7, 14, 30, 90]
const DAYS = 3

type OfStatement = { statement: Statement; links: GuestLink[] }
type Kind = 'invitation' | 'guest'

const termsOf = (data: FormData): Terms => ({
  role: data.get('role') as Role,
  uses: Number(data.get('uses')),
  expires: String(data.get('expires')),
})

/** Invitations into a group, and links by which guests come to its statements. */
export class GroupLinks extends PlaceElement {
  static override properties = { ...PlaceElement.properties, fresh: { state: true } }

  /** The link that was just made. */
  protected declare fresh: { link: string; kind: Kind } | null

  readonly #group = new Loading(this, () => showGroup(this.#id))
  readonly #invitations = new Loading(this, async () => (this.#manages ? listInvitations(this.#id) : []))
  readonly #guestLinks = new Loading(this, () => this.#askForGuestLinks())

  constructor() {
    super()
    this.fresh = null
  }

  get #id(): string {
    return this.place.params['id'] ?? ''
  }

  get #manages(): boolean {
    return standingIn(this.place.here, this.#id, this.#group.value).manages
  }

  get #statements(): Statement[] {
    return this.place.here.statements.filter(({ group }) => group.id === this.#id)
  }

  // One after the other: there are few, and the server is asked by many.
  async #askForGuestLinks(): Promise<OfStatement[]> {
    const found: OfStatement[] = []
    const { role, manages } = standingIn(this.place.here, this.#id, this.#group.value)
    if (!role || (!manages && role !== 'drafter')) return found
    for (const statement of this.#statements) {
      const links = await listGuestLinks(statement.id).catch(error => {
        // To a drafter where drafters make no links.
        if (error instanceof Error && 'code' in error && (error.code === 'role' || error.code === 'condition')) return []
        throw error
      })
      found.push({ statement, links })
    }
    return found
  }

  async #show(path: string, kind: Kind): Promise<void> {
    this.fresh = { link: `${location.origin}${path}`, kind }
    await (kind === 'invitation' ? this.#invitations : this.#guestLinks).load()
  }

  async #invite(roles: readonly Role[]): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.links
    let path = ''
    this.said = ''
    const isDone = await dialog.fill(
      {
        title: words.inviteTitle,
        yes: words.make,
        content: html`${roleChoice(messages, roles, 'drafter', true)}
          ${field({ name: 'email', label: words.forOne, type: 'email', hint: words.forOneHint, isRequired: false })}
          ${count('uses', words.uses, 1, USES_MAX)} ${duration(messages, INVITATION_DAYS, DAYS)}`,
      },
      async data => {
        path = (await invite(this.#id, termsOf(data), String(data.get('email')).trim() || null)).path
      },
    )
    if (isDone) await this.#show(path, 'invitation')
  }

  async #admit(roles: readonly Role[]): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.links
    const statements = this.#statements.map(({ id, title }): [string, string] => [id, title])
    let path = ''
    this.said = ''
    const isDone = await dialog.fill(
      {
        title: words.newGuestLink,
        yes: words.make,
        content: html`${choice('statement', words.statement, statements)} ${roleChoice(messages, roles, 'commenter')}
          ${count('uses', words.uses, 1, USES_MAX)} ${duration(messages, GUEST_DAYS, DAYS)}`,
      },
      async data => {
        path = (await createGuestLink(String(data.get('statement')), termsOf(data))).path
      },
    )
    if (isDone) await this.#show(path, 'guest')
  }

  async #revoke(title: string, explained: string, request: () => Promise<void>, kind: Kind): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.links
    const isDone = await dialog.fill(
      { title, yes: words.revoke, no: words.keep, isGrave: true, content: html`<p>${explained}</p>` },
      request,
    )
    if (!isDone) return
    if (this.fresh?.kind === kind) this.fresh = null
    await (kind === 'invitation' ? this.#invitations : this.#guestLinks).load()
    this.said = words.revoked
    this.querySelector<HTMLElement>(kind === 'invitation' ? '#invitations' : '#guests')?.focus()
  }

  #freshLink(kind: Kind): TemplateResult | typeof nothing {
    if (this.fresh?.kind !== kind) return nothing
    const close = () => {
      this.fresh = null
      this.querySelector<HTMLElement>(kind === 'invitation' ? '#invitations' : '#guests')?.focus()
    }
    return html`<plenary-fresh-link .messages=${this.place.messages} .link=${this.fresh.link} @done=${close}></plenary-fresh-link>`
  }

  #invitationRows(invitations: Invitation[]): TemplateResult {
    const words = this.place.messages.links
    if (invitations.length === 0) return html`<p class="empty">${words.noInvitations}</p>`
    return linkRows(
      this.place,
      inOrder(invitations).map(link => ({
        link,
        by: link.inviter.name ?? words.operator,
        isVoidBecause: words.voidInvitation,
        more: link.email ? html`<p class="hint"><bdi>${words.only(link.email)}</bdi></p>` : nothing,
        revoke: () =>
          void this.#revoke(
            words.revokeInvitation,
            words.revokeInvitationExplained,
            () => revokeInvitation(this.#id, link.id),
            'invitation',
          ),
      })),
    )
  }

  #guestRows(all: OfStatement[]): TemplateResult {
    const { messages, language } = this.place
    const words = messages.links
    const some = all.filter(({ links }) => links.length > 0)
    if (this.#statements.length === 0) return html`<p class="empty">${words.noStatements}</p>`
    if (some.length === 0) return html`<p class="empty">${words.noGuestLinks}</p>`
    const list = new Intl.ListFormat(language)
    return html`${some.map(
      ({ statement, links }) => html`<h3><bdi>${statement.title}</bdi></h3>
        ${linkRows(
          this.place,
          inOrder(links).map(link => ({
            link,
            by: link.creator.name ?? words.operator,
            isVoidBecause: words.voidLink,
            more:
              link.guests.length > 0
                ? html`<p class="hint"><bdi>${words.came(list.format(link.guests.map(({ name }) => name)))}</bdi></p>`
                : nothing,
            revoke: () =>
              void this.#revoke(words.revokeLink, words.revokeLinkExplained, () => revokeGuestLink(statement.id, link.id), 'guest'),
          })),
        )}`,
    )}`
  }

  override render(): TemplateResult {
    const { messages, here } = this.place
    const words = messages.links
    const group = this.#group.value
    const standing = standingIn(here, this.#id, group)
    return html`
      ${groupHead(this.place, group, 'groupLinks')} ${this.#group.content(() => nothing)} ${outcome(this.said)}
      ${group && standing.manages
        ? html`<section aria-labelledby="invitations">
            <div class="head">
              <h2 id="invitations" tabindex="-1">${words.invitations}</h2>
              ${standing.invitesAs.length > 0
                ? html`<button type="button" @click=${() => void this.#invite(standing.invitesAs)}>${words.invite}</button>`
                : nothing}
            </div>
            <p class="lead">${words.invitationsExplained}</p>
            ${this.#freshLink('invitation')} ${this.#invitations.content(invitations => this.#invitationRows(invitations))}
          </section>`
        : nothing}
      ${group && standing.role && (standing.manages || standing.admitsAs.length > 0)
        ? html`<section aria-labelledby="guests">
            <div class="head">
              <h2 id="guests" tabindex="-1">${words.guests}</h2>
              ${standing.admitsAs.length > 0 && this.#statements.length > 0
                ? html`<button type="button" @click=${() => void this.#admit(standing.admitsAs)}>${words.newGuestLink}</button>`
                : nothing}
            </div>
            <p class="lead">${words.guestsExplained}</p>
            ${this.#freshLink('guest')} ${this.#guestLinks.content(links => this.#guestRows(links))}
          </section>`
        : nothing}
    `
  }
}

customElements.define('plenary-group-links', GroupLinks)
