import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import { call, type User } from '../api.ts'
import { type AuditEntry, newestEntries } from '../api/audit.ts'
import { listGroups, listMembers, listPastMembers, type Names, showGroup } from '../api/groups.ts'
import { groupHead } from '../parts/group-head.ts'
import { Loading } from '../parts/loading.ts'
import { nameIn } from '../parts/local.ts'
import { PlaceElement } from '../parts/place-element.ts'
import { day } from '../when.ts'

/** What the ids in a log are called, as far as this person may know. */
type Called = ReadonlyMap<string, string | Names>

async function calledInGroup(group: string): Promise<Called> {
  const [members, past] = await Promise.all([listMembers(group), listPastMembers(group)])
  return new Map([...past, ...members].flatMap(({ user }) => (user.name === null ? [] : [[user.id, user.name]])))
}

async function calledOnServer(): Promise<Called> {
  const [{ users }, groups, { organisations }] = await Promise.all([
    call<{ users: User[] }>('GET', '/api/v1/users'),
    listGroups(),
    call<{ organisations: { id: string; names: Names }[] }>('GET', '/api/v1/organisations'),
  ])
  return new Map<string, string | Names>([
    ...users.map(({ id, name }): [string, string] => [id, name]),
    ...groups.map(({ id, name }): [string, string] => [id, name]),
    ...organisations.map(({ id, names }): [string, Names] => [id, names]),
  ])
}

/** What was changed in a group, or on the server: in sentences, newest first. */
export class Audit extends PlaceElement {
  readonly #group = new Loading(this, async () => (this.#id === null ? null : showGroup(this.#id)))
  readonly #called = new Loading<Called>(this, () => (this.#id === null ? calledOnServer() : calledInGroup(this.#id)))
  readonly #newest = new Loading(this, () => newestEntries(this.#id, null))
  /** Those that were asked for after the newest. */
  readonly #older: Loading<AuditEntry[]> = new Loading<AuditEntry[]>(this, async () => {
    const last = this.#entries.at(-1)
    return last === undefined ? [] : [...(this.#older.value ?? []), ...(await newestEntries(this.#id, last.seq))]
  })

  /** Whose log; `null`: the server's. */
  get #id(): string | null {
    return this.place.params['id'] ?? null
  }

  get #entries(): AuditEntry[] {
    return [...(this.#newest.value ?? []), ...(this.#older.value ?? [])]
  }

  async #showOlder(): Promise<void> {
    const last = this.#entries.at(-1)
    await this.#older.load()
    // The keyboard goes on where the new ones begin.
    const next = last && this.querySelector<HTMLElement>(`[data-seq="${last.seq - 1}"]`)
    next?.focus()
  }

  #name(id: string | undefined): string | null {
    const { here, language } = this.place
    if (id === undefined) return null
    const called = this.#called.value?.get(id)
    if (typeof called === 'string') return called
    if (called !== undefined) return nameIn(called, language).name
    if (id === here.user.id) return here.user.name
    return here.statements.find(statement => statement.id === id)?.title ?? here.groups.find(group => group.id === id)?.name ?? null
  }

  #who({ kind, user }: AuditEntry['actor']): string {
    const { log } = this.place.messages
    const name = this.#name(user)
    return kind === 'user' || name !== null ? (name ?? log.somebody) : (log.actors[kind] ?? log.somebody)
  }

  #what({ about }: AuditEntry): string {
    const { log } = this.place.messages
    if (about?.statement) return this.#name(about.statement) ?? log.aStatement
    if (about?.organisation) return this.#name(about.organisation) ?? log.anOrganisation
    return this.#name(about?.group ?? this.#id ?? undefined) ?? log.aGroup
  }

  #sentence(entry: AuditEntry): TemplateResult {
    const { messages } = this.place
    const { log } = messages
    const { actor, action, about, from, to } = entry
    const isLeaving = action === 'member-removed' && about?.user === actor.user
    const known = log.actions[isLeaving ? 'member-left' : action]
    const named = (word: string | undefined) =>
      word === undefined ? '' : ((messages.roles as Record<string, string>)[word] ?? (messages.stages as Record<string, string>)[word] ?? word)
    const values: Record<string, string> = {
      '{who}': this.#who(actor),
      '{whom}': this.#name(about?.user ?? actor.user) ?? log.somebody,
      '{what}': known === undefined ? action : this.#what(entry),
      '{from}': named(from),
      '{to}': named(to),
    }
    // Names run as their letters do, whatever is around them.
    const parts = (known ?? log.unknown).split(/(\{\w+\})/)
    return html`${parts.map(part => (part in values ? html`<bdi>${values[part]}</bdi>` : part))}`
  }

  #list(): TemplateResult {
    const { messages, language } = this.place
    const words = messages.log
    const entries = this.#entries
    if (entries.length === 0) return html`<p class="empty">${words.none}</p>`
    const clock = new Intl.DateTimeFormat(language, { timeStyle: 'short' })
    const days: { day: string; entries: AuditEntry[] }[] = []
    for (const entry of entries) {
      const name = day(entry.at)
      if (days.at(-1)?.day !== name) days.push({ day: name, entries: [] })
      days.at(-1)!.entries.push(entry)
    }
    return html`${days.map(
        ({ day, entries }) => html`<h2 class="day">${day}</h2>
          <ol class="log">
            ${repeat(
              entries,
              ({ seq }) => seq,
              entry => html`<li data-seq=${entry.seq} tabindex="-1">
                <time datetime=${new Date(entry.at).toISOString()}>${clock.format(entry.at)}</time>
                <span>${this.#sentence(entry)}</span>
              </li>`,
            )}
          </ol>`,
      )}
      ${entries.at(-1)!.seq > 1
        ? html`<p class="actions">
            <button type="button" ?disabled=${this.#older.isBusy} @click=${() => void this.#showOlder()}>
              ${this.#older.isBusy ? messages.loading : words.older}
            </button>
          </p>`
        : html`<p class="hint">${words.beginning}</p>`}`
  }

  override render(): TemplateResult {
    const { messages } = this.place
    const words = messages.log
    return html`
      ${this.#id === null
        ? html`<h1 tabindex="-1">${words.title}</h1>`
        : groupHead(this.place, this.#group.value, 'groupLog')}
      <p class="lead">${this.#id === null ? words.ofServer : words.ofGroup}</p>
      ${this.#newest.content(() => this.#called.content(() => this.#list()))} ${this.#older.content(() => nothing)}
    `
  }
}

customElements.define('plenary-audit', Audit)
