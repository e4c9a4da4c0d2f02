import { css, html, nothing } from 'lit'
import type { TemplateResult } from 'lit'
import { LanguageEvent, ToolEvent, keysOf } from './action.ts'
import type { Action, Hand } from './action.ts'
import { LaterElement } from './after-paint.ts'
import { settleFloat } from './float.ts'
import { icon } from './icons.ts'
import type { IconName } from './icons.ts'
import { ariaKeys, keyLabel } from './keys.ts'
import type { Messages } from './messages/en.ts'
import { RovingFocus } from './roving-focus.ts'
import { controls } from './tokens.ts'

/** What the toolbar shows of the place where the cursor is. */
export interface ToolbarState {
  /** Marks, lists and alignments that are on. */
  active: ReadonlySet<Action>
  /** What cannot be done now. */
  disabled: ReadonlySet<Action>
  /** The kind of paragraph, `null` when several kinds are chosen. */
  kind: Action | null
  /** The language set for the paragraph. */
  language: string | null
}

/** Nothing is on. */
export const quietState: ToolbarState = { active: new Set(), disabled: new Set(), kind: null, language: null }

/** Whether two states of the toolbar look different. */
export function isOther(now: ToolbarState, before?: ToolbarState): boolean {
  const same = (one: ReadonlySet<Action>, other: ReadonlySet<Action>) =>
    one.size === other.size && [...one].every(action => other.has(action))
  return !before || now.kind !== before.kind || now.language !== before.language || !same(now.active, before.active) ||
    !same(now.disabled, before.disabled)
}

/** How many tools there are; `none` leaves only what serves reading. */
export type ToolbarKind = 'full' | 'compact' | 'none'

const kinds: Action[] = ['paragraph', 'heading1', 'heading2', 'heading3', 'heading4', 'quote']
const alignments: Action[] = ['alignStart', 'alignCenter', 'alignEnd', 'alignJustify']
const directions: Action[] = ['dirAuto', 'ltr', 'rtl']
const lesserMarks: Action[] = ['strike', 'superscript', 'subscript', 'clear']

// The languages that statements are written in, each named in itself, so that whoever writes it finds it. Any other
// tag that a text carries is shown too.
const textLanguages: Record<string, string> = {
  ar: 'العربية',
  zh: '中文',
  en: 'English',
  fr: 'français',
  ru: 'русский',
  es: 'español',
  pt: 'português',
}

/** The row of tools. It does nothing itself: `tool` and `language` events say what was asked for. */
export class Toolbar extends LaterElement {
  static override properties = {
    messages: { attribute: false },
    state: { attribute: false, hasChanged: isOther },
    kind: { attribute: false },
    canWrite: { attribute: false },
  }

  declare messages: Messages
  declare state: ToolbarState
  declare kind: ToolbarKind
  declare canWrite: boolean

  readonly #roving = new RovingFocus(this)

  constructor() {
    super()
    this.state = quietState
    this.kind = 'full'
    this.canWrite = true
  }

  static override styles = [
    controls,
    css`
      /* As high from the start as its tools, which come after the text. */
      :host {
        display: flex;
        min-inline-size: 0;
        min-block-size: 2.625rem;
      }

      .row {
        display: flex;
        align-items: center;
        gap: 0.125rem;
        flex: 1;
        min-inline-size: 0;
        padding: 0.25rem;
        overflow-x: auto;
        overscroll-behavior-x: contain;
        scrollbar-width: none;
      }

      .row::-webkit-scrollbar {
        display: none;
      }

      /* More tools are that way. Only where there may be: each frame would pay for the mask. */
      @supports (animation-timeline: scroll()) {
        @container plenary (max-width: 66rem) {
          .row {
            animation: edges linear both;
            animation-timeline: scroll(self inline);
            --to: right;
            mask-image: linear-gradient(
              to var(--to),
              transparent,
              #000 var(--left),
              #000 calc(100% - var(--right)),
              transparent
            );
          }

          :host(:dir(rtl)) .row {
            --to: left;
          }
        }
      }

      button {
        flex: none;
        color: var(--_quiet);
      }

      button:hover:not([aria-disabled='true']) {
        color: var(--_ink);
      }

      [aria-pressed='true'],
      [aria-pressed='true']:hover,
      [data-on='true'] {
        background: var(--_tint);
        color: var(--_accent);
      }

      .kind {
        justify-content: space-between;
        inline-size: 10.5rem;
        color: var(--_ink);
      }

      .kind > span {
        overflow: hidden;
        text-overflow: ellipsis;
      }

      .kind svg,
      .chevron svg + svg {
        inline-size: 0.9rem;
        block-size: 0.9rem;
        color: var(--_quiet);
      }

      .chevron {
        inline-size: auto;
        gap: 0.1rem;
        padding-inline: 0.4rem 0.2rem;
      }

      .rule {
        flex: none;
        align-self: center;
        block-size: 1.25rem;
        margin-inline: 0.3rem;
        border-inline-start: 1px solid var(--_line);
      }

      .space {
        flex: 1;
      }

      [role='menu'] {
        min-inline-size: 13rem;
        max-block-size: min(70vh, 30rem);
        overflow: auto;
      }

      [role='menu'] button {
        display: flex;
        justify-content: flex-start;
        gap: 0.65rem;
        inline-size: 100%;
        min-block-size: 2.25rem;
        color: var(--_ink);
      }

      [role='menu'] button:focus-visible {
        outline-offset: -2px;
        background: var(--_hover);
      }

      [role='menu'] hr {
        margin: 0.35rem 0;
        border: 0;
        border-block-start: 1px solid var(--_line);
      }

      [aria-checked='true'] {
        color: var(--_accent) !important;
        font-weight: 600;
      }

      .tick {
        display: grid;
        inline-size: 1.15rem;
      }

      [aria-checked='false'] > .tick svg {
        visibility: hidden;
      }

      kbd {
        margin-inline-start: auto;
        padding-inline-start: 1.5rem;
        color: var(--_quiet);
        font: inherit;
        font-weight: 400;
        font-size: 0.8rem;
        direction: ltr;
      }

      .heading1 {
        font-size: 1.3rem;
        font-weight: 650;
      }

      .heading2 {
        font-size: 1.12rem;
        font-weight: 650;
      }

      .heading3,
      .heading4 {
        font-weight: 650;
      }

      @keyframes edges {
        from {
          --left: 0px;
          --right: 1.75rem;
        }

        2% {
          --left: 1.75rem;
        }

        98% {
          --right: 1.75rem;
        }

        to {
          --left: 1.75rem;
          --right: 0px;
        }
      }

      @container plenary (max-width: 40rem) {
        .kind {
          inline-size: 7.25rem;
        }
      }
    `,
  ]

