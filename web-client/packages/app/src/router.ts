// Which page the address means. Real paths and the History API; the server answers all of them with the page.

export type Route = { page: 'statements' } | { page: 'statement'; id: string } | { page: 'missing' }

/** Reads a path. */
export function routeOf(path: string): Route {
  if (path === '/' || path === '/index.html') return { page: 'statements' }
  const id = /^\/statements\/([\w-]+)\/?$/.exec(path)?.[1]
  return id === undefined ? { page: 'missing' } : { page: 'statement', id }
}

/** The path of a statement's page. */
export const statementPath = (id: string): string => `/statements/${encodeURIComponent(id)}`

/**
 * Follows the address, whether a link changed it or the browser's own buttons. `mayLeave` is asked before: a page within this
 * one can be left without the browser asking anything.
 */
export function followAddress(changed: (route: Route) => void, mayLeave: () => boolean): void {
  let path = location.pathname
  const tell = () => {
    path = location.pathname
    changed(routeOf(path))
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
    if (link.pathname === path || !mayLeave()) return
    history.pushState(null, '', link.pathname)
    scrollTo(0, 0)
    tell()
  })
  tell()
}

/** Takes the secret of a sign-in link out of the address, and so out of the history, before anything else can fail. */
export function takeLinkSecret(): string | null {
  const secret = new URLSearchParams(location.hash.slice(1)).get('sign-in')
  if (secret !== null) history.replaceState(null, '', location.pathname)
  return secret
}
