import { css, html } from 'lit'
import type { TemplateResult } from 'lit'
import { LaterElement } from './after-paint.ts'
import { settleFloat } from './float.ts'
import type { Messages } from './messages/en.ts'
import { initials } from './person.ts'
import type { Person } from './person.ts'
import { controls } from './tokens.ts'

// More would push the tools away; the rest are counted and listed on demand.
const SHOWN_MAX = 4

/** Avatars of those who have the text open, and the list of their names. */
export class Presence extends LaterElement {
  static override properties = {
    people: { attribute: false },
    messages: { attribute: false },
    number: { attribute: false },
  }

  declare people: Person[]
  declare messages: Messages
  declare number: (count: number) => string

  static override styles = [
    controls,
    css`
      :host {
        display: block;
      }

      .avatar {
        display: inline-grid;
        place-items: center;
        flex: none;
        inline-size: 1.75rem;
        block-size: 1.75rem;
        border-radius: 50%;
        background: var(--person);
        color: #fff;
        font-size: 0.68rem;
        font-weight: 650;
        letter-spacing: 0.02em;
      }

      button {
        gap: 0.15rem;
        padding: 0 0.35rem;
      }

      .others {
        margin-inline-start: 0.15rem;
        color: var(--_quiet);
        font-weight: 600;
      }

      .others.narrow {
        display: none;
      }

      @container plenary (max-width: 40rem) {
        button .avatar ~ :is(.avatar, .wide) {
          display: none;
        }

        .others.narrow {
          display: inline;
        }
      }

      .float {
        min-inline-size: 13rem;
        max-inline-size: min(20rem, 92vw);
        max-block-size: 60vh;
        overflow: auto;
        padding: 0.7rem 0.9rem;
      }

      h2 {
        margin: 0 0 0.5rem;
        font-size: 0.875rem;
      }

      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }

      li {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        padding-block: 0.2rem;
        overflow-wrap: anywhere;
      }
    `,
  ]

  constructor() {
    super()
    this.people = []
  }

  #name(person: Person): string {
    return person.name || this.messages.somebody
  }

  #avatar(person: Person): TemplateResult {
    // Through the style object, as a strict content policy forbids style attributes.
    return html`<span class="avatar" part="avatar" aria-hidden="true" .style=${`--person: ${person.colour}`}
      >${initials(person.name)}</span
    >`
  }

  override render(): TemplateResult {
    const { people, messages } = this
    const hidden = people.length - SHOWN_MAX
    const summary = messages.peopleCount(people.length, this.number(people.length))
    return html`
      <button
        type="button"
        ?hidden=${people.length === 0}
        popovertarget="list"
        aria-haspopup="dialog"
        title=${people.map(person => this.#name(person)).join(', ')}
      >
        <span class="unseen">${summary}</span>
        ${people.slice(0, SHOWN_MAX).map(person => this.#avatar(person))}
        ${hidden > 0 ? html`<span class="others wide" aria-hidden="true" dir="ltr">${messages.others(this.number(hidden))}</span>` : null}
        ${people.length > 1
          ? html`<span class="others narrow" aria-hidden="true" dir="ltr">${messages.others(this.number(people.length - 1))}</span>`
          : null}
      </button>
      <div id="list" class="float" popover tabindex="-1" role="dialog" aria-labelledby="title" @toggle=${settleFloat}>
        <h2 id="title">${summary}</h2>
        <ul>
          ${people.map(
            person => html`<li>
              ${this.#avatar(person)}
              <span>
                <bdi>${this.#name(person)}</bdi>
                ${person.isMe ? html`<span class="quiet">(${messages.you})</span>` : null}
              </span>
            </li>`,
          )}
        </ul>
      </div>
    `
  }
}
