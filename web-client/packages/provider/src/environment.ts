// What the surroundings tell: whether there is a network again, and whether anybody looks. None of it is relied on:
// where nobody tells (Node, some workers) the timers alone decide, only later.

/** Something that happened around the page. */
export type EnvironmentEvent =
  /** The device says that it has a network again. */
  | 'online'
  /** The device says that it has none. */
  | 'offline'
  /** The page can be seen again. */
  | 'visible'
  /** The page can no longer be seen and may end at any moment. */
  | 'hidden'

/** The surroundings of a provider. */
export interface Environment {
  /** Nobody sees the page. Its timers may then be slow. */
  readonly isHidden: boolean
  /** Calls back at each event; returns what ends that. */
  listen(listener: (event: EnvironmentEvent) => void): () => void
}

/** The page this runs in, or the worker, or nothing at all. */
export function pageEnvironment(): Environment {
  const page = typeof document === 'undefined' ? null : document
  const scope = typeof globalThis.addEventListener === 'function' ? globalThis : null
  return {
    get isHidden() {
      return page?.visibilityState === 'hidden'
    },
    listen(listener) {
      const undo: (() => void)[] = []
      const hear = (target: EventTarget | null, type: string, tell: () => EnvironmentEvent): void => {
        const heard = (): void => listener(tell())
        target?.addEventListener(type, heard)
        undo.push(() => target?.removeEventListener(type, heard))
      }
      hear(scope, 'online', () => 'online')
      hear(scope, 'offline', () => 'offline')
      // A page that comes out of the back-forward cache was never told that it became visible.
      hear(scope, 'pageshow', () => 'visible')
      hear(scope, 'pagehide', () => 'hidden')
      hear(page, 'visibilitychange', () => (page?.visibilityState === 'hidden' ? 'hidden' : 'visible'))
      return () => undo.forEach(end => end())
    },
  }
}