  /** Moves the focus to the tool that had it last. */
  override focus(): void {
    this.#roving.focus()
  }

  override render(): TemplateResult {
    const { messages, kind, canWrite } = this
    const hasTools = canWrite && kind !== 'none'
    const isFull = kind === 'full'
    return html`
      <div
        class="row"
        role="toolbar"
        aria-label=${messages.toolbar}
        @keydown=${this.#roving.onKey}
        @focusin=${this.#roving.onFocus}
        @mousedown=${this.#keepFocus}
      >
        ${hasTools
          ? html`
              ${this.#tool('undo')} ${this.#tool('redo')} ${this.#rule()} ${this.#kindMenu()} ${this.#rule()}
              ${this.#tool('bold')} ${this.#tool('italic')}
              ${isFull ? html`${this.#tool('underline')} ${this.#moreMenu()}` : nothing} ${this.#rule()}
              ${this.#tool('link')}
              ${isFull ? html`${this.#tool('footnote')} ${this.#tool('bracket')}` : nothing} ${this.#rule()}
              ${this.#tool('numbers')} ${this.#tool('bullets')}
              ${isFull
                ? html`${this.#tool('outdent')} ${this.#tool('indent')} ${this.#alignMenu()} ${this.#languageMenu()}`
                : nothing}
            `
          : nothing}
        <span class="space"></span>
        ${this.#tool('find')} ${this.#tool('outline')} ${this.#tool('help')}
      </div>
    `
  }

  #rule(): TemplateResult {
    return html`<span class="rule"></span>`
  }

  #tip(action: Action): string {
    const keys = keysOf[action]?.[0]
    const label = this.messages.actions[action]
    return keys ? `${label} (${keyLabel(keys)})` : label
  }

  #tool(action: Action & IconName): TemplateResult {
    const { active, disabled } = this.state
    const toggles = !['undo', 'redo', 'indent', 'outdent', 'help', 'footnote'].includes(action)
    const keys = keysOf[action]?.[0]
    return html`<button
      type="button"
      class="icon"
      data-tool
      data-action=${action}
      aria-label=${this.messages.actions[action]}
      title=${this.#tip(action)}
      aria-keyshortcuts=${keys ? ariaKeys(keys) : nothing}
      aria-pressed=${toggles ? String(active.has(action)) : nothing}
      aria-disabled=${disabled.has(action) ? 'true' : nothing}
      @click=${(event: MouseEvent) => this.#ask(action, event)}
    >
      ${icon(action)}
    </button>`
  }

  #ask(action: Action, event: MouseEvent): void {
    const hand = this.#closeMenu(event)
    if (!this.state.disabled.has(action)) this.dispatchEvent(new ToolEvent(action, hand))
  }

  #askLanguage(language: string | null, event: MouseEvent): void {
    this.dispatchEvent(new LanguageEvent(language, this.#closeMenu(event)))
  }

  // A click without a pointer has no count. The menu's opener is where the arrows go on.
  #closeMenu(event: MouseEvent): Hand {
    const hand = event.detail === 0 ? 'keyboard' : 'pointer'
    const menu = (event.currentTarget as HTMLElement).closest<HTMLElement>('[popover]')
    menu?.hidePopover()
    if (menu && hand === 'keyboard') this.#opener(menu)?.focus()
    return hand
  }

  #opener(menu: HTMLElement): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(`[popovertarget='${menu.id}']`)
  }

  #menu(id: string, label: string, opener: TemplateResult, type: string, items: unknown): TemplateResult {
    return html`<button
        type="button"
        class=${type}
        data-tool
        popovertarget=${id}
        aria-haspopup="menu"
        aria-label=${label}
        title=${label}
        data-on=${String(id === 'more' && lesserMarks.some(mark => this.state.active.has(mark)))}
      >
        ${opener}${icon('down')}
      </button>
      <div
        id=${id}
        class="float"
        popover
        role="menu"
        aria-label=${label}
        @toggle=${settleFloat}
        @keydown=${this.#menuKey}
      >
        ${items}
      </div>`
  }

