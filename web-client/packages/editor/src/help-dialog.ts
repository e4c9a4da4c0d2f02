import { LitElement, css, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { keysOf } from './action.ts'
import type { Action } from './action.ts'
import { icon } from './icons.ts'
import { keyNames } from './keys.ts'
import type { Messages } from './messages/en.ts'
import { controls } from './tokens.ts'

const text: Action[] = [
  'bold', 'italic', 'underline', 'strike', 'superscript', 'subscript', 'clear', 'link', 'footnote', 'bracket',
  'undo', 'redo',
]
const blocks: Action[] = [
  'paragraph', 'heading1', 'heading2', 'heading3', 'heading4', 'heading5', 'heading6', 'quote', 'numbers',
  'bullets', 'indent', 'outdent', 'moveUp', 'moveDown', 'alignStart', 'alignCenter', 'alignEnd', 'alignJustify',
]
const places: Action[] = ['find', 'outline', 'help']

/** The list of keys. */
export class HelpDialog extends LitElement {
  static override properties = { messages: { attribute: false }, wasOpened: { state: true } }

  declare messages: Messages
  declare wasOpened: boolean

  static override styles = [
    controls,
    css`
      dialog {
        inline-size: min(54rem, 100vw - 2rem);
        max-block-size: min(46rem, 100vh - 2rem);
        padding: 0;
        border: 1px solid var(--_line);
        border-radius: calc(var(--_radius) + 6px);
        background: var(--_paper);
        color: var(--_ink);
        box-shadow: var(--_float);
      }

      dialog::backdrop {
        background: rgb(12 16 14 / 45%);
      }

      header {
        position: sticky;
        inset-block-start: 0;
        display: flex;
        align-items: center;
        justify-content: space-between;
        padding: 0.9rem 1.4rem;
        border-block-end: 1px solid var(--_line);
        background: var(--_paper);
      }

      h2 {
        margin: 0;
        font-size: 1.1rem;
      }

      h3 {
        margin: 0 0 0.5rem;
        color: var(--_accent);
        font-size: 0.875rem;
      }

      .columns {
        columns: 21rem 2;
        column-gap: 2.5rem;
        padding: 1.2rem 1.4rem 1.5rem;
      }

      section {
        margin-block-end: 1.4rem;
      }

      section.whole {
        break-inside: avoid;
      }

      dl {
        margin: 0;
      }

      dl > div {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: 1rem;
        padding-block: 0.28rem;
        break-inside: avoid;
      }

      dl > div + div {
        border-block-start: 1px solid color-mix(in oklab, var(--_line) 55%, transparent);
      }

      dd {
        flex: none;
        margin: 0;
        direction: ltr;
      }

      kbd {
        display: inline-block;
        min-inline-size: 1.55rem;
        padding: 0.05rem 0.4rem;
        border: 1px solid var(--_line);
        border-block-end-width: 2px;
        border-radius: 5px;
        background: var(--_desk);
        font: 0.78rem / 1.5 var(--_interface);
        text-align: center;
      }

      kbd + kbd {
        margin-inline-start: 0.2rem;
      }
    `,
  ]

  /** Shows it over everything; Escape closes it. */
  open(): void {
    this.wasOpened = true
    void this.updateComplete.then(() => this.renderRoot.querySelector('dialog')?.showModal())
  }

  override render(): TemplateResult | typeof nothing {
    const { messages } = this
    if (!this.wasOpened) return nothing
    const row = (label: string, keys: string[]) =>
      html`<div><dt>${label}</dt><dd>${keys.map(key => html`<kbd>${key}</kbd>`)}</dd></div>`
    const rows = (actions: Action[]) =>
      actions.map(action => row(messages.actions[action], keyNames(keysOf[action]?.[0] ?? '')))
    return html`
      <dialog aria-labelledby="title" @click=${this.#outside}>
        <header>
          <h2 id="title">${messages.help}</h2>
          <button type="button" class="icon" aria-label=${messages.close} title=${messages.close} @click=${this.#close}>
            ${icon('close')}
          </button>
        </header>
        <div class="columns" tabindex="0" role="group" aria-labelledby="title">
          <section class="whole"><h3>${messages.helpText}</h3><dl>${rows(text)}</dl></section>
          <section class="whole">
            <h3>${messages.helpPlaces}</h3>
            <dl>
              ${rows(places)} ${row(messages.helpRegions, ['F6'])} ${row(messages.helpToolbar, ['←', '→'])}
              ${row(messages.helpEscape, ['Esc'])}
            </dl>
          </section>
          <section>
            <h3>${messages.helpBlocks}</h3>
            <dl>${rows(blocks)} ${row(messages.helpTab, ['Tab'])}</dl>
          </section>
        </div>
      </dialog>
    `
  }

  #close(): void {
    this.renderRoot.querySelector('dialog')?.close()
  }

  #outside(event: MouseEvent): void {
    if (event.target === event.currentTarget) this.#close()
  }
}
