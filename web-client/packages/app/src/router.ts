// Which page the address means. Real paths and the History API; the server answers all of them with the page.

/**
 * The address of each page; a part that begins with a colon is a parameter. A new page has a line here and one in
 * `pages.ts`; where its first part is new, the server's `routes/assets.rs` has to know it, too.
 */
export const paths = {
  statements: '/',
  statement: '/statements/:id',
  account: '/account',
  groups: '/groups',
  group: '/groups/:id',
  groupLinks: '/groups/:id/links',
  groupEmbedding: '/groups/:id/embedding',
  groupLog: '/groups/:id/log',
  interests: '/interests',
  embedding: '/embedding',
  log: '/log',
} as const

export type PageName = keyof typeof paths

/** A page and what its address says, or an address that means nothing. */
export type Route = { page: PageName; params: Readonly<Record<string, string>> } | { page: 'missing' }

const patterns = Object.entries(paths).map(([page, path]) => {
  const pattern = path.replace(/\/$/, '').replaceAll(/:(\w+)/g, '(?<$1>[\\w-]+)')
  return { page: page as PageName, pattern: new RegExp(`^${pattern}/?$`) }
})

/** Regular expressions for the addresses of all pages, for the service worker, which is a file by itself. */
export const addresses: readonly string[] = patterns.map(({ pattern }) => pattern.source)

/** Reads a path. */
export function routeOf(path: string): Route {
  if (path === '/index.html') return { page: 'statements', params: {} }
  for (const { page, pattern } of patterns) {
    const found = pattern.exec(path)
    if (found) return { page, params: { ...found.groups } }
  }
  return { page: 'missing' }
}

/** The path of a page. `params`: each that its address needs. */
export function pathOf(page: PageName, params: Readonly<Record<string, string>> = {}): string {
  return paths[page].replaceAll(/:(\w+)/g, (_, name: string) => {
    const value = params[name]
    if (value === undefined) throw new Error(`the address of ${page} needs ${name}`)
    return encodeURIComponent(value)
  })
}

/**
 * Follows the address, whether a link changed it or the browser's own buttons. `mayLeave` is asked before: a page within this
 * one can be left without the browser asking anything. Returns what goes to another page as a link does.
 */
export function followAddress(changed: (route: Route) => void, mayLeave: () => boolean): (path: string) => void {
  let path = location.pathname
  const tell = () => {
    path = location.pathname
    changed(routeOf(path))
  }
  const go = (to: string) => {
    // Signing out goes home without asking here.
    if (to === location.pathname || !mayLeave()) return
    history.pushState(null, '', to)
    scrollTo(0, 0)
    tell()
  }
  addEventListener('popstate', () => {
    if (location.pathname === path || mayLeave()) tell()
    // The browser has gone there already.
    else history.pushState(null, '', path)
  })
  addEventListener('click', event => {
    const isPlain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    const link = event.composedPath().find(node => node instanceof HTMLAnchorElement)
    if (!isPlain || event.defaultPrevented || !link || link.target || link.hasAttribute('download')) return
    if (link.origin !== location.origin || routeOf(link.pathname).page === 'missing' || link.hash) return
    event.preventDefault()
    go(link.pathname)
  })
  tell()
  return go
}

/** What links of ours are for; the part of the fragment that holds the secret is called so. */
export const linkKinds = ['sign-in', 'invitation', 'guest', 'reset'] as const

export type LinkKind = (typeof linkKinds)[number]

/** A link that was followed. Its secret is used when the person says so, not when something merely looks at the page. */
export interface Link {
  kind: LinkKind
  /** Empty once it is known to be of no use. */
  secret: string
}

/** Reads a fragment, with or without `#`; `null` when it is no link of ours. */
export function linkOf(fragment: string): Link | null {
  const parts = new URLSearchParams(fragment.replace(/^#/, ''))
  for (const kind of linkKinds) {
    const secret = parts.get(kind)
    if (secret !== null) return { kind, secret }
  }
  return null
}

/** Takes the secret of a link out of the address, and so out of the history, before anything else can fail. */
export function takeLink(): Link | null {
  const link = linkOf(location.hash)
  if (link !== null) history.replaceState(null, '', location.pathname)
  return link
}
