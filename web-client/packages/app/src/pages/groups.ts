import { html, nothing, type TemplateResult } from 'lit'
import { createGroup, type GroupDetails, listGroups } from '../api/groups.ts'
import { groupFacts } from '../parts/group-head.ts'
import { groupFactsOf, groupFields } from '../parts/group-fields.ts'
import { Loading } from '../parts/loading.ts'
import { PlaceElement } from '../parts/place-element.ts'
import { pathOf } from '../router.ts'

/** The groups one is in, and to an administrator those that exist beside them. */
export class Groups extends PlaceElement {
  readonly #groups = new Loading(this, listGroups)

  async #make(): Promise<void> {
    const { messages, dialog, go, session } = this.place
    let made: GroupDetails | null = null
    await dialog.fill(
      { title: messages.groups.new, yes: messages.groups.make, content: groupFields(this.place, null) },
      async data => {
        made = await createGroup(groupFactsOf(data))
      },
    )
    if (!made) return
    await session.ask()
    go(pathOf('group', { id: (made as GroupDetails).id }))
  }

  #group(group: GroupDetails): TemplateResult {
    const { messages, here } = this.place
    const role = here.groups.find(({ id }) => id === group.id)?.role
    return html`<li>
      <a class="statement" href=${pathOf('group', { id: group.id })}>
        <strong><bdi>${group.name}</bdi></strong>
        <span class="facts">
          ${role ? html`<span class="role">${messages.roles[role]}</span>` : nothing} ${groupFacts(this.place, group)}
        </span>
        ${group.status === 'archived' ? html`<span class="quiet">${messages.groups.archived}</span>` : nothing}
      </a>
    </li>`
  }

  #list(groups: GroupDetails[]): TemplateResult {
    const { messages, here } = this.place
    const words = messages.groups
    const isMine = ({ id }: GroupDetails) => here.groups.some(group => group.id === id)
    const mine = groups.filter(isMine)
    const others = groups.filter(group => !isMine(group))
    const isNone = mine.length === 0 && (!here.user.administrator || others.length === 0)
    return html`
      ${isNone ? html`<p class="empty">${here.user.administrator ? words.noneYet : words.none}</p>` : nothing}
      ${mine.length > 0
        ? html`<ul class="statements">
            ${mine.map(group => this.#group(group))}
          </ul>`
        : nothing}
      ${others.length > 0
        ? html`<section aria-labelledby="other-groups">
            <h2 id="other-groups">${words.others}</h2>
            <p class="lead">${words.othersExplained}</p>
            <ul class="statements">
              ${others.map(group => this.#group(group))}
            </ul>
          </section>`
        : nothing}
    `
  }

  override render(): TemplateResult {
    const { messages, here } = this.place
    return html`
      <div class="head">
        <h1 tabindex="-1">${messages.groups.title}</h1>
        ${here.user.administrator
          ? html`<button type="button" @click=${() => void this.#make()}>${messages.groups.new}</button>`
          : nothing}
      </div>
      ${this.#groups.content(groups => this.#list(groups))}
    `
  }
}

customElements.define('plenary-groups', Groups)
