// The service worker: starting it, and hearing that a new version waits.

/** A new version of the page that waits to be used. */
export interface Update {
  /** Uses it: the page is loaded afresh. */
  apply(): void
}

const ASK_AGAIN_MS = 60 * 60 * 1000

interface TrustedTypesWindow {
  trustedTypes?: { createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string } }
}

// The server's content security policy takes a worker's address from this policy only.
function trusted(url: string): string {
  const { trustedTypes } = globalThis as TrustedTypesWindow
  return trustedTypes?.createPolicy('plenary-worker', { createScriptURL: text => text }).createScriptURL(url) ?? url
}

/** Starts the worker where there can be one, and tells when a new version has been fetched. */
export async function watchUpdates(found: (update: Update) => void): Promise<void> {
  // Absent in private windows of some browsers and where there is no https.
  const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
  if (!workers || !import.meta.env.PROD) return
  let registration: ServiceWorkerRegistration
  try {
    registration = await workers.register(trusted('/sw.js'))
  } catch {
    return
  }
  // Nothing was written on this page yet, and what is fetched later is kept of both versions.
  registration.waiting?.postMessage('take-over')

  const tell = () => {
    const next = registration.installing
    next?.addEventListener('statechange', () => {
      if (next.state !== 'installed' || !workers.controller) return
      found({
        apply() {
          workers.addEventListener('controllerchange', () => location.reload(), { once: true })
          if (registration.waiting) registration.waiting.postMessage('take-over')
          else location.reload()
        },
      })
    })
  }
  registration.addEventListener('updatefound', tell)
  // It may be on its way already when we come to listen.
  tell()
  const ask = () => void registration.update().catch(() => {})
  setInterval(ask, ASK_AGAIN_MS)
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && ask())
}
