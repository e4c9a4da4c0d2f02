import { LitElement, css, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { icon } from './icons.ts'
import type { Messages } from './messages/en.ts'
import { controls } from './tokens.ts'

/** What somebody looks for, and what they do with it. */
export class FindEvent extends Event {
  readonly step: FindStep
  readonly request: FindRequest
  constructor(step: FindStep, request: FindRequest) {
    super('find')
    this.step = step
    this.request = request
  }
}

export type FindStep = 'search' | 'next' | 'previous' | 'replace' | 'replaceAll' | 'close'

export interface FindRequest {
  query: string
  replacement: string
  matchCase: boolean
}

/** How many places were found, and which of them is shown; `current` counts from 0, -1 for none. */
export interface FindResult {
  count: number
  current: number
  /** How many places the last "replace all" changed. */
  replaced: number | null
}

/** Find and replace. */
export class FindBar extends LitElement {
  static override properties = {
    messages: { attribute: false },
    result: { attribute: false },
    canWrite: { attribute: false },
    number: { attribute: false },
    query: { state: true },
  }

  declare messages: Messages
  declare result: FindResult
  declare canWrite: boolean
  declare number: (count: number) => string
  declare query: string

  constructor() {
    super()
    this.query = ''
    this.result = { count: 0, current: -1, replaced: null }
    this.canWrite = true
  }

  static override styles = [
    controls,
    css`
      :host {
        display: block;
        padding: 0.6rem;
        border: 1px solid var(--_line);
        border-radius: calc(var(--_radius) + 3px);
        background: var(--_paper);
        box-shadow: var(--_float);
      }

      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: 0.4rem;
        align-items: center;
      }

      .field {
        position: relative;
      }

      input:not([type='checkbox']) {
        inline-size: 100%;
        padding-inline-end: 5.5rem;
      }

      input.alone {
        padding-inline-end: 0.6rem !important;
      }

      output {
        position: absolute;
        inset-inline-end: 0.6rem;
        inset-block: 0;
        display: grid;
        align-items: center;
        color: var(--_quiet);
        font-size: 0.78rem;
        font-variant-numeric: tabular-nums;
        pointer-events: none;
      }

      .buttons {
        display: flex;
        gap: 0.15rem;
      }

      .options {
        grid-column: 1 / -1;
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0.3rem 1rem;
      }

      .options label {
        display: flex;
        align-items: center;
        gap: 0.4rem;
        font-weight: 400;
      }
    `,
  ]

  /** Takes the words to look for and moves the focus to them. */
  open(query: string): void {
    if (query !== '') this.query = query
    void this.updateComplete.then(() => {
      const field = this.renderRoot.querySelector<HTMLInputElement>('[name=query]')
      if (query !== '' && field) field.value = query
      field?.focus()
      field?.select()
      this.#send('search')
    })
  }

  override render(): TemplateResult {
    const { messages, result, number } = this
    const count =
      result.count > 0
        ? messages.matches(number(result.current + 1), number(result.count))
        : this.query === ''
          ? ''
          : messages.noMatch
    const button = (step: FindStep, name: 'up' | 'down' | 'close', label: string) =>
      html`<button type="button" class="icon" aria-label=${label} title=${label} @click=${() => this.#send(step)}>
        ${icon(name)}
      </button>`
    return html`
      <form role="search" aria-label=${messages.find} @submit=${this.#submit} @keydown=${this.#key} @input=${this.#input}>
        <div class="field">
          <input name="query" type="text" aria-label=${messages.find} placeholder=${messages.find} autocomplete="off" />
          <output aria-live="polite">
            ${result.replaced === null ? count : messages.replaced(result.replaced, number(result.replaced))}
          </output>
        </div>
        <span class="buttons">
          ${button('previous', 'up', messages.previous)} ${button('next', 'down', messages.next)}
          ${button('close', 'close', messages.close)}
        </span>
        ${this.canWrite
          ? html`<input
                name="replacement"
                type="text"
                class="alone"
                aria-label=${messages.replaceWith}
                placeholder=${messages.replaceWith}
                autocomplete="off"
              />
              <span></span>`
          : nothing}
        <div class="options">
          <label><input type="checkbox" name="case" />${messages.matchCase}</label>
          ${this.canWrite
            ? html`<span class="buttons">
                <button type="button" class="bordered" @click=${() => this.#send('replace')}>${messages.replace}</button>
                <button type="button" class="bordered" @click=${() => this.#send('replaceAll')}>
                  ${messages.replaceAll}
                </button>
              </span>`
            : nothing}
        </div>
      </form>
    `
  }

  #send(step: FindStep): void {
    const data = new FormData(this.renderRoot.querySelector('form') as HTMLFormElement)
    const field = (name: string) => String(data.get(name) ?? '')
    const request = { query: field('query'), replacement: field('replacement'), matchCase: data.has('case') }
    this.query = request.query
    this.dispatchEvent(new FindEvent(step, request))
  }

  #input(event: Event): void {
    if ((event.target as HTMLInputElement).name !== 'replacement') this.#send('search')
  }

  #submit(event: Event): void {
    event.preventDefault()
  }

  #key(event: KeyboardEvent): void {
    if (event.key === 'Escape') this.#send('close')
    else if (event.key === 'Enter' && event.target instanceof HTMLInputElement) {
      this.#send(event.target.name === 'replacement' ? 'replace' : event.shiftKey ? 'previous' : 'next')
    } else return
    event.preventDefault()
    event.stopPropagation()
  }
}
