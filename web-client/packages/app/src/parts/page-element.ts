import { LitElement } from 'lit'
import type { Messages } from '../messages/en.ts'

/**
 * What all parts of the pages are: elements without a shadow, so that one style sheet serves all, labels find their fields,
 * and the editor's text stays in the page's own tree, where selection and input methods work in every browser.
 */
export abstract class PageElement extends LitElement {
  static override properties: Record<string, object> = { messages: { attribute: false } }

  declare messages: Messages

  protected override createRenderRoot(): this {
    return this
  }
}
