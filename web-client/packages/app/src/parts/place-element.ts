import type { Place } from '../pages.ts'
import { PageElement } from './page-element.ts'

/** A page, or a part of one, that leans on its place. Its words are those of the place. */
export abstract class PlaceElement extends PageElement {
  static override properties: Record<string, object> = {
    ...PageElement.properties,
    place: { attribute: false },
    said: { state: true },
  }

  declare place: Place
  /** What was just done, for `outcome`. */
  protected declare said: string

  constructor() {
    super()
    this.said = ''
  }
}
