// Starts the page without a line. The page and its files are fetched while this is being installed: the first visit is not
// under its control, so nothing would be kept otherwise.

// Only what `lib.webworker` has and is used here: it cannot be loaded beside `lib.dom`, in which the rest is written.
interface WorkerScope {
  registration: { scope: string }
  clients: { claim(): Promise<void> }
  skipWaiting(): Promise<void>
  addEventListener(type: 'install' | 'activate', listener: (event: { waitUntil(done: Promise<unknown>): void }) => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(
    type: 'fetch',
    listener: (event: { request: Request; respondWith(answer: Promise<Response>): void }) => void,
  ): void
}

/** Written by the build: what makes up the page, `/` first, the addresses it has, and a name for exactly these. */
declare const __FILES__: string[]
declare const __ADDRESSES__: string[]
declare const __VERSION__: string

const worker = self as unknown as WorkerScope
const FILES = __FILES__
const ADDRESSES = __ADDRESSES__.map(source => new RegExp(source))
const PREFIX = 'plenary-page-'
const CACHE = PREFIX + __VERSION__

// A line that is there but does not answer must not keep the page from opening.
const NAVIGATION_WITHIN_MS = 2000

worker.addEventListener('install', event => {
  const fresh = FILES.map(file => new Request(file, { cache: 'no-cache' }))
  event.waitUntil(caches.open(CACHE).then(cache => cache.addAll(fresh)))
})

worker.addEventListener('activate', event => {
  event.waitUntil(forgetOldPages().then(() => worker.clients.claim()))
})

// The page says when: once everything is saved.
worker.addEventListener('message', event => {
  if (event.data === 'take-over') void worker.skipWaiting()
})

worker.addEventListener('fetch', event => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== location.origin) return
  // Addresses of the app are its page; everything else by name. What people write, and who they are, is never here.
  if (request.mode === 'navigate' && ADDRESSES.some(address => address.test(pathname))) {
    event.respondWith(page(request))
  } else if (FILES.includes(pathname) && pathname !== '/') {
    event.respondWith(file(request))
  } else if (pathname.startsWith('/assets/')) {
    // Of the version before, whose page may still be open.
    event.respondWith(file(request))
  }
})

async function page(request: Request): Promise<Response> {
  const kept = caches.open(CACHE).then(cache => cache.match('/'))
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(), NAVIGATION_WITHIN_MS)
  try {
    const answer = await fetch(request, { signal: timeout.signal })
    // A proxy in front of a server that is away answers in its place.
    if (answer.status < 500) return answer
    return (await kept) ?? answer
  } catch (error) {
    const found = await kept
    if (found === undefined) throw error
    return found
  } finally {
    clearTimeout(timer)
  }
}

async function file(request: Request): Promise<Response> {
  return (await caches.match(request.url)) ?? fetch(request)
}

// The version before stays: its page may be open in another tab and load its editor only now.
async function forgetOldPages(): Promise<void> {
  const pages = (await caches.keys()).filter(name => name.startsWith(PREFIX) && name !== CACHE)
  await Promise.all(pages.slice(0, -1).map(name => caches.delete(name)))
}
