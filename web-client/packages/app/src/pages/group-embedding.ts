import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Role } from '../api.ts'
import { type EmbedGrant, grantEmbedding, listEmbedGrants, withdrawEmbedding } from '../api/embedding.ts'
import { showGroup } from '../api/groups.ts'
import { outcome, radios, roleChoice, ticks } from '../parts/choices.ts'
import { field } from '../parts/field.ts'
import { groupHead } from '../parts/group-head.ts'
import { Loading } from '../parts/loading.ts'
import { PlaceElement } from '../parts/place-element.ts'
import { problemWords } from '../parts/submission.ts'
import { standingIn } from '../standing.ts'
import { day } from '../when.ts'

const CAPS: readonly Role[] = ['drafter', 'commenter', 'observer']

/** In some statements, but none is ticked. */
class NoneChosen extends Error {}

/** Sites that may vouch for people in a group, for its coordinators. */
export class GroupEmbedding extends PlaceElement {
  readonly #group = new Loading(this, () => showGroup(this.#id))
  readonly #grants = new Loading(this, () => listEmbedGrants(this.#id))

  get #id(): string {
    return this.place.params['id'] ?? ''
  }

  async #done(words: string): Promise<void> {
    await this.#grants.load()
    this.said = words
    await this.updateComplete
    if (document.activeElement === document.body) this.querySelector<HTMLElement>('#grants')?.focus()
  }

  async #grant(): Promise<void> {
    const { messages, dialog, here } = this.place
    const words = messages.embedding
    const statements = here.statements.filter(({ group }) => group.id === this.#id)
    const isDone = await dialog.fill(
      {
        title: words.grantTitle,
        yes: words.grantIt,
        words: error => (error instanceof NoneChosen ? words.chooseOne : problemWords(error, messages)),
        content: html`${field({ name: 'issuer', label: words.issuer, hint: words.grantHint, isCode: true, hasFocus: true })}
          ${roleChoice(messages, CAPS, 'commenter')}
          ${radios(
            'reach',
            words.which,
            [
              { value: 'all', label: words.all },
              ...(statements.length > 0 ? [{ value: 'some', label: words.some }] : []),
            ],
            'all',
          )}
          ${statements.length > 0
            ? ticks('statements', words.some, statements.map(({ id, title }) => ({ value: id, label: title })), [])
            : nothing}`,
      },
      async data => {
        const some = data.get('reach') === 'some' ? data.getAll('statements').map(String) : null
        if (some?.length === 0) throw new NoneChosen()
        await grantEmbedding(this.#id, String(data.get('issuer')).trim(), String(data.get('role')), some)
      },
    )
    if (isDone) await this.#done(words.granted)
  }

  async #withdraw({ host }: EmbedGrant): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.embedding
    const isDone = await dialog.fill(
      { title: words.withdrawTitle, yes: words.withdraw, no: words.keep, isGrave: true, content: html`<p>${words.withdrawExplained}</p>` },
      () => withdrawEmbedding(this.#id, host),
    )
    if (isDone) await this.#done(words.withdrawn)
  }

  #reach({ statements }: EmbedGrant): TemplateResult {
    const { messages, here, language } = this.place
    const words = messages.embedding
    if (statements === null) return html`${words.inAll}`
    const titles = statements.map(id => here.statements.find(statement => statement.id === id)?.title ?? messages.log.aStatement)
    return html`<bdi>${words.inSome(new Intl.ListFormat(language).format(titles))}</bdi>`
  }

  #list(grants: EmbedGrant[]): TemplateResult {
    const { messages } = this.place
    const words = messages.embedding
    if (grants.length === 0) return html`<p class="empty">${words.noGrants}</p>`
    return html`<ul class="rows">
      ${repeat(
        grants,
        ({ host }) => host,
        grant => html`<li class="row">
          <div>
            <strong><bdi dir="ltr">${grant.issuer}</bdi></strong>
            <p class="facts">
              <span>${words.capIs(messages.roles[grant.role])}</span>
              <span>${this.#reach(grant)}</span>
              <span>${words.since(day(grant.created))}</span>
            </p>
          </div>
          <p class="actions">
            <button type="button" aria-label="${words.withdraw}: ${grant.issuer}" @click=${() => void this.#withdraw(grant)}>
              ${words.withdraw}
            </button>
          </p>
        </li>`,
      )}
    </ul>`
  }

  override render(): TemplateResult {
    const { messages, here } = this.place
    const words = messages.embedding
    const group = this.#group.value
    const mayGrant = standingIn(here, this.#id, group).switches && group?.status === 'active'
    return html`
      ${groupHead(this.place, group, 'groupEmbedding')} ${this.#group.content(() => nothing)}
      <section aria-labelledby="grants">
        <div class="head">
          <h2 id="grants" tabindex="-1">${words.title}</h2>
          ${mayGrant ? html`<button type="button" @click=${() => void this.#grant()}>${words.grant}</button>` : nothing}
        </div>
        <p class="lead">${words.grantsExplained}</p>
        ${outcome(this.said)} ${this.#grants.content(grants => this.#list(grants))}
      </section>
    `
  }
}

customElements.define('plenary-group-embedding', GroupEmbedding)
