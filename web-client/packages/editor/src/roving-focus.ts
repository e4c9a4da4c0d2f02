import type { ReactiveController, ReactiveControllerHost } from 'lit'

/**
 * One stop of the Tab key for a row of tools: arrows, Home and End go from tool to tool (the toolbar pattern of
 * the ARIA practices). Tools are the elements with the attribute `data-tool` in the host's shadow root.
 */
export class RovingFocus implements ReactiveController {
  readonly #host: ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment }
  #current: HTMLElement | undefined

  constructor(host: ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment }) {
    this.#host = host
    host.addController(this)
  }

  hostUpdated(): void {
    this.#mark()
  }

  /** Moves the focus to the tool that had it last. */
  focus(): void {
    this.#mark()
    const tool = this.#current && isSeen(this.#current) ? this.#current : this.#tools().find(isSeen)
    tool?.focus()
  }

  /** For `focusin`: a tool reached in another way is where the arrows go on. */
  readonly onFocus = (event: FocusEvent): void => {
    const tool = (event.target as HTMLElement).closest<HTMLElement>('[data-tool]')
    if (tool) this.#mark(tool)
  }

  /** For `keydown` on the row. */
  readonly onKey = (event: KeyboardEvent): void => {
    const tools = this.#tools().filter(isSeen)
    const at = tools.indexOf((event.target as HTMLElement).closest<HTMLElement>('[data-tool]') as HTMLElement)
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return
    const row = event.currentTarget as HTMLElement
    const ahead = getComputedStyle(row).direction === 'rtl' ? 'ArrowLeft' : 'ArrowRight'
    const back = ahead === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft'
    const next = { [ahead]: at + 1, [back]: at - 1 + tools.length, Home: 0, End: tools.length - 1 }[event.key]
    if (next === undefined) return
    event.preventDefault()
    tools[next % tools.length]?.focus()
  }

  #tools(): HTMLElement[] {
    return [...this.#host.renderRoot.querySelectorAll<HTMLElement>('[data-tool]')]
  }

  #mark(tool?: HTMLElement): void {
    const tools = this.#tools()
    this.#current = tool ?? (this.#current && tools.includes(this.#current) ? this.#current : tools[0])
    for (const other of tools) {
      const index = other === this.#current ? 0 : -1
      if (other.tabIndex !== index) other.tabIndex = index
    }
  }
}

// Only asked when somebody goes there: to find out, the browser lays out the page.
const isSeen = (tool: HTMLElement): boolean => tool.checkVisibility?.() ?? true
