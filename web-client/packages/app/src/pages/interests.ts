import { html, nothing, type TemplateResult } from 'lit'
import { keyed } from 'lit/directives/keyed.js'
import { repeat } from 'lit/directives/repeat.js'
import type { Kind } from '../api.ts'
import type { ListedGroup } from '../api/groups.ts'
import {
  deleteInterest,
  type Interest,
  type InterestEntry,
  ownInterests,
  rewriteInterest,
  searchGroups,
  searchInterests,
  type Sought,
  writeInterest,
} from '../api/interests.ts'
import { outcome, radios } from '../parts/choices.ts'
import { choice, field } from '../parts/field.ts'
import { groupFacts, organisation } from '../parts/group-head.ts'
import { Loading } from '../parts/loading.ts'
import { nameIn, partsOf, stateName, statesIn } from '../parts/local.ts'
import { PlaceElement } from '../parts/place-element.ts'
import '../parts/states-field.ts'

interface Found {
  interests: Interest[]
  more: boolean
  groups: ListedGroup[]
}

const NOTHING: Sought = { state: '', theme: '', text: '' }

function entryOf(data: FormData): InterestEntry {
  const text = (name: string) => String(data.get(name) ?? '').trim()
  return {
    states: data.getAll('states').map(String),
    themes: partsOf(text('themes')),
    product: (text('product') || null) as Kind | null,
    note: text('note') || null,
    visibility: text('visibility') as InterestEntry['visibility'],
  }
}

/** Who works on which States and themes, across groups: looked for by all, written down by those who want to be found. */
export class Interests extends PlaceElement {
  #sought = NOTHING
  readonly #found = new Loading<Found>(this, async () => {
    const [{ interests, more }, groups] = await Promise.all([searchInterests(this.#sought), searchGroups(this.#sought)])
    return { interests, more, groups }
  })
  readonly #own = new Loading(this, ownInterests)

  #search(event: Event): void {
    event.preventDefault()
    this.#note(event)
    void this.#found.load()
  }

