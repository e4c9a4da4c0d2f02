import { html, nothing, type PropertyValues, type TemplateResult } from 'lit'
import { PageElement } from './page-element.ts'

/**
 * A link that is shown once, with a button that copies it. It takes the focus when it comes, so that it is read out. Fires
 * `done` when the person has it.
 */
export class FreshLink extends PageElement {
  static override properties = {
    ...PageElement.properties,
    link: { attribute: false },
    copying: { state: true },
  }

  declare link: string
  protected declare copying: 'not-yet' | 'copied' | 'failed'

  constructor() {
    super()
    this.copying = 'not-yet'
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('link')) this.copying = 'not-yet'
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('link')) this.querySelector('button')?.focus()
  }

  async #copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.link)
      this.copying = 'copied'
    } catch {
      this.querySelector('input')?.select()
      this.copying = 'failed'
    }
  }

  override render(): TemplateResult {
    const words = this.messages.links
    const said = { 'not-yet': nothing, 'copied': words.copied, 'failed': words.copyFailed }[this.copying]
    return html`<div class="fresh" role="group" aria-labelledby="fresh-once">
      <p id="fresh-once"><strong>${words.once}</strong></p>
      <div class="fresh-line">
        <input class="code" readonly dir="ltr" aria-label=${words.link} .value=${this.link} @focus=${(event: Event) => (event.target as HTMLInputElement).select()} />
        <button type="button" class="primary" aria-describedby="fresh-once" @click=${this.#copy}>${words.copy}</button>
        <button type="button" @click=${() => this.dispatchEvent(new Event('done'))}>${words.done}</button>
      </div>
      <p class="outcome" role="status">${said}</p>
    </div>`
  }
}

customElements.define('plenary-fresh-link', FreshLink)
