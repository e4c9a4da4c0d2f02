import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Role } from '../api.ts'
import {
  addMember,
  giveRole,
  listMembers,
  makeContactPerson,
  type Member,
  type Person,
  removeMember,
  showGroup,
} from '../api/groups.ts'
import { outcome, roleChoice } from '../parts/choices.ts'
import { field } from '../parts/field.ts'
import { groupHead, organisation } from '../parts/group-head.ts'
import '../parts/group-settings.ts'
import { Loading } from '../parts/loading.ts'
import { PlaceElement } from '../parts/place-element.ts'
import '../parts/past-members.ts'
import { pathOf } from '../router.ts'
import { type Standing, standingIn } from '../standing.ts'
import { day } from '../when.ts'

const ROLES: readonly Role[] = ['coordinator', 'drafter', 'commenter', 'observer']

/** Who is in a group, as what, and what may be done about that. */
export class GroupPage extends PlaceElement {
  readonly #group = new Loading(this, () => showGroup(this.#id))
  readonly #members = new Loading(this, () => listMembers(this.#id))

  get #id(): string {
    return this.place.params['id'] ?? ''
  }

  get #standing(): Standing {
    return standingIn(this.place.here, this.#id, this.#group.value)
  }

  #nameOf({ name }: Person): string {
    return name ?? this.place.messages.groups.unknown
  }

  // What was done is in the list, and said, before the keyboard goes on; whoever was in focus may be gone.
  async #done(words: string): Promise<void> {
    await Promise.all([this.#members.load(), this.place.session.ask()])
    this.said = words
    await this.updateComplete
    const focused = document.activeElement
    if (!focused || focused === document.body) this.querySelector<HTMLElement>('#members')?.focus()
  }

  async #add(): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.groups
    // The first one there is leads the group.
    const chosen: Role = this.#members.value?.length === 0 ? 'coordinator' : 'drafter'
    let name = ''
    const isDone = await dialog.fill(
      {
        title: words.add,
        yes: words.addIt,
        content: html`<p>${words.addExplained}</p>
          ${field({ name: 'email', label: messages.email, type: 'email', hasFocus: true })} ${roleChoice(messages, ROLES, chosen)}`,
      },
      async data => {
        const added = await addMember(this.#id, String(data.get('email')).trim(), data.get('role') as Role)
        name = this.#nameOf(added.user)
      },
    )
    if (isDone) await this.#done(words.added(name))
  }

  async #changeRole({ user, role }: Member): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.groups
    const name = this.#nameOf(user)
    let given = role
    const isDone = await dialog.fill(
      {
        title: words.changeRoleOf(name),
        yes: words.save,
        content: html`${roleChoice(messages, ROLES, role, true)}
          <p class="hint">${words.changeRoleExplained}</p>`,
      },
      async data => {
        given = data.get('role') as Role
        if (given !== role) await giveRole(this.#id, user.id, given)
      },
    )
    if (isDone && given !== role) await this.#done(words.roleChanged(name, messages.roles[given]))
  }

  async #handOver({ user }: Member): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.groups
    const name = this.#nameOf(user)
    const before = this.#members.value?.find(member => member.contact_person)
    const isDone = await dialog.fill(
      {
        title: words.handOverTo(name),
        yes: words.handOver,
        content: before ? html`<p>${words.handOverExplained(this.#nameOf(before.user))}</p>` : html``,
      },
      async () => void (await makeContactPerson(this.#id, user.id)),
    )
    if (isDone) await this.#done(words.handedOver(name))
  }

  async #remove({ user }: Member): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.groups
    const name = this.#nameOf(user)
    const isDone = await dialog.fill(
      {
        title: words.removeSomebody(name),
        yes: words.remove,
        no: words.keep,
        isGrave: true,
        content: html`<p>${words.removeExplained}</p>
          <p>${words.removeLinks}</p>`,
      },
      () => removeMember(this.#id, user.id),
    )
    if (isDone) await this.#done(words.removed(name))
  }

  async #leave({ user }: Member): Promise<void> {
    const { messages, dialog, session, go } = this.place
    const words = messages.groups
    const isDone = await dialog.fill(
      { title: words.leaveTitle, yes: words.leave, no: words.stay, isGrave: true, content: html`<p>${words.leaveExplained}</p>` },
      () => removeMember(this.#id, user.id),
    )
    if (!isDone) return
    await session.ask()
    go(pathOf('groups'))
  }

  #actions(member: Member): TemplateResult | typeof nothing {
    const { messages, here } = this.place
    const words = messages.groups
    const { manages } = this.#standing
    const { user, role, contact_person: isContact } = member
    const isMe = user.id === here.user.id
    const isArchived = this.#group.value?.status === 'archived'
    // The contact person stays, until another one is.
    const mayGo = !isContact || isArchived
    const name = this.#nameOf(user)
    const button = (label: string, act: () => Promise<void>) =>
      html`<button type="button" aria-label="${label}: ${name}" @click=${() => void act()}>${label}</button>`
    const buttons = [
      manages && !isContact ? button(words.changeRole, () => this.#changeRole(member)) : nothing,
      manages && !isContact && role === 'coordinator' ? button(words.handOver, () => this.#handOver(member)) : nothing,
      manages && !isMe && mayGo ? button(words.remove, () => this.#remove(member)) : nothing,
      isMe && mayGo
        ? html`<button type="button" @click=${() => void this.#leave(member)}>${words.leave}</button>`
        : nothing,
    ].filter(button => button !== nothing)
    return buttons.length > 0 ? html`<p class="actions">${buttons}</p>` : nothing
  }

  #member(member: Member): TemplateResult {
    const { messages, language, here } = this.place
    const words = messages.groups
    const { user, role, contact_person: isContact, since } = member
    const isMe = user.id === here.user.id
    return html`<li class="row">
      <div>
        <strong><bdi>${this.#nameOf(user)}</bdi></strong> ${isMe ? html`<span class="quiet">(${words.you})</span>` : nothing}
        ${isContact ? html`<span class="mark">${words.contactPerson}</span>` : nothing}
        <p class="facts">
          <span class="role">${messages.roles[role]}</span>
          ${user.organisation ? html`<span>${organisation(user.organisation.names, language)}</span>` : nothing}
          ${user.email ? html`<span><bdi>${user.email}</bdi></span>` : nothing}
          <span>${words.since(day(since))}</span>
        </p>
        ${user.organisation?.at_risk ? html`<p class="warning">${words.atRisk}</p>` : nothing}
      </div>
      ${this.#actions(member)}
    </li>`
  }

  #list(members: Member[]): TemplateResult {
    const words = this.place.messages.groups
    const { manages } = this.#standing
    if (members.length === 0) return html`<p class="empty">${words.noMembers}</p>`
    const isMine = members.some(member => member.contact_person && member.user.id === this.place.here.user.id)
    return html`<ul class="rows">
        ${repeat(members, ({ user }) => user.id, member => this.#member(member))}
      </ul>
      ${manages || isMine ? html`<p class="hint">${words.contactPersonExplained}</p>` : nothing}`
  }

  override render(): TemplateResult {
    const { messages } = this.place
    const words = messages.groups
    const { manages } = this.#standing
    const group = this.#group.value
    return html`
      ${groupHead(this.place, group, 'group')} ${this.#group.content(() => nothing)}
      <section aria-labelledby="members">
        <div class="head">
          <h2 id="members" tabindex="-1">${words.members}</h2>
          ${manages && group ? html`<button type="button" @click=${() => void this.#add()}>${words.add}</button>` : nothing}
        </div>
        ${outcome(this.said)} ${group ? this.#members.content(members => this.#list(members)) : nothing}
      </section>
      <section aria-labelledby="roles">
        <h2 id="roles">${words.roles}</h2>
        <dl class="meanings">
          ${ROLES.map(
            role => html`<div>
              <dt>${messages.roles[role]}</dt>
              <dd>${words.can[role]}</dd>
            </div>`,
          )}
        </dl>
      </section>
      ${group && (manages || this.#standing.role)
        ? html`<plenary-group-settings
            .messages=${messages}
            .place=${this.place}
            .group=${group}
            @group-changed=${() => void this.#group.load()}
          ></plenary-group-settings>`
        : nothing}
      ${manages && group
        ? html`<plenary-past-members .messages=${messages} .place=${this.place} .members=${this.#members.value}></plenary-past-members>`
        : nothing}
    `
  }
}

customElements.define('plenary-group-page', GroupPage)
