import { html, nothing, type TemplateResult } from 'lit'
import { createStatement, type Group, type Kind, type Statement } from '../api.ts'
import type { Place } from '../pages.ts'
import { choice, field } from '../parts/field.ts'
import { PageElement } from '../parts/page-element.ts'
import { pathOf } from '../router.ts'

/** The statements of one's groups, or, without a line, those that are kept on this device. */
export class Statements extends PageElement {
  static override properties = { ...PageElement.properties, place: { attribute: false } }

  declare place: Place

  async #begin(group: Group): Promise<void> {
    const { messages, session, dialog, go } = this.place
    const kinds = Object.entries(messages.kinds)
    let id = ''
    const isMade = await dialog.fill(
      {
        title: messages.newStatementIn(group.name),
        yes: messages.begin,
        content: html`${field({ name: 'title', label: messages.title, lengthMax: 300, hasFocus: true })}
        ${choice('kind', messages.kind, kinds)}`,
      },
      async data => {
        id = (await createStatement(group.id, String(data.get('title')).trim(), data.get('kind') as Kind)).id
      },
    )
    if (!isMade) return
    await session.ask()
    go(pathOf('statement', { id }))
  }

  #statement({ id, title, stage, kind, access, documents }: Statement): TemplateResult {
    const { messages, session } = this.place
    return html`<li>
      <a class="statement" href=${pathOf('statement', { id })}>
        <strong><bdi>${title}</bdi></strong>
        <span class="facts">
          <span class="stage" data-stage=${stage}>${messages.stages[stage] ?? stage}</span>
          <span>${messages.kinds[kind] ?? kind}</span>
          <span>${access === 'write' ? messages.mayWrite : messages.mayRead}</span>
          ${session.kept?.has(documents.body) ? html`<span class="kept">${messages.kept}</span>` : nothing}
        </span>
        ${session.unsaved.has(documents.body) ? html`<span class="warning">${messages.unsaved}</span>` : nothing}
      </a>
    </li>`
  }

  #group(group: Group): TemplateResult {
    const { messages, here } = this.place
    const own = here.statements.filter(statement => statement.group.id === group.id)
    const mayBegin = !here.isOffline && (group.role === 'coordinator' || group.role === 'drafter')
    if (here.user.guest) {
      return html`<p class="note calm">${messages.account.guestHere}</p>
        <ul class="statements">
          ${own.map(statement => this.#statement(statement))}
        </ul>`
    }
    return html`<section aria-labelledby="group-${group.id}">
      <div class="head">
        <div>
          <h2 id="group-${group.id}">
            ${here.user.guest || here.isOffline
              ? html`<bdi>${group.name}</bdi>`
              : html`<a href=${pathOf('group', { id: group.id })}><bdi>${group.name}</bdi></a>`}
          </h2>
          <p class="quiet">${messages.myRole(messages.roles[group.role] ?? group.role)}</p>
        </div>
        ${mayBegin
          ? html`<button type="button" @click=${() => void this.#begin(group)}>${messages.newStatement}</button>`
          : nothing}
      </div>
      ${own.length > 0
        ? html`<ul class="statements">
            ${own.map(statement => this.#statement(statement))}
          </ul>`
        : html`<p class="empty">${messages.noStatements}</p>`}
    </section>`
  }

  override render(): TemplateResult {
    const { messages, here } = this.place
    const { groups, isOffline } = here
    const empty = isOffline ? messages.offlineNone : messages.noGroups
    return html`
      <h1 tabindex="-1">${messages.statements}</h1>
      ${isOffline
        ? html`<p class="note" role="status"><strong>${messages.offline}</strong> ${groups.length > 0 ? messages.offlineList : nothing}</p>`
        : nothing}
      ${groups.length === 0 ? html`<p class="empty">${empty}</p>` : nothing}
      ${groups.map(group => this.#group(group))}
    `
  }
}

customElements.define('plenary-statements', Statements)
