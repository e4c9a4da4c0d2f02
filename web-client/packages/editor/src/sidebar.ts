import { css, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { LaterElement } from './after-paint.ts'
import { icon } from './icons.ts'
import type { Messages } from './messages/en.ts'
import { emptySurvey } from './survey.ts'
import type { Survey } from './survey.ts'
import { controls } from './tokens.ts'

/** Somebody wants to see a place of the text. */
export class JumpEvent extends Event {
  /** Which list of the survey has the place, and which of it it is. */
  readonly list: 'sections' | 'brackets'
  readonly index: number
  constructor(list: 'sections' | 'brackets', index: number) {
    super('jump')
    this.list = list
    this.index = index
  }
}

/** The outline of the text with the words of each section, and what stands in brackets. */
export class Sidebar extends LaterElement {
  static override properties = {
    messages: { attribute: false },
    survey: { attribute: false },
    section: { attribute: false },
    number: { attribute: false },
  }

  declare messages: Messages
  declare survey: Survey
  /** Which section the cursor is in. */
  declare section: number
  declare number: (count: number) => string

  static override styles = [
    controls,
    css`
      :host {
        --_ground: var(--_pane, var(--_desk));
        display: block;
        padding: 0 0.5rem 2rem;
        background: var(--_ground);
      }

      /* The way out of it stays in sight. */
      header {
        position: sticky;
        inset-block-start: 0;
        z-index: 1;
        display: flex;
        padding-block: 1rem 0.25rem;
        background: var(--_ground);
        align-items: center;
        justify-content: space-between;
        padding-inline: 0.6rem 0;
      }

      h2 {
        margin: 0;
        color: var(--_quiet);
        font-size: 0.75rem;
        font-weight: 650;
        letter-spacing: 0.04em;
      }

      /* Letters of other scripts do not stand apart. */
      h2:lang(ar) {
        letter-spacing: 0;
      }

      section + section {
        margin-block-start: 1.25rem;
        padding-block-start: 1rem;
        border-block-start: 1px solid var(--_line);
      }

      section + section h2 {
        padding-inline-start: 0.6rem;
      }

      ol,
      ul {
        margin: 0.4rem 0 0;
        padding: 0;
        list-style: none;
      }

      li button {
        justify-content: flex-start;
        gap: 0.6rem;
        inline-size: 100%;
        min-block-size: 2rem;
        padding: 0.3rem 0.6rem;
        padding-inline-start: calc(0.6rem + var(--depth, 0) * 0.8rem);
        white-space: normal;
        text-align: start;
        line-height: 1.35;
      }

      li button[aria-current] {
        background: var(--_tint);
        color: var(--_accent);
        font-weight: 600;
      }

      .title {
        flex: 1;
        min-inline-size: 0;
        overflow-wrap: anywhere;
        text-align: -webkit-match-parent;
        text-align: match-parent;
      }

      .words {
        color: var(--_quiet);
        font-size: 0.78rem;
        font-weight: 400;
        font-variant-numeric: tabular-nums;
      }

      .by {
        display: block;
        color: var(--_quiet);
        font-size: 0.78rem;
      }

      .quote {
        display: -webkit-box;
        overflow: hidden;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
      }

      p {
        margin: 0.5rem 0.6rem 0;
        color: var(--_quiet);
      }
    `,
  ]

  override focus(): void {
    const items = this.renderRoot.querySelectorAll<HTMLElement>('li button')
    ;(items[Math.max(0, this.section)] ?? this.renderRoot.querySelector<HTMLElement>('button'))?.focus()
  }

  override render(): TemplateResult {
    const { messages, survey } = this
    const levels = survey.sections.filter(section => section.level > 0).map(section => section.level)
    const top = Math.min(...levels, 6)
    const jump = (list: 'sections' | 'brackets', index: number) => () => this.dispatchEvent(new JumpEvent(list, index))
    const sections = survey.sections.map((section, i) =>
      section.level === 0 && section.words === 0
        ? nothing
        : html`<li .style=${`--depth: ${Math.max(0, section.level - top)}`}>
            <button type="button" aria-current=${i === this.section ? 'location' : nothing} @click=${jump('sections', i)}>
              <bdi class="title ${section.level === 0 ? 'quiet' : ''}">${section.title || messages.start}</bdi>
              <span class="words" title=${messages.words(section.words, '')}>${this.number(section.words)}</span>
            </button>
          </li>`,
    )
    const brackets = survey.brackets.map(
      (bracket, i) =>
        html`<li>
          <button type="button" @click=${jump('brackets', i)}>
            <span class="title">
              <bdi class="quote">[${bracket.text}]</bdi>
              ${bracket.proposer
                ? html`<bdi class="by">${messages.proposedBy(bracket.proposer)}</bdi>`
                : nothing}
            </span>
          </button>
        </li>`,
    )
    // Nothing is said to be missing before it was looked for.
    const isEmpty = (list: unknown[]) => list.length === 0 && survey !== emptySurvey
    return html`
      <section aria-labelledby="outline">
        <header>
          <h2 id="outline">${messages.outline}</h2>
          <button type="button" class="icon" aria-label=${messages.close} title=${messages.close}
            @click=${() => this.dispatchEvent(new Event('close'))}>
            ${icon('close')}
          </button>
        </header>
        ${isEmpty(levels) ? html`<p>${messages.outlineEmpty}</p>` : html`<ol>${sections}</ol>`}
      </section>
      <section aria-labelledby="brackets">
        <h2 id="brackets">
          ${messages.brackets}${brackets.length > 0 ? html` (${this.number(brackets.length)})` : nothing}
        </h2>
        ${isEmpty(brackets) ? html`<p>${messages.bracketsEmpty}</p>` : html`<ul>${brackets}</ul>`}
      </section>
    `
  }
}