  #item(action: Action, isChecked: boolean, role: string, drawing?: IconName): TemplateResult {
    const keys = keysOf[action]?.[0]
    return html`<button
      type="button"
      tabindex="-1"
      role=${role}
      aria-checked=${role === 'menuitem' ? nothing : String(isChecked)}
      @click=${(event: MouseEvent) => this.#ask(action, event)}
    >
      ${drawing ? icon(drawing) : html`<span class="tick">${icon('check')}</span>`}
      <span class=${action}>${this.messages.actions[action]}</span>
      ${keys ? html`<kbd>${keyLabel(keys)}</kbd>` : nothing}
    </button>`
  }

  #kindMenu(): TemplateResult {
    const { messages, state } = this
    const now = state.kind ? messages.actions[state.kind] : '—'
    const items = kinds.map(kind => this.#item(kind, state.kind === kind, 'menuitemradio'))
    return this.#menu('kinds', `${messages.kind}: ${now}`, html`<span>${now}</span>`, 'kind', items)
  }

  #moreMenu(): TemplateResult {
    const items = lesserMarks.map(mark =>
      mark === 'clear'
        ? html`<hr />${this.#item(mark, false, 'menuitem', 'clear')}`
        : this.#item(mark, this.state.active.has(mark), 'menuitemcheckbox', mark as IconName),
    )
    return this.#menu('more', this.messages.more, icon('strike'), 'icon chevron', items)
  }

  #alignMenu(): TemplateResult {
    const { active } = this.state
    const now = alignments.find(alignment => active.has(alignment)) ?? 'alignStart'
    const alignment = alignments.map(one => this.#item(one, one === now, 'menuitemradio', one as IconName))
    const direction = directions.map(one => this.#item(one, active.has(one), 'menuitemradio'))
    const items = html`<div role="group">${alignment}</div>
      <hr />
      <div role="group">${direction}</div>`
    return this.#menu('alignment', this.messages.alignment, icon(now as IconName), 'icon chevron', items)
  }

  #languageMenu(): TemplateResult {
    const { messages, state } = this
    const tags = new Set([...Object.keys(textLanguages), ...(state.language ? [state.language] : [])])
    const item = (tag: string | null, name: string) =>
      html`<button
        type="button"
        tabindex="-1"
        role="menuitemradio"
        aria-checked=${String(state.language === tag)}
        @click=${(event: MouseEvent) => this.#askLanguage(tag, event)}
      >
        <span class="tick">${icon('check')}</span><bdi lang=${tag ?? nothing}>${name}</bdi>
      </button>`
    const items = html`${item(null, messages.languageOfText)}
      <hr />
      ${[...tags].map(tag => item(tag, nameOfLanguage(tag)))}`
    return this.#menu('languages', messages.language, icon('language'), 'icon chevron', items)
  }

  // A tool used with the mouse must not take the cursor out of the text.
  #keepFocus(event: MouseEvent): void {
    if (event.composedPath().some(node => node instanceof HTMLButtonElement)) event.preventDefault()
  }

  #menuKey(event: KeyboardEvent): void {
    const menu = event.currentTarget as HTMLElement
    const items = [...menu.querySelectorAll<HTMLElement>('button')]
    const at = items.indexOf(event.target as HTMLElement)
    const step = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key]
    // The toolbar's own keys stay out of its menus.
    event.stopPropagation()
    if (event.key === 'Tab' || event.key === 'Escape') {
      menu.hidePopover()
      this.#opener(menu)?.focus()
      if (event.key === 'Escape') event.preventDefault()
    }
    if (step === undefined) return
    event.preventDefault()
    items[step % items.length]?.focus()
  }
}

function nameOfLanguage(tag: string): string {
  if (textLanguages[tag]) return textLanguages[tag]
  try {
    return new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag
  } catch {
    return tag
  }
}
