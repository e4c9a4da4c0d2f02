// A new version of the page, and the way out of a service worker gone wrong.

import assert from 'node:assert/strict'
import { createServer, request as ask } from 'node:http'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { after, before, test } from 'node:test'
import { Demo } from '../support/demo.mjs'
import { until } from '../../interop/support/until.mjs'
import { startBrowser, useLink, watch } from '../support/windows.mjs'

const OFF = readFileSync(
  fileURLToPath(new URL('../../../web-client/packages/app/src/service-worker-off.js', import.meta.url)),
  'utf8',
)

let demo, chromium, front, worker

before(async () => {
  ;[demo, chromium] = await Promise.all([Demo.start(), startBrowser()])
  // In front of the server: everything goes through but the service worker, which is what a test says.
  front = createServer((incoming, outgoing) => {
    if (incoming.url === '/sw.js' && worker) {
      outgoing.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'no-cache' }).end(worker)
      return
    }
    const { method, url, headers } = incoming
    const outbound = ask(new URL(url, demo.address), { method, headers }, answer => {
      outgoing.writeHead(answer.statusCode, answer.headers)
      answer.pipe(outgoing)
    })
    outbound.on('error', () => outgoing.destroy())
    incoming.pipe(outbound)
  })
  await new Promise(resolve => front.listen(0, '127.0.0.1', resolve))
})

after(async () => {
  front?.closeAllConnections()
  front?.close()
  await chromium?.stop()
  await demo?.stop()
  assert.deepEqual(chromium?.complaints, [], 'no page erred, broke its content policy or asked another origin')
})

async function openList() {
  const listen = `127.0.0.1:${front.address().port}`
  const context = await chromium.browser.newContext()
  const page = await context.newPage()
  watch(page, 'ilse', { listen }, chromium.complaints)
  await useLink(page, `http://${listen}/${new URL(demo.people.ilse).hash}`)
  await page.evaluate(() => navigator.serviceWorker.ready)
  await until('the page is under its control', () => page.evaluate(() => navigator.serviceWorker.controller !== null))
  return page
}

test('a new version is offered, and used when the person says so', async () => {
  worker = undefined
  const page = await openList()
  worker = `${await (await fetch(new URL('/sw.js', demo.address))).text()}\n// Another build.`
  await page.evaluate(async () => {
    globalThis.isOldPage = true
    await (await navigator.serviceWorker.getRegistration()).update()
  })
  await page.getByText('A new version is here.').waitFor()
  await page.getByRole('button', { name: 'Reload' }).click()
  await until('the page is another', () => page.evaluate(() => globalThis.isOldPage === undefined).catch(() => false))
  await page.locator('a.statement').waitFor()
  assert.equal(await page.getByText('A new version is here.').count(), 0)
  await page.context().close()
})

test('a build without a service worker takes away the one before, and all it kept of the page', async () => {
  worker = undefined
  const page = await openList()
  worker = OFF
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update())
  await until('nothing of it is left', () =>
    page.evaluate(async () =>
      (await navigator.serviceWorker.getRegistrations()).length === 0 && (await caches.keys()).length === 0))
  worker = undefined
  await page.context().close()
})
