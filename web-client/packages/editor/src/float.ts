// Floating sheets: native popovers, placed beside what opened them.

/** A rectangle in the window. */
export type Place = Pick<DOMRect, 'left' | 'right' | 'top' | 'bottom'>

const GAP = 6
const MARGIN = 8

/** Puts an open sheet under `place`, or over it where there is more room, inside the window; then shows it. */
export function placeFloat(sheet: HTMLElement, place: Place): void {
  const { width, height } = sheet.getBoundingClientRect()
  const root = sheet.ownerDocument.documentElement
  const isRtl = getComputedStyle(sheet).direction === 'rtl'
  const start = isRtl ? place.right - width : place.left
  const left = Math.max(MARGIN, Math.min(start, root.clientWidth - width - MARGIN))
  const hasRoom = place.bottom + GAP + height + MARGIN <= window.innerHeight
  const isBelow = hasRoom || place.top < window.innerHeight - place.bottom
  const top = isBelow ? place.bottom + GAP : place.top - GAP - height
  sheet.style.left = `${left}px`
  sheet.style.top = `${Math.max(MARGIN, Math.min(top, window.innerHeight - height - MARGIN))}px`
  sheet.classList.add('placed')
}

/** For `toggle` of a sheet that a button opens by `popovertarget`: places it and moves the focus into it. */
export function settleFloat(event: ToggleEvent): void {
  const sheet = event.currentTarget as HTMLElement
  if (event.newState !== 'open') return sheet.classList.remove('placed')
  const root = sheet.getRootNode() as ShadowRoot
  const opener = root.querySelector<HTMLElement>(`[popovertarget='${sheet.id}']`)
  if (!opener) return
  placeFloat(sheet, opener.getBoundingClientRect())
  const first = sheet.querySelector<HTMLElement>('[aria-checked=true]:not([hidden]), [autofocus]')
  ;(first ?? sheet.querySelector<HTMLElement>('button, input, [tabindex]'))?.focus()
}
