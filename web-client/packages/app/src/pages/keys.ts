import { html, nothing, type TemplateResult } from 'lit'
import { repeat } from 'lit/directives/repeat.js'
import type { Role } from '../api.ts'
import { type EmbedKey, listEmbedKeys, registerEmbedKey, revokeEmbedKey } from '../api/embedding.ts'
import { lines, outcome, roleChoice } from '../parts/choices.ts'
import { choice, field } from '../parts/field.ts'
import { Loading } from '../parts/loading.ts'
import { PlaceElement } from '../parts/place-element.ts'
import { problemWords } from '../parts/submission.ts'
import { day } from '../when.ts'

const CAPS: readonly Role[] = ['drafter', 'commenter', 'observer']
// What the server takes at most is 30 days.
const OVERLAP_DAYS = [1, 7, 30]

/** What was filled in is no JSON. */
class NotJson extends Error {}

/** A PEM file goes as text, a JSON Web Key as what it is. */
function keyOf(text: string): unknown {
  if (!text.trim().startsWith('{')) return text.trim()
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new NotJson()
  }
}

/** The public keys of sites that embed the editor, for administrators. */
export class Keys extends PlaceElement {
  static override properties = { ...PlaceElement.properties, fresh: { state: true } }

  /** The key that was just registered: its site needs to know what it is called. */
  protected declare fresh: EmbedKey | null

  readonly #keys = new Loading(this, listEmbedKeys)

  constructor() {
    super()
    this.fresh = null
  }

  async #register(): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.embedding
    let made: EmbedKey | null = null
    await dialog.fill(
      {
        title: words.register,
        yes: words.registerIt,
        words: error => (error instanceof NotJson ? words.notJson : problemWords(error, messages)),
        content: html`${field({ name: 'issuer', label: words.issuer, hint: words.issuerHint, isCode: true, hasFocus: true })}
          ${lines('origins', words.origins, words.originsHint, 2)} ${roleChoice(messages, CAPS, 'commenter')}
          ${lines('public_key', words.publicKey, words.publicKeyHint, 5)}
          ${choice('overlap', words.overlap, [
            ['', words.untilRevoked],
            ...OVERLAP_DAYS.map((days): [string, string] => [`${days}d`, messages.links.days(days)]),
          ])}`,
      },
      async data => {
        const origins = String(data.get('origins')).split(/\s+/).filter(origin => origin !== '')
        made = await registerEmbedKey({
          issuer: String(data.get('issuer')).trim(),
          origins,
          role: String(data.get('role')),
          public_key: keyOf(String(data.get('public_key'))),
          ...(data.get('overlap') ? { overlap: String(data.get('overlap')) } : {}),
        })
      },
    )
    if (!made) return
    this.fresh = made
    this.said = ''
    await this.#keys.load()
  }

  async #revoke(key: EmbedKey): Promise<void> {
    const { messages, dialog } = this.place
    const words = messages.embedding
    const isDone = await dialog.fill(
      {
        title: words.revokeTitle,
        yes: words.revoke,
        no: words.keep,
        isGrave: true,
        content: html`<p><bdi dir="ltr">${key.issuer}</bdi></p>
          <p>${words.revokeExplained}</p>`,
      },
      () => revokeEmbedKey(key.id),
    )
    if (!isDone) return
    if (this.fresh?.id === key.id) this.fresh = null
    await this.#keys.load()
    this.said = words.revoked
    this.querySelector<HTMLElement>('h1')?.focus()
  }

  #key(key: EmbedKey): TemplateResult {
    const { messages } = this.place
    const words = messages.embedding
    return html`<li class="row">
      <div>
        <strong><bdi dir="ltr">${key.issuer}</bdi></strong>
        ${key.ends === null ? nothing : html`<span class="mark">${words.ends(day(key.ends))}</span>`}
        <p class="facts">
          <span>${words.capIs(messages.roles[key.role])}</span>
          <span>${key.public_key.crv ?? key.public_key.kty}</span>
          <span>${words.since(day(key.created))}</span>
        </p>
        <p class="hint"><bdi dir="ltr">${key.origins.join(', ')}</bdi></p>
        <p class="hint"><code><bdi dir="ltr">kid ${key.id}</bdi></code></p>
      </div>
      <p class="actions">
        <button type="button" aria-label="${words.revoke}: ${key.issuer}" @click=${() => void this.#revoke(key)}>${words.revoke}</button>
      </p>
    </li>`
  }

  #list(keys: EmbedKey[]): TemplateResult {
    if (keys.length === 0) return html`<p class="empty">${this.place.messages.embedding.none}</p>`
    const newest = [...keys].sort((a, b) => b.created - a.created)
    return html`<ul class="rows">
      ${repeat(newest, ({ id }) => id, key => this.#key(key))}
    </ul>`
  }

  override render(): TemplateResult {
    const { messages, here } = this.place
    const words = messages.embedding
    return html`
      <div class="head">
        <h1 tabindex="-1">${words.title}</h1>
        ${here.user.administrator
          ? html`<button type="button" @click=${() => void this.#register()}>${words.register}</button>`
          : nothing}
      </div>
      <p class="lead">${words.explained}</p>
      ${outcome(this.said)}
      <div role="status">
        ${this.fresh
          ? html`<p class="note calm"><span>${words.registered}</span> <code dir="ltr">${this.fresh.id}</code></p>`
          : nothing}
      </div>
      ${this.#keys.content(keys => this.#list(keys))}
    `
  }
}

customElements.define('plenary-keys', Keys)
