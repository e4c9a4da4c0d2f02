import { LitElement, css, html, nothing, type TemplateResult } from 'lit'
import { controls } from '@plenary/editor'
import type { Draft } from '@plenary/provider'
import type { MergeItem, MergePlace } from '@plenary/text'
import type { Messages } from './messages/en.ts'
import type { Banner, BannerAction } from './situation.ts'

/** What is done for a person who presses a button in the notices. */
export interface NoticeHandlers {
  act(action: BannerAction): void
  insert(text: string): void
  discard(draft: Draft): void
  show(place: MergePlace): void
  dismissMerge(): void
  dismissNotice(): void
}

const TICK_MS = 1000

/**
 * What a person ought to know, above the text and never in front of it: the line, drafts, what a merge did. It stays in sight
 * while the text moves, so what is long can be folded away, and is scrolled in a space of its own.
 */
export class Notices extends LitElement {
  static override properties = {
    messages: { attribute: false },
    language: { attribute: false },
    // They are gathered anew with each key; mostly they are the same.
    banners: { attribute: false, hasChanged: (now: Banner[], before: Banner[]) => JSON.stringify(now) !== JSON.stringify(before) },
    retryAt: { attribute: false },
    notice: { attribute: false },
    drafts: { attribute: false },
    merged: { attribute: false },
    canWrite: { attribute: false },
    copied: { state: true },
    discarding: { state: true },
    inserted: { state: true },
    now: { state: true },
  }

  declare messages: Messages
  declare language: string
  declare banners: Banner[]
  /** When the next try to connect is; asked each second while it matters. */
  declare retryAt: () => number | null
  /** A text of the server for the person. */
  declare notice: string
  declare drafts: readonly Draft[]
  declare merged: readonly MergeItem[]
  declare canWrite: boolean
  declare handlers: NoticeHandlers
  protected declare copied: string
  protected declare discarding: string
  /** Drafts that were put into the text from here. */
  protected declare inserted: ReadonlySet<string>
  protected declare now: number

  #ticking = 0

  constructor() {
    super()
    this.banners = []
    this.drafts = []
    this.merged = []
    this.notice = this.copied = this.discarding = ''
    this.inserted = new Set()
    this.canWrite = false
    this.now = 0
    this.retryAt = () => null
  }

  static override styles = [
    controls,
    css`
      :host {
        display: block;
      }

      .banner,
      .panel {
        padding: 0.6rem clamp(0.9rem, 3vw, 2rem);
        border-block-end: 1px solid var(--_line);
        background: color-mix(in oklab, var(--tone) 9%, var(--_paper));
        font-size: 0.9rem;
      }

      .banner {
        display: flex;
        align-items: center;
        gap: 0.35rem 0.9rem;
      }

      .banner p {
        margin: 0;
        flex: 1;
      }

      .warn {
        --tone: var(--_warn);
      }

      .bad {
        --tone: var(--_bad);
      }

      .banner::before {
        flex: none;
        inline-size: 0.6rem;
        block-size: 0.6rem;
        border-radius: 50%;
        background: var(--tone);
        content: '';
      }

      .panel {
        --tone: var(--_accent);
        position: relative;
        padding-block: 0;
      }

      .panel.bad {
        --tone: var(--_bad);
      }

      .panel > details > summary {
        min-block-size: 2.75rem;
        color: inherit;
      }

      h2 {
        display: inline;
        font-size: 0.95rem;
      }

      .panel ul {
        max-block-size: min(38vh, 24rem);
        overflow: auto;
        padding-block-end: 0.4rem;
      }

      .panel > button {
        position: absolute;
        inset-block-start: 0.3rem;
        inset-inline-end: clamp(0.9rem, 3vw, 2rem);
      }

      /* As far as the button beside it. */
      .panel > button ~ details > summary {
        margin-inline-end: 6rem;
      }

      @container plenary (max-width: 40rem) {
        .banner,
        .panel {
          padding-inline: 0.8rem;
          font-size: 0.85rem;
        }

        .panel > button {
          inset-inline-end: 0.8rem;
        }

        /* A line of its own: whatever it says, the banner stays as high, and the text under it where it is. */
        .banner .quiet {
          display: block;
          white-space: nowrap;
        }
      }

      .what {
        margin: 0.7rem 0 0.2rem;
        font-size: 0.9rem;
        font-weight: 600;
      }

      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }

      blockquote {
        max-block-size: 11rem;
        overflow: auto;
        margin: 0.25rem 0;
        padding: 0.4rem 0.8rem;
        border-inline-start: 3px solid var(--tone);
        background: var(--_paper);
        font-family: var(--_font);
        font-size: 1rem;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }

      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 0.4rem;
        margin-block: 0.4rem 0.7rem;
      }

      button {
        border-color: var(--_edge);
        background: var(--_paper);
      }

      details summary {
        min-block-size: 2rem;
        align-content: center;
        color: var(--_quiet);
        cursor: pointer;
      }
    `,
  ]

  /** There is something to press. */
  get hasControls(): boolean {
    return this.#first !== null
  }

  /** Goes to the first thing to press. */
  override focus(): void {
    this.#first?.focus()
  }

