// Keys as people read them, and as ARIA spells them.

/** Whether the keyboard has a command key. */
export const isMac = typeof navigator !== 'undefined' && /Mac|iP(hone|[oa]d)/.test(navigator.platform)

const shown: Record<string, string> = isMac
  ? { Mod: '⌘', Ctrl: '⌃', Alt: '⌥', Shift: '⇧', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→' }
  : { Mod: 'Ctrl', ArrowUp: '↑', ArrowDown: '↓', ArrowLeft: '←', ArrowRight: '→' }

/** The parts of a combination in ProseMirror's spelling (`Mod-Shift-z`), as they stand on the keyboard. */
export function keyNames(combination: string): string[] {
  return combination.split('-').map(key => shown[key] ?? (key.length === 1 ? key.toUpperCase() : key))
}

/** A combination in one string, for tips: `Ctrl+B`, `⌘B`. */
export function keyLabel(combination: string): string {
  return keyNames(combination).join(isMac ? '' : '+')
}

/** A combination as `aria-keyshortcuts` wants it. */
export function ariaKeys(combination: string): string {
  const names: Record<string, string> = { Mod: isMac ? 'Meta' : 'Control', Ctrl: 'Control' }
  return combination
    .split('-')
    .map(key => names[key] ?? (key.length === 1 ? key.toUpperCase() : key))
    .join('+')
}

/** Whether a key event is this combination. Letters are read by what they type or, with Alt, by where they are. */
export function isCombination(event: KeyboardEvent, combination: string): boolean {
  const parts = combination.split('-')
  const key = parts.pop() ?? ''
  const has = (name: string) => parts.includes(name)
  const ctrl = has('Ctrl') || (has('Mod') && !isMac)
  const meta = has('Mod') && isMac
  if (event.ctrlKey !== ctrl || event.metaKey !== meta || event.altKey !== has('Alt')) return false
  // Shift may be needed to type a sign, so it counts with letters only.
  if (/^[a-z0-9]$/i.test(key) && event.shiftKey !== has('Shift')) return false
  return event.key.toLowerCase() === key.toLowerCase() || event.code === `Key${key.toUpperCase()}`
}
