// The host of docs/embedding/host: a site that vouches for its own people with a key. What of it is tested where:
//
// Here, in a browser, with what the reader is told: it works from another port; its sessions are renewed while somebody
// types; a wrong origin; a revoked key; `alg` none and HS256; expired, used and misaddressed tokens; its cap.
// Every other wrong token, and every cap of key, group and token: crates/plenary-server/tests/http/embed.rs.
// Open sockets at revocation, renewal and expiry, in both dialects: tests/e2e/embedding.rs.
// The snippets of docs/embedding.md in Node and Python: here; in Rust: crates/plenary-server/tests/http/signing.rs.

import assert from 'node:assert/strict'
import { createHmac, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Demo } from '../support/demo.mjs'
import { Host, output } from '../support/host.mjs'
import { open, startBrowser } from '../support/windows.mjs'
import { until } from '../../interop/support/until.mjs'

const SIGNING = new URL('../../../docs/embedding/signing/', import.meta.url)
// Shorter than what is typed below takes, so that it is renewed on the way; a quarter of it is left then, which is enough for a
// busy machine.
const LIFE_S = 12
const RENEWALS = 3
// The browser does not let such a page read the server's own words.
const UNKNOWN = /this site is not, or no longer, registered there/

let demo, chromium
const hosts = []

async function host(issuer, options) {
  const started = await Host.start(demo, issuer, options)
  hosts.push(started)
  return started
}

before(async () => {
  ;[demo, chromium] = await Promise.all([Demo.start(), startBrowser()])
})

after(async () => {
  hosts.forEach(host => host.stop())
  await chromium?.stop()
  await demo?.stop()
  // What is refused is said on the console by the browser itself.
  const unexpected = chromium?.complaints.filter(line => !/status of 40[13]|has been blocked by CORS policy|net::ERR_FAILED/.test(line))
  assert.deepEqual(unexpected, [], 'no page erred, broke its content policy or asked a third origin')
})

const why = page => page.locator('#why').textContent()
const told = (page, wanted) => page.evaluate(wanted => told.filter(([name]) => name === wanted).map(([, detail]) => detail), wanted)

/** Nothing is shown, and both page and editor say why, in words. */
async function isRefused(page, words) {
  await until(`the page says ${words}`, async () => words.test(await why(page)))
  await page.locator('plenary-notices .banner').getByText('This page could not show the server who you are.').waitFor()
  assert.equal(await page.locator('.ProseMirror').count(), 0)
}

test('somebody without an account writes from a page on another port, and their sessions are renewed meanwhile', async () => {
  const site = await host('https://intranet.example.org', { lifeSeconds: LIFE_S })
  const ana = await site.openText(chromium)
  const ilse = await open(chromium, demo, 'ilse')
  await ana.page.getByText('You can write here.').waitFor()
  await ana.goToEndOf('Two requests to visit')
  const asked = ana.page.asked
  let typed = ''
  for (let word = 0; ana.page.asked < asked + RENEWALS; word++) {
    assert.ok(word < 2_000, `asked for ${ana.page.asked - asked} tokens while ${word} words were typed`)
    typed += ` ${word}`
    await ana.page.keyboard.type(` ${word}`, { delay: 15 })
  }
  await ana.saved()
  await ilse.seesText(`${typed}`)
  assert.equal(await why(ana.page), '')
  // One line from the first to the last key.
  const lines = (await told(ana.page, 'connection')).map(({ state }) => state)
  assert.deepEqual(lines.slice(lines.indexOf('connected')), ['connected'])
  assert.deepEqual(await told(ana.page, 'error'), [])
  assert.deepEqual(await told(ana.page, 'token-needed'), [])
  // They are who the site said, to others as well.
  await ilse.page.locator('.plenary-name[data-name="Ana (intranet)"]').first().waitFor({ state: 'attached' })
  await Promise.all([ana, ilse].map(({ page }) => page.context().close()))
})

test('a page of an origin that is not registered opens nothing', async () => {
  const site = await host('https://elsewhere.example.org', { registered: 'https://pages.example.org' })
  const page = await site.open(chromium)
  await isRefused(page, UNKNOWN)
  await page.context().close()

  // Nor does a token that names the registered page, from this one.
  const lying = await site.open(chromium, { tokens: token => changed(site, token, {}, { origin: 'https://pages.example.org' }) })
  await isRefused(lying, UNKNOWN)
  await lying.context().close()
})

/** The token with another header or other claims, signed by the host's key unless `signature` says how. */
function changed(site, token, header, claims, signature = unsigned => sign(null, unsigned, site.key)) {
  const [head, body] = token.split('.').slice(0, 2).map(part => JSON.parse(Buffer.from(part, 'base64url').toString()))
  const part = value => Buffer.from(JSON.stringify(value)).toString('base64url')
  const unsigned = `${part({ ...head, ...header })}.${part({ ...body, ...claims })}`
  return `${unsigned}.${signature(Buffer.from(unsigned)).toString('base64url')}`
}

