// Finds the footnotes of a pasted text. Word, LibreOffice, Google Docs, and what we export ourselves, all make a
// short link to the note and a link back from it.

/** A reference in the text and the note it points to. */
export interface PastedNotes {
  /** The id that is given to each note, by its reference. */
  references: ReadonlyMap<Element, string>
  /** What holds each note's text, by its id. */
  notes: ReadonlyMap<string, Element>
  /** The same, to ask about an element. */
  holders: ReadonlySet<Element>
  /** What only says the number again, in a note or around its reference. */
  labels: ReadonlySet<Element>
}

// What a reference says: 1, [1], (iv), *.
const LABEL = /^[[(]?[\p{L}\p{N}*†‡§]{1,5}[\])]?$/u

const GOES_BACK = /^(?:[↩↑^\s]|\ufe0e|\ufe0f)*$/u

/** More than any text has; looking for more would cost more than they are worth. */
const NOTES_MAX = 2000

/** Looks for footnotes in `root`. `newId` gives ids for notes that are still to be made. */
export function findNotes(root: Element, newId: () => string): PastedNotes {
  const references = new Map<Element, string>()
  const notes = new Map<string, Element>()
  const labels = new Set<Element>()
  const holding = new Set<Element>()
  const found = { references, notes, holders: holding, labels }

  const links = [...root.querySelectorAll('a[href^="#"]')]
  if (links.length < 2 || links.length > 4 * NOTES_MAX) return found
  const named = new Map<string, Element>()
  for (const element of root.querySelectorAll('[id], a[name]')) {
    for (const name of [element.id, element.getAttribute('name')]) if (name && !named.has(name)) named.set(name, element)
  }
  const places = new Map(links.map((link, place) => [link, place]))
  const targetOf = (link: Element) => named.get((link.getAttribute('href') ?? '').slice(1))

  // Links by the thing that they point to, so that the way back is found without looking through them all.
  const backs = new Map<Element, Element[]>()
  for (const link of links) {
    const target = targetOf(link)
    if (target) backs.set(target, [...(backs.get(target) ?? []), link])
  }

  const holders = new Holders()
  const ids = new Map<Element, string>()
  const byTarget = new Map<Element, string>()
  for (const link of links) {
    const text = (link.textContent ?? '').replaceAll(/\s+/g, '')
    const target = targetOf(link)
    if (!target || !LABEL.test(text) || target.contains(link)) continue
    // A second reference to the same note; the way back goes to the first.
    const known = byTarget.get(target)
    if (known !== undefined && !labels.has(link)) {
      references.set(link, known)
      continue
    }
    // The way back points to the reference, or to what stands directly around or in it.
    const ways = [link, link.parentElement, link.firstElementChild].flatMap(at => (at && backs.get(at)) ?? [])
    const back = ways.find(way => way === target || target.contains(way) || holders.of(target)?.contains(way))
    if (!back || (places.get(back) ?? 0) <= (places.get(link) ?? 0)) continue
    const holder = holders.of(target.contains(back) && target !== back ? target : back, link)
    if (!holder) continue
    let id = ids.get(holder)
    if (!id) {
      id = newId()
      ids.set(holder, id)
      notes.set(id, holder)
      holding.add(holder)
    }
    references.set(link, id)
    byTarget.set(target, id)
    for (const way of ways) {
      const said = (way.textContent ?? '').trim()
      if (holder.contains(way) && (GOES_BACK.test(said) || LABEL.test(said))) labels.add(way)
    }
  }
  return found
}

const HOLDERS = new Set(['LI', 'ASIDE', 'DIV', 'TD', 'DD'])

/** Finds the elements that hold one note and nothing else. */
class Holders {
  private readonly single = new Map<Element, boolean>()

  of(start: Element, reference?: Element): Element | null {
    let paragraph: Element | null = null
    for (let at: Element | null = start; at; at = at.parentElement) {
      if (reference && at.contains(reference)) break
      if (at.tagName === 'P') paragraph ??= at
      if (HOLDERS.has(at.tagName)) return this.isSingle(at) ? at : paragraph
    }
    return paragraph
  }

  // A container of several notes holds none of them by itself.
  private isSingle(element: Element): boolean {
    let isSingle = this.single.get(element)
    if (isSingle === undefined) {
      const backs = [...element.querySelectorAll('a[href^="#"]')].filter(link => {
        const text = (link.textContent ?? '').trim()
        return LABEL.test(text) || GOES_BACK.test(text)
      })
      isSingle = element.tagName === 'LI' || new Set(backs.map(link => link.closest('p') ?? link)).size <= 1
      this.single.set(element, isSingle)
    }
    return isSingle
  }
}
