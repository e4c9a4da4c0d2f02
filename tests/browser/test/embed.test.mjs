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

/** The files of ours that a page has loaded, beside the module. */
const loaded = window =>
  window.page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map(({ name }) => new URL(name).pathname)
      .filter(path => path.startsWith('/embed/') && path !== '/embed/plenary-editor.js')
      .sort(),
  )

/** Pastes as a person does, with what a browser would have on its clipboard. */
const paste = (window, html) =>
  window.editor.evaluate((root, html) => {
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/html', html)
    root.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
  }, html)

test('what is fetched later comes from beside the module, before anybody needs it, and is there without a line', async () => {
  const window = await openHost()
  await window.saved()
  // Nobody here reads anything but English.
  await until('the page was idle', async () => (await loaded(window)).length > 0)
  assert.deepEqual(await loaded(window), ['/embed/paste.js'])
  await window.page.getByRole('toolbar', { name: 'Formatting' }).waitFor()
  await window.page.evaluate(() => (document.querySelector('plenary-editor').lang = 'ar-EG'))
  await window.page.getByRole('toolbar', { name: 'التنسيق' }).waitFor()
  assert.deepEqual(await loaded(window), ['/embed/languages/ar.js', '/embed/paste.js'])
  assert.equal(await window.page.locator('plenary-editor .frame').getAttribute('dir'), 'rtl')

  await demo.kill()
  await window.goToEndOf('Two requests to visit')
  await window.page.keyboard.press('Enter')
  await paste(window, '<h2>Pasted <em>without</em> a line</h2><p>And more.</p>')
  await window.seesText('Pasted without a line')
  const html = await window.page.evaluate(() => document.querySelector('plenary-editor').exportAs('html'))
  assert.match(html, /<h2[^>]*>Pasted <em>without<\/em> a line<\/h2>/)
  // Words that cannot be had are English.
  await window.page.evaluate(() => (document.querySelector('plenary-editor').lang = 'fr'))
  await window.page.getByRole('toolbar', { name: 'Formatting' }).waitFor()
  await demo.start()
  await window.saved()
  await window.page.context().close()
})

test('whoever pastes before that waits for it, and without it has the words', async () => {
  for (const [name, answers, expected] of [
    ['comes late', true, /<h2[^>]*>Comes late<\/h2>/],
    ['never comes', false, /<p[^>]*>Never comes<\/p>/],
  ]) {
    const context = await chromium.browser.newContext({ viewport: { width: 1280, height: 900 } })
    let letGo = () => {}
    const held = new Promise(resolve => (letGo = resolve))
    await context.route('**/embed/paste.js', async route => {
      await held
      await (answers ? route.continue() : route.abort('connectionrefused'))
    })
    const page = await context.newPage()
    watch(page, 'the host', demo, chromium.complaints, new URL(origin).host)
    await page.goto(origin)
    const early = await showText(page, 'somebody at the host')
    await early.saved()
    await early.goToEndOf('Two requests to visit')
    await page.keyboard.press('Enter')
    const words = name[0].toUpperCase() + name.slice(1)
    await paste(early, `<h2>${words}</h2><p>.</p>`)
    assert.doesNotMatch(await early.text(), new RegExp(words))
    letGo()
    await early.seesText(words)
    assert.match(await page.evaluate(() => document.querySelector('plenary-editor').exportAs('html')), expected)
    await early.saved()
    await context.close()
  }
})

test('a person whose sign-in has ended is told so, not that there is no line, unless the page tells them', async () => {
  const window = await openHost()
  await window.saved()
  const { page } = window
  const signedOut = says =>
    page.evaluate(says => {
      const editor = document.querySelector('plenary-editor')
      globalThis.provide ??= editor.tokenProvider
      globalThis.asked = []
      editor.addEventListener('plenary-token-needed', event => {
        asked.push(event.detail.reason)
        if (!says) event.preventDefault()
      }, { once: true })
      editor.tokenProvider = async () => null
      editor.disconnect()
      editor.connect()
    }, says)
  const signedIn = () =>
    page.evaluate(() => {
      const editor = document.querySelector('plenary-editor')
      editor.tokenProvider = provide
      editor.connect()
    })
  const banner = page.locator('plenary-notices .banner')

  await signedOut(true)
  await banner.getByText('Your sign-in has ended.').waitFor()
  await window.goToEndOf('Two requests to visit')
  await window.type(' Written meanwhile.')
  assert.equal(await banner.count(), 1)
  await signedIn()
  await window.saved()
  assert.equal(await banner.count(), 0)

  await signedOut(false)
  await until('the page is asked for a token', () => page.evaluate(() => asked.length > 0))
  assert.deepEqual(await page.evaluate(() => asked), ['none'])
  assert.equal(await banner.count(), 0)
  await signedIn()
  await window.saved()
  await page.context().close()
})