test('a token that is wrong opens nothing, and the reader is told what is wrong with it', async () => {
  const site = await host('https://forged.example.org')
  const now = () => Math.floor(Date.now() / 1000)
  const used = await site.token()
  const json = { 'content-type': 'application/json', 'origin': site.origin }
  const first = await fetch(`${demo.address}/api/v1/embed/session`, { method: 'POST', headers: json, body: JSON.stringify({ token: used }) })
  assert.equal(first.status, 201)
  const ways = [
    ['alg none', /algorithm is not that of its key/, token => changed(site, token, { alg: 'none' }, {}, () => Buffer.of())],
    ['alg HS256', /algorithm is not that of its key/, token => changed(site, token, { alg: 'HS256' }, {}, unsigned => createHmac('sha256', site.publicKey).update(unsigned).digest())],
    ['HS256 called EdDSA', /signature does not fit/, token => changed(site, token, {}, {}, unsigned => createHmac('sha256', site.publicKey).update(unsigned).digest())],
    ['expired', /has run out/, token => changed(site, token, {}, { iat: now() - 200, nbf: now() - 200, exp: now() - 80 })],
    ['used', /has been used/, () => used],
    ['for another server', /for another server/, token => changed(site, token, {}, { aud: 'https://plenary.example.com' })],
  ]
  for (const [what, words, tokens] of ways) {
    const page = await site.open(chromium, { tokens })
    await isRefused(page, words).catch(error => assert.fail(`${what}: ${error.message}`))
    await page.context().close()
  }
  // The key itself is good.
  const window = await site.openText(chromium)
  await window.page.context().close()
})

test('nobody rises above the cap of their site, whatever it says they are', async () => {
  const site = await host('https://readers.example.org', { cap: 'observer', role: 'coordinator' })
  const window = await site.openText(chromium)
  await window.page.getByText('You can read this text, but not change it.').waitFor()
  const before = await window.text()
  assert.equal(await window.editor.getAttribute('contenteditable'), 'false')
  assert.deepEqual(await told(window.page, 'role-change'), [{ access: 'read' }])

  // Made to write all the same, by a page that goes round the editor's own rule: the server does not take it.
  await window.page.evaluate(() => {
    const { doc } = document.querySelector('plenary-editor').content
    doc.share.get('body').delete(0, 1)
  })
  await until('it is refused', async () => (await told(window.page, 'save-state')).some(({ state }) => state === 'refused'))
  const ilse = await open(chromium, demo, 'ilse')
  await ilse.seesText('Two requests to visit')
  assert.equal(await ilse.text(), before)
  await Promise.all([window, ilse].map(({ page }) => page.context().close()))
})

test('once its key is revoked a page that was writing says why it can no longer, and keeps the words', async () => {
  const site = await host('https://revoked.example.org')
  const ana = await site.openText(chromium)
  await ana.goToEndOf('Two requests to visit')
  await ana.type(' Before.')
  await ana.saved()
  await site.revoke()
  await ana.type(' After.')
  await until('the page says why', async () => UNKNOWN.test(await why(ana.page)))
  await ana.page.locator('plenary-notices .banner').getByText('Your sign-in has ended.').waitFor()
  await ana.says('NOT kept: leave this page open')
  assert.match(await ana.text(), /Before\. After\./)
  const ilse = await open(chromium, demo, 'ilse')
  await ilse.seesText('Before.')
  assert.doesNotMatch(await ilse.text(), /After\./)
  // Nor does the page open anew.
  const again = await site.open(chromium)
  await isRefused(again, UNKNOWN)
  await Promise.all([ana.page, ilse.page, again].map(page => page.context().close()))

  const audit = await demo.command('audit', 'show', '--instance')
  assert.match(audit, new RegExp(`embed-key-revoked.*${site.kid}`))
  assert.doesNotMatch(await demo.command('embed-key', 'list'), new RegExp(site.kid))
})

const PRINT = {
  node: [process.execPath, ['--input-type=module', '--eval', `
    const { signToken } = await import(${JSON.stringify(new URL('sign-token.mjs', SIGNING).href)})
    console.log(signToken(JSON.parse(process.argv[1])))`]],
  python: [process.env.PLENARY_PYTHON ?? 'python3', ['-c', `
import json, re, sys
sys.path.insert(0, ${JSON.stringify(fileURLToPath(SIGNING))})
sys.dont_write_bytecode = True
from sign_token import sign_token
given = json.loads(sys.argv[1])
print(sign_token(**{re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), name): value for name, value in given.items()}))`]],
}

for (const [language, [program, command]] of Object.entries(PRINT)) {
  test(`what docs/embedding.md signs in ${language} is taken, once`, async t => {
    if (language === 'python') {
      const hasIt = await output(program, '-c', 'import jwt.algorithms as a; assert a.has_crypto').then(() => true, () => false)
      if (!hasIt) return t.skip('no Python with PyJWT and cryptography: `pip install "pyjwt[crypto]"`, or name one in PLENARY_PYTHON')
    }
    const site = await host(`https://${language}.example.org`)
    const privateKeyPem = site.key.export({ type: 'pkcs8', format: 'pem' })
    const { kid, issuer, origin, document } = site
    const given = { privateKeyPem, kid, issuer, server: demo.address, origin, document, person: 'ana', name: 'Ana', role: 'drafter' }
    const token = await output(program, ...command, JSON.stringify(given))
    const statuses = []
    for (let time = 0; time < 2; time++) {
      const headers = { 'content-type': 'application/json', origin }
      const answer = await fetch(`${demo.address}/api/v1/embed/session`, { method: 'POST', headers, body: JSON.stringify({ token }) })
      statuses.push(answer.status)
    }
    assert.deepEqual(statuses, [201, 401])
  })
}
