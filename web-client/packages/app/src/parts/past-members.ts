import { html, nothing, type TemplateResult } from 'lit'
import { listPastMembers, type Member, type PastMember } from '../api/groups.ts'
import { day } from '../when.ts'
import { organisation } from './group-head.ts'
import { Loading } from './loading.ts'
import { PlaceElement } from './place-element.ts'

/** Who was in a group: fetched when somebody wants to know. */
export class PastMembers extends PlaceElement {
  static override properties = {
    ...PlaceElement.properties,
    members: { attribute: false },
    isOpen: { state: true },
  }

  /** Who is in it now, by whom somebody may have been removed. */
  declare members: Member[] | null
  protected declare isOpen: boolean

  #past: Loading<PastMember[]> | null = null

  constructor() {
    super()
    this.isOpen = false
    this.members = null
  }

  protected override updated(changed: Map<PropertyKey, unknown>): void {
    // Somebody may just have gone.
    if (changed.has('members') && changed.get('members') && this.isOpen) void this.#past?.load()
  }

  #toggle(event: Event): void {
    this.isOpen = (event.currentTarget as HTMLDetailsElement).open
    if (!this.isOpen) return
    if (this.#past) void this.#past.load()
    else this.#past = new Loading(this, () => listPastMembers(this.place.params['id'] ?? ''))
  }

  #ended({ user, ended_by: by }: PastMember, past: PastMember[]): string {
    const words = this.place.messages.groups
    if (by === user.id) return words.left
    const known = [...(this.members ?? []), ...past].find(member => member.user.id === by)
    return words.removedBy(known?.user.name ?? words.anAdministrator)
  }

  #list(past: PastMember[]): TemplateResult {
    const { messages, language } = this.place
    const words = messages.groups
    if (past.length === 0) return html`<p class="empty">${words.noPast}</p>`
    return html`<ul class="rows">
      ${[...past].sort((a, b) => b.until - a.until).map(
        member => html`<li class="row">
          <div>
            <strong><bdi>${member.user.name ?? words.unknown}</bdi></strong>
            <p class="facts">
              <span>${messages.roles[member.role]}</span>
              ${member.contact_person ? html`<span>${words.contactPerson}</span>` : nothing}
              ${member.user.organisation ? html`<span>${organisation(member.user.organisation.names, language)}</span>` : nothing}
              <span>${words.was(day(member.since), day(member.until))}</span>
              <span>${this.#ended(member, past)}</span>
            </p>
          </div>
        </li>`,
      )}
    </ul>`
  }

  override render(): TemplateResult {
    const words = this.place.messages.groups
    return html`<section>
      <details @toggle=${this.#toggle}>
        <summary><h2>${words.past}</h2></summary>
        ${this.#past?.content(past => this.#list(past)) ?? nothing}
      </details>
    </section>`
  }
}

customElements.define('plenary-past-members', PastMembers)
