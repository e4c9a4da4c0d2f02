import { html, nothing, type TemplateResult } from 'lit'
import { changeGroup, type GroupDetails, type Switch } from '../api/groups.ts'
import { standingIn } from '../standing.ts'
import { outcome, radios, ticks } from './choices.ts'
import { groupFactsOf, groupFields } from './group-fields.ts'
import { PlaceElement } from './place-element.ts'

/** What holds in a group beyond its roles, and what may be changed about it. Fires `group-changed`. */
export class GroupSettings extends PlaceElement {
  static override properties = { ...PlaceElement.properties, group: { attribute: false } }

  declare group: GroupDetails

  async #changed(isDone: boolean): Promise<void> {
    if (!isDone) return
    this.dispatchEvent(new Event('group-changed'))
    await this.place.session.ask()
    this.said = this.place.messages.groups.saved
  }

  async #edit(): Promise<void> {
    const { messages, dialog } = this.place
    const isDone = await dialog.fill(
      { title: messages.groups.editTitle, yes: messages.groups.save, content: groupFields(this.place, this.group) },
      async data => void (await changeGroup(this.group.id, groupFactsOf(data))),
    )
    await this.#changed(isDone)
  }

  async #switch(): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.groups
    const switches = Object.entries(words.switches).map(([value, label]) => ({ value, label }))
    const isDone = await dialog.fill(
      {
        title: words.changeSwitches,
        yes: words.save,
        content: html`${ticks('switches', words.switchesTitle, switches, this.group.switches)}
          <p class="hint">${words.switchesExplained}</p>
          ${radios(
            'visibility',
            messages.interests.visibility,
            [
              { value: 'members', label: words.listedNot },
              { value: 'listed', label: words.listed },
            ],
            this.group.visibility,
          )}`,
      },
      async data => {
        const visibility = data.get('visibility') as GroupDetails['visibility']
        await changeGroup(this.group.id, { switches: data.getAll('switches') as Switch[], visibility })
      },
    )
    await this.#changed(isDone)
  }

  async #archive(): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.groups
    const isArchived = this.group.status === 'archived'
    const change = () => changeGroup(this.group.id, { status: isArchived ? 'active' : 'archived' })
    const isDone = await dialog.fill(
      isArchived
        ? { title: words.reactivate, yes: words.reactivate, content: html`` }
        : { title: words.archiveTitle, yes: words.archive, isGrave: true, content: html`<p>${words.archiveExplained}</p>` },
      async () => void (await change()),
    )
    await this.#changed(isDone)
  }

  override render(): TemplateResult {
    const { messages, here } = this.place
    const words = messages.groups
    const { group } = this
    const standing = standingIn(here, group.id, group)
    const isArchived = group.status === 'archived'
    return html`<section aria-labelledby="settings">
      <h2 id="settings" tabindex="-1">${words.settings}</h2>
      ${outcome(this.said)}
      <ul class="plain-list">
        <li>${group.visibility === 'listed' ? words.listed : words.listedNot}</li>
        ${group.switches.map(it => html`<li>${words.switches[it] ?? it}</li>`)}
        ${group.switches.length === 0 ? html`<li>${words.nothingSwitched}</li>` : nothing}
      </ul>
      <p class="actions">
        ${standing.manages ? html`<button type="button" @click=${() => void this.#edit()}>${words.edit}</button>` : nothing}
        ${standing.switches && !isArchived
          ? html`<button type="button" @click=${() => void this.#switch()}>${words.changeSwitches}</button>`
          : nothing}
        ${standing.manages
          ? html`<button type="button" @click=${() => void this.#archive()}>${isArchived ? words.reactivate : words.archive}</button>`
          : nothing}
      </p>
    </section>`
  }
}

customElements.define('plenary-group-settings', GroupSettings)
