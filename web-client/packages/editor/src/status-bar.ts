import { css, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { LaterElement } from './after-paint.ts'
import type { Messages } from './messages/en.ts'
import { controls } from './tokens.ts'

/** What the owner of the text says about it, in words for people. */
export interface Status {
  words: string
  tone: 'good' | 'busy' | 'warn' | 'bad'
}

/** Words of the text, of the section with the cursor, and of what is selected. */
export interface WordCounts {
  total: number
  section: number | null
  selection: number | null
}

// From here on people ought to think about what they can leave out.
const NEAR = 0.95

/** How close a text is to its limit. */
export function limitTone(words: number, limit: number | null): 'within' | 'near' | 'over' {
  if (limit === null || words < limit * NEAR) return 'within'
  return words > limit ? 'over' : 'near'
}

/** The line under the text: its state in words, and its length. */
export class StatusBar extends LaterElement {
  static override properties = {
    messages: { attribute: false },
    status: { attribute: false },
    counts: { attribute: false },
    limit: { attribute: false },
    number: { attribute: false },
    announced: { state: true },
  }

  declare messages: Messages
  declare status: Status | null
  /** `null`: not counted yet. */
  declare counts: WordCounts | null
  declare limit: number | null
  declare number: (count: number) => string
  declare announced: string

  constructor() {
    super()
    this.status = null
    this.counts = null
    this.limit = null
    this.announced = ''
  }

  static override styles = [
    controls,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 0.25rem 1.25rem;
        min-block-size: 2.25rem;
        padding: 0.25rem 0.9rem;
        font-size: 0.8125rem;
        font-variant-numeric: tabular-nums;
      }

      .status {
        display: flex;
        align-items: baseline;
        gap: 0.5rem;
        min-inline-size: 0;
        font-weight: 600;
      }

      .dot {
        flex: none;
        align-self: center;
        inline-size: 0.6rem;
        block-size: 0.6rem;
        border: 2px solid currentcolor;
        border-radius: 50%;
      }

      .good {
        color: var(--_accent);
      }

      .good .dot,
      .bad .dot {
        background: currentcolor;
      }

      .busy {
        color: var(--_quiet);
      }

      .warn,
      .near {
        color: var(--_warn);
      }

      .bad,
      .over {
        color: var(--_bad);
      }

      .bad .dot {
        border-radius: 2px;
      }

      .counts {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: 0.25rem 1.1rem;
        flex: 1;
        margin: 0;
        color: var(--_quiet);
        white-space: nowrap;
      }

      .total {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        color: var(--_ink);
        font-weight: 600;
      }

      .total.near {
        color: var(--_warn);
      }

      .total.over {
        color: var(--_bad);
      }

      .both::after {
        content: ' · ';
      }

      .meter {
        inline-size: 5.5rem;
        block-size: 0.3rem;
        border-radius: 1rem;
        background: color-mix(in oklab, currentcolor 20%, transparent);
        overflow: hidden;
      }

      .meter > span {
        display: block;
        block-size: 100%;
        inline-size: var(--filled);
        border-radius: inherit;
        background: var(--_accent);
      }

      :is(.near, .over) .meter > span {
        background: currentcolor;
      }

      @container plenary (max-width: 40rem) {
        :host {
          padding-inline: 0.7rem;
        }

        .meter,
        .both,
        .section,
        .has-selection .total {
          display: none;
        }
      }
    `,
  ]

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('status')) return
    const before = changed.get('status') as Status | null | undefined
    // Only what worries, and its end, interrupts somebody who listens to the page.
    const worries = (status?: Status | null) => status?.tone === 'warn' || status?.tone === 'bad'
    if (this.status && (worries(this.status) || worries(before))) this.announced = this.status.words
  }

  override render(): TemplateResult {
    const { messages, status, counts, limit } = this
    const count = (label: string, value: number | null | undefined, name: string) =>
      value == null ? nothing : html`<span class=${name}>${label}: ${this.number(value)}</span>`
    return html`
      <span class="status ${status?.tone ?? ''}" role="group" aria-label=${messages.statusLabel}>
        ${status ? html`<span class="dot" aria-hidden="true"></span><bdi class="words">${status.words}</bdi>` : nothing}
      </span>
      <span class="unseen" role="status">${this.announced}</span>
      <div class="counts ${counts?.selection == null ? '' : 'has-selection'}" role="group" aria-label=${messages.wordCount}>
        ${count(messages.wordsSelected, counts?.selection, 'selection')}
        ${count(messages.wordsInSection, counts?.section, 'section')} ${counts ? this.#total(counts.total, limit) : nothing}
      </div>
    `
  }

  #total(total: number, limit: number | null): TemplateResult {
    const { messages, number } = this
    if (limit === null) return html`<span class="total">${number(total)} ${messages.words(total, '')}</span>`
    const left = limit - total
    const tip = left < 0 ? messages.wordsOver(-left, number(-left)) : messages.wordsLeft(left, number(left))
    const tone = limitTone(total, limit)
    return html`<span class="total ${tone}" title=${tip}>
      <span class="meter" aria-hidden="true"><span></span></span>
      <span>
        <span class=${tone === 'over' ? 'both' : ''}>${messages.wordsOf(number(total), number(limit))}</span
        >${tone === 'over' ? tip : nothing}
      </span>
    </span>`
  }

  protected override updated(): void {
    const filled = this.limit && this.counts ? Math.min(100, (100 * this.counts.total) / this.limit) : 0
    this.renderRoot.querySelector<HTMLElement>('.meter > span')?.style.setProperty('--filled', `${filled}%`)
  }
}
