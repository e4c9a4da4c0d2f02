// In place of the service worker: removes it and all it kept, and changes nothing else.
self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', event => {
  const forget = async () => {
    await Promise.all((await caches.keys()).map(name => caches.delete(name)))
    await self.registration.unregister()
  }
  event.waitUntil(forget())
})
