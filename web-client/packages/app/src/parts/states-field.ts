import { html, nothing, type TemplateResult } from 'lit'
import type { Messages } from '../messages/en.ts'
import { stateName, statesIn } from './local.ts'
import { PageElement } from './page-element.ts'

const STATES_MAX = 20

/** Several States: one chooses them by name, one after the other. The form around gets them as `states`. */
export class StatesField extends PageElement {
  static override properties = {
    ...PageElement.properties,
    language: { attribute: false },
    chosen: { attribute: false },
  }

  declare language: string
  /** By their two letters. */
  declare chosen: readonly string[]
  declare messages: Messages

  constructor() {
    super()
    this.chosen = []
  }

  #add(event: Event): void {
    const select = event.target as HTMLSelectElement
    if (select.value !== '' && !this.chosen.includes(select.value)) this.chosen = [...this.chosen, select.value]
    select.value = ''
  }

  async #remove(code: string): Promise<void> {
    this.chosen = this.chosen.filter(it => it !== code)
    await this.updateComplete
    this.querySelector('select')?.focus()
  }

  override render(): TemplateResult {
    const { messages, language, chosen } = this
    const words = messages.interests
    const rest = statesIn(language).filter(([code]) => !chosen.includes(code))
    return html`<div class="field">
      <label for="add-state">${words.addState}</label>
      ${chosen.length > 0
        ? html`<ul class="chips" aria-label=${words.states}>
            ${chosen.map(
              code => html`<li>
                <bdi>${stateName(code, language)}</bdi>
                <input type="hidden" name="states" value=${code} />
                <button
                  type="button"
                  class="plain"
                  aria-label=${words.removeState(stateName(code, language))}
                  @click=${() => void this.#remove(code)}
                >
                  ×
                </button>
              </li>`,
            )}
          </ul>`
        : nothing}
      <select id="add-state" ?disabled=${chosen.length >= STATES_MAX} @change=${this.#add}>
        <option value="">…</option>
        ${rest.map(([code, name]) => html`<option value=${code}>${name}</option>`)}
      </select>
    </div>`
  }
}

customElements.define('plenary-states-field', StatesField)
