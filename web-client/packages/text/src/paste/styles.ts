// The declarations of a style attribute, also those that browsers do not know, as Word writes them.

/** Properties in lower case, values trimmed and in lower case. */
export type Declarations = ReadonlyMap<string, string>

const none: Declarations = new Map()

/** Reads style attributes. A pasted text repeats the same ones thousands of times, so each is read once. */
export class Styles {
  private readonly read = new Map<string, Declarations>()

  of(element: Element): Declarations {
    const style = element.getAttribute('style')
    if (!style) return none
    let declarations = this.read.get(style)
    if (!declarations) {
      const entries = style.split(';').map(part => {
        const colon = part.indexOf(':')
        return [part.slice(0, Math.max(colon, 0)).trim().toLowerCase(), part.slice(colon + 1).trim().toLowerCase()] as const
      })
      declarations = new Map(entries)
      this.read.set(style, declarations)
    }
    return declarations
  }
}
