/** The region to go to from the one that has the focus, `by` steps on; those that are not there are passed over. */
export function nextRegion(by: 1 | -1, root: ShadowRoot, regions: readonly (HTMLElement | null | undefined)[]): HTMLElement | undefined {
  const there = regions.filter(region => region instanceof HTMLElement)
  const path = [document.activeElement, root.activeElement]
  const at = there.findIndex(region => path.includes(region))
  return there[(at + by + there.length) % there.length]
}
