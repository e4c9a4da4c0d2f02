import { html, nothing, type TemplateResult } from 'lit'
import type { Group, Statement } from '../api.ts'
import { PageElement } from '../parts/page-element.ts'
import { statementPath } from '../router.ts'

/** The statements of one's groups, or, without a line, those that are kept on this device. */
export class StatementList extends PageElement {
  static override properties = {
    ...PageElement.properties,
    groups: { attribute: false },
    statements: { attribute: false },
    kept: { attribute: false },
    unsaved: { attribute: false },
    isOffline: { attribute: false },
  }

  declare groups: Group[]
  declare statements: Statement[]
  /** Body documents on this device; `null` where nothing is to be kept, or while it is not known. */
  declare kept: ReadonlySet<string> | null
  /** Body documents with changes that the server does not have. */
  declare unsaved: ReadonlySet<string>
  declare isOffline: boolean

  #statement({ id, title, stage, kind, access, documents }: Statement): TemplateResult {
    const { messages, kept, unsaved } = this
    const isKept = kept?.has(documents.body) ?? false
    return html`<li>
      <a class="statement" href=${statementPath(id)}>
        <strong><bdi>${title}</bdi></strong>
        <span class="facts">
          <span class="stage" data-stage=${stage}>${messages.stages[stage] ?? stage}</span>
          <span>${messages.kinds[kind] ?? kind}</span>
          <span>${access === 'write' ? messages.mayWrite : messages.mayRead}</span>
          ${isKept ? html`<span class="kept">${messages.kept}</span>` : nothing}
        </span>
        ${unsaved.has(documents.body) ? html`<span class="warning">${messages.unsaved}</span>` : nothing}
      </a>
    </li>`
  }

  override render(): TemplateResult {
    const { messages, groups, statements, isOffline } = this
    const empty = isOffline ? messages.offlineNone : messages.noGroups
    return html`
      <h1 tabindex="-1">${messages.statements}</h1>
      ${isOffline
        ? html`<p class="note" role="status"><strong>${messages.offline}</strong> ${groups.length > 0 ? messages.offlineList : nothing}</p>`
        : nothing}
      ${groups.length === 0 ? html`<p class="empty">${empty}</p>` : nothing}
      ${groups.map(group => {
        const own = statements.filter(statement => statement.group.id === group.id)
        return html`<section aria-labelledby="group-${group.id}">
          <h2 id="group-${group.id}"><bdi>${group.name}</bdi></h2>
          <p class="quiet">${messages.myRole(messages.roles[group.role] ?? group.role)}</p>
          ${own.length > 0
            ? html`<ul class="statements">
                ${own.map(statement => this.#statement(statement))}
              </ul>`
            : html`<p class="empty">${messages.noStatements}</p>`}
        </section>`
      })}
    `
  }
}

customElements.define('plenary-statement-list', StatementList)