  #note(event: Event): void {
    const data = new FormData(event.currentTarget as HTMLFormElement)
    const text = (name: string) => String(data.get(name) ?? '').trim()
    this.#sought = { state: text('state'), theme: text('theme'), text: text('text') }
  }

  // In another language States have another order: what was chosen must not become its neighbour.
  #form(): TemplateResult {
    const { messages, language } = this.place
    const words = messages.interests
    const { state, theme, text } = this.#sought
    return html`${keyed(
      language,
      html`<form class="search" role="search" aria-labelledby="search" @submit=${this.#search} @input=${this.#note}>
        ${choice('state', words.state, [['', words.anyState], ...statesIn(language)], state)}
        ${field({ name: 'theme', label: words.theme, value: theme, isRequired: false, lengthMax: 40 })}
        ${field({ name: 'text', label: words.text, value: text, isRequired: false, lengthMax: 200 })}
        <button class="primary" ?disabled=${this.#found.isBusy}>${words.searchIt}</button>
      </form>`,
    )}`
  }

  async #done(words: string): Promise<void> {
    await Promise.all([this.#own.load(), this.#found.load()])
    this.said = words
    await this.updateComplete
    if (document.activeElement === document.body) this.querySelector<HTMLElement>('#mine')?.focus()
  }

  #fields(interest: Interest | null): TemplateResult {
    const { messages, here, language } = this.place
    const words = messages.interests
    const own = here.user.organisation
    return html`
      ${interest || !own
        ? nothing
        : choice('owner', words.owner, [
            ['', words.me],
            [own.id, nameIn(own.names, language).name],
          ])}
      <plenary-states-field .messages=${messages} .language=${language} .chosen=${interest?.states ?? []}></plenary-states-field>
      ${field({
        name: 'themes',
        label: messages.groups.themes,
        value: interest?.themes.join(', ') ?? '',
        hint: messages.groups.themesHint,
        isRequired: false,
      })}
      ${choice('product', words.product, [['', words.noProduct], ...Object.entries(messages.kinds)], interest?.product ?? '')}
      ${field({ name: 'note', label: words.note, value: interest?.note ?? '', isRequired: false, lengthMax: 300 })}
      ${radios(
        'visibility',
        words.visibility,
        [
          { value: 'hidden', label: words.hidden, hint: words.hiddenHint },
          { value: 'shown', label: words.shown, hint: words.shownHint },
        ],
        interest?.visibility ?? 'hidden',
      )}
    `
  }

  async #write(interest: Interest | null): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.interests
    const isDone = await dialog.fill(
      { title: words.editTitle, yes: words.save, content: this.#fields(interest) },
      async data => {
        const entry = entryOf(data)
        if (interest) await rewriteInterest(interest.id, entry)
        else await writeInterest(entry, String(data.get('owner') ?? '') || null)
      },
    )
    if (isDone) await this.#done(words.saved)
  }

  async #delete(interest: Interest): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.interests
    const isDone = await dialog.fill(
      { title: words.removeTitle, yes: words.remove, no: words.keep, isGrave: true, content: html`<p>${words.removeExplained}</p>` },
      () => deleteInterest(interest.id),
    )
    if (isDone) await this.#done(words.removed)
  }

  #owner({ owner }: Interest): TemplateResult {
    return 'user' in owner
      ? html`<bdi>${owner.user.name}</bdi>`
      : organisation(owner.organisation.names, this.place.language)
  }

  #facts({ states, themes, product, note }: Interest): TemplateResult {
    const { messages, language } = this.place
    return html`<p class="facts">
        ${states.map(state => html`<span><bdi>${stateName(state, language)}</bdi></span>`)}
        ${themes.map(theme => html`<span><bdi>${theme}</bdi></span>`)}
        ${product ? html`<span>${messages.kinds[product] ?? product}</span>` : nothing}
      </p>
      ${note ? html`<p class="line"><bdi>${note}</bdi></p>` : nothing}`
  }

  #ownList(own: Interest[]): TemplateResult {
    const words = this.place.messages.interests
    if (own.length === 0) return html`<p class="empty">${words.none}</p>`
    return html`<ul class="rows">
      ${repeat(
        own,
        ({ id }) => id,
        interest => html`<li class="row">
          <div>
            <strong>${this.#owner(interest)}</strong>
            ${this.#facts(interest)}
            <p class="hint">${interest.visibility === 'shown' ? words.shown : words.hidden}</p>
          </div>
          <p class="actions">
            <button type="button" @click=${() => void this.#write(interest)}>${words.edit}</button>
            <button type="button" @click=${() => void this.#delete(interest)}>${words.remove}</button>
          </p>
        </li>`,
      )}
    </ul>`
  }

  #foundList({ interests, more, groups }: Found): TemplateResult {
    const words = this.place.messages.interests
    return html`
      ${interests.length === 0 ? html`<p class="empty">${words.nothingFound}</p>` : nothing}
      ${interests.length > 0
        ? html`<ul class="rows">
            ${interests.map(
              interest => html`<li class="row">
                <div><strong>${this.#owner(interest)}</strong> ${this.#facts(interest)}</div>
              </li>`,
            )}
          </ul>`
        : nothing}
      ${more ? html`<p class="hint">${words.more}</p>` : nothing}
      ${groups.length > 0
        ? html`<h3>${words.groups}</h3>
            <ul class="rows">
              ${groups.map(
                group => html`<li class="row">
                  <div>
                    <strong><bdi>${group.name}</bdi></strong>
                    <p class="facts">${groupFacts(this.place, group)}</p>
                    <p class="line"><bdi>${group.contact_person ? words.contact(group.contact_person.name) : words.noContact}</bdi></p>
                  </div>
                </li>`,
              )}
            </ul>`
        : nothing}
    `
  }

  override render(): TemplateResult {
    const { messages, here } = this.place
    const words = messages.interests
    if (here.user.guest) {
      return html`<h1 tabindex="-1">${words.title}</h1>
        <p class="empty">${words.needsAccount}</p>`
    }
    return html`
      <h1 tabindex="-1">${words.title}</h1>
      <p class="lead">${words.explained}</p>
      <section aria-labelledby="search">
        <h2 id="search">${words.search}</h2>
        ${this.#form()}
        <div aria-live="polite" aria-busy=${this.#found.isBusy}>${this.#found.content(found => this.#foundList(found))}</div>
      </section>
      <section aria-labelledby="mine">
        <div class="head">
          <h2 id="mine" tabindex="-1">${words.mine}</h2>
          <button type="button" @click=${() => void this.#write(null)}>${words.add}</button>
        </div>
        ${outcome(this.said)} ${this.#own.content(own => this.#ownList(own))}
      </section>
    `
  }
}

customElements.define('plenary-interests', Interests)
