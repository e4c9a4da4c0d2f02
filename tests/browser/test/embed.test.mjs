// `<plenary-editor>` in a page of another site, without a build, under a strict content policy.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Demo } from '../support/demo.mjs'
import { until } from '../../interop/support/until.mjs'
import { open, showText, startBrowser, watch } from '../support/windows.mjs'

const HOST = fileURLToPath(new URL('../../../web-client/examples/embed/serve.mjs', import.meta.url))

let demo, chromium, host, origin

/** A port that was free a moment ago: the server has to know the host's origin before the host starts. */
const freePort = () =>
  new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

before(async () => {
  origin = `http://127.0.0.1:${await freePort()}`
  ;[demo, chromium] = await Promise.all([
    Demo.start({ env: { PLENARY_EMBED_ORIGINS: origin } }),
    startBrowser(),
  ])
  const token = await demo.tokenOf('safiya')
  const answer = await fetch(`${demo.address}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  const { statements } = await answer.json()
  const command = ['--document', statements[0].documents.body, '--server', demo.address, '--listen', new URL(origin).host]
  host = spawn(process.execPath, [HOST, ...command], { env: { ...process.env, PLENARY_TOKEN: token } })
  await new Promise((resolve, reject) => {
    createInterface({ input: host.stdout }).once('line', resolve)
    host.once('exit', reject)
  })
})

after(async () => {
  host?.kill()
  await chromium?.stop()
  await demo?.stop()
  assert.deepEqual(chromium?.complaints, [], 'no page erred, broke its content policy or asked a third origin')
})

async function openHost(options = {}) {
  const context = await chromium.browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
  const page = await context.newPage()
  const { host: embedding } = new URL(origin)
  watch(page, 'the host', demo, chromium.complaints, embedding)
  await page.addInitScript(() => {
    globalThis.told = []
    for (const name of ['ready', 'save-state', 'connection', 'words', 'presence', 'role-change', 'error']) {
      addEventListener(`plenary-${name}`, ({ detail }) => told.push([name, detail]))
    }
  })
  await page.goto(origin)
  return showText(page, 'somebody at the host')
}

test('the editor in a page of another site writes into the same text, and says truly what is saved', async () => {
  const window = await openHost()
  const ilse = await open(chromium, demo, 'ilse')
  await window.goToEndOf('Two requests to visit')
  await window.type(' From the intranet.')
  await ilse.seesText('From the intranet.')
  await ilse.goToEndOf('Two requests to visit')
  await ilse.type(' From inside.')
  await window.seesText('From inside.')
  // Cursors and names of others are on the page, under a policy that forbids inline styles.
  await window.page.locator('.plenary-cursor').first().waitFor({ state: 'attached' })

  const result = await window.page.evaluate(async () => {
    const editor = document.querySelector('plenary-editor')
    await editor.ready()
    const outcome = await editor.flush(10_000)
    return { outcome, state: editor.saveState, text: editor.exportAs('text'), html: editor.exportAs('html'), delta: editor.exportAs('delta') }
  })
  assert.equal(result.outcome, 'saved')
  assert.match(result.text, /From the intranet\. From inside\./)
  assert.match(result.html, /<h1/)
  assert.ok(Array.isArray(JSON.parse(result.delta)))
  await window.saved()
  await window.page.getByText('Everything is saved.').waitFor()

  const told = await window.page.evaluate(() => told)
  const of = name => told.filter(([one]) => one === name).map(([, detail]) => detail)
  assert.equal(of('ready').length, 1)
  assert.equal(of('save-state').at(-1).state, 'saved')
  assert.deepEqual(of('role-change'), [{ access: 'write' }])
  assert.equal(of('words').at(-1).limit, 2815)
  assert.ok(of('presence').some(({ people }) => people.some(({ name }) => name === 'Ilse Marenko')))
  assert.deepEqual(of('error'), [])
  await Promise.all([window, ilse].map(({ page }) => page.context().close()))
})

test('a page that is closed with unsaved words asks first, and one without does not', async () => {
  const window = await openHost()
  await window.saved()
  // As the browser does before it closes a page.
  const asks = () =>
    window.page.evaluate(() => {
      const event = new Event('beforeunload', { cancelable: true })
      dispatchEvent(event)
      return event.defaultPrevented
    })
  assert.equal(await asks(), false)
  await demo.kill()
  await window.goToEndOf('Two requests to visit')
  await window.type(' Only here.')
  await window.says('NOT kept: leave this page open')
  assert.equal(await asks(), true)
  await demo.start()
  await window.saved()
  assert.equal(await asks(), false)
  await window.page.context().close()
})

test('the element taken out of the page lets go, and put back opens the text anew', async () => {
  const window = await openHost()
  await window.saved()
  await window.page.evaluate(() => {
    globalThis.kept = document.querySelector('plenary-editor')
    kept.remove()
  })
  await until('it has let go', () => window.page.evaluate(() => kept.saveState === null))
  await window.page.evaluate(() => document.querySelector('main').prepend(kept))
  await window.editor.waitFor()
  await window.saved()
  await window.page.context().close()
})