  get #first(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>('summary, button')
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.#tick(false)
  }

  protected override updated(): void {
    this.#tick(this.banners.some(({ counts }) => counts))
  }

  #tick(isNeeded: boolean): void {
    if (isNeeded && this.#ticking === 0) this.#ticking = window.setInterval(() => (this.now = Date.now()), TICK_MS)
    if (isNeeded || this.#ticking === 0) return
    clearInterval(this.#ticking)
    this.#ticking = 0
  }

  async #copy(key: string, text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text)
      this.copied = key
    } catch {
      // Not allowed here (no https, or a frame): what is selected can be copied by hand.
      const quote = this.renderRoot.querySelector(`[data-key="${CSS.escape(key)}"]`)
      if (quote) getSelection()?.selectAllChildren(quote)
    }
  }

  #download(draft: Draft): void {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([draft.text], { type: 'text/plain;charset=utf-8' }))
    link.download = `plenary-${new Date(draft.at).toISOString().slice(0, 16).replace(/[T:]/g, '-')}.txt`
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href))
  }

  #banner({ tone, words, action, counts }: Banner): TemplateResult {
    return html`<div class="banner ${tone}">
      <p>
        <span role="status">${words}</span>
        ${counts ? html`<span class="quiet" aria-live="off">${this.#retryWords()}</span>` : nothing}
      </p>
      ${action
        ? html`<button type="button" @click=${() => this.handlers.act(action.does)}>${action.label}</button>`
        : nothing}
    </div>`
  }

  #retryWords(): string {
    const at = this.retryAt()
    if (at === null) return this.messages.retrying
    const seconds = Math.max(1, Math.ceil((at - Date.now()) / 1000))
    return this.messages.retryIn(new Intl.NumberFormat(this.language).format(seconds))
  }

  #copyButton(key: string, text: string): TemplateResult {
    const { messages } = this
    return html`<button type="button" @click=${() => void this.#copy(key, text)}>
      ${this.copied === key ? messages.copied : messages.copy}
    </button>`
  }

  #insert({ id, text }: Draft): void {
    this.handlers.insert(text)
    this.inserted = new Set(this.inserted).add(id)
  }

  // Pressed with the mouse, a button leaves the cursor where it is in the text: that is where the words will go.
  readonly #keepCursor = (event: Event): void => event.preventDefault()

  #draft(draft: Draft): TemplateResult {
    const { messages, handlers } = this
    const { id, at, why, text } = draft
    const isInserted = this.inserted.has(id)
    const when = new Intl.DateTimeFormat(this.language, { dateStyle: 'medium', timeStyle: 'short' }).format(at)
    const discard = () => {
      if (this.discarding === id || isInserted) handlers.discard(draft)
      else this.discarding = id
    }
    return html`<li>
      <p class="what">
        ${isInserted ? messages.inserted : messages.draftReasons[why]} <span class="quiet">${when}</span>
      </p>
      <blockquote dir="auto" data-key=${id} tabindex="0">${text}</blockquote>
      <div class="actions">
        ${this.#copyButton(id, text)}
        <button type="button" @click=${() => this.#download(draft)}>${messages.download}</button>
        ${this.canWrite
          ? html`<button type="button" @mousedown=${this.#keepCursor} @click=${() => this.#insert(draft)}>${messages.insert}</button>`
          : nothing}
        <button type="button" @click=${discard}>
          ${this.discarding === id ? messages.discardReally : messages.discard}
        </button>
      </div>
    </li>`
  }

  #merge(item: MergeItem, index: number): TemplateResult {
    const { messages, handlers } = this
    const words = item.words.map(({ text }) => text).join('\n')
    const place = item.words.find(({ now }) => now !== null)?.now ?? item.movedTo
    const key = `merge-${index}`
    return html`<li>
      <p class="what">${messages.mergeKinds[item.kind]} ${item.movedTo ? messages.mergeMoved : nothing}</p>
      ${words
        ? html`<span class="quiet">${messages.yourWords}</span>
            <blockquote dir="auto" data-key=${key} tabindex="0">${words}</blockquote>
            <div class="actions">
              ${this.#copyButton(key, words)}
              ${place
                ? html`<button type="button" @click=${() => handlers.show(place)}>${messages.show}</button>`
                : nothing}
            </div>`
        : nothing}
      <details>
        <summary>${messages.paragraphBefore}</summary>
        <blockquote dir="auto" data-key=${`${key}-before`} tabindex="0">${item.before}</blockquote>
        <div class="actions">${this.#copyButton(`${key}-before`, item.before)}</div>
      </details>
    </li>`
  }

  #announcement(): string {
    if (this.copied) return this.messages.copied
    if (this.drafts.some(({ id }) => this.inserted.has(id))) return this.messages.inserted
    if (this.merged.length > 0) return this.messages.mergeTitle
    return this.drafts.length > 0 ? this.messages.draftsTitle : ''
  }

  override render(): TemplateResult {
    const { messages, banners, drafts, merged, notice, handlers } = this
    return html`
      <span class="unseen" role="status">${this.#announcement()}</span>
      ${banners.map(banner => this.#banner(banner))}
      ${notice
        ? html`<div class="banner warn">
            <p role="status" dir="auto">${notice}</p>
            <button type="button" @click=${() => handlers.dismissNotice()}>${messages.dismiss}</button>
          </div>`
        : nothing}
      ${drafts.length > 0
        ? html`<section class="panel bad" aria-labelledby="drafts">
            <details open>
              <summary><h2 id="drafts">${messages.draftsTitle}</h2></summary>
              <ul>
                ${drafts.map(draft => this.#draft(draft))}
              </ul>
            </details>
          </section>`
        : nothing}
      ${merged.length > 0
        ? html`<section class="panel" aria-labelledby="merged">
            <button type="button" @click=${() => handlers.dismissMerge()}>${messages.dismiss}</button>
            <details open>
              <summary><h2 id="merged">${messages.mergeTitle}</h2></summary>
              <ul>
                ${merged.map((item, index) => this.#merge(item, index))}
              </ul>
            </details>
          </section>`
        : nothing}
    `
  }
}
