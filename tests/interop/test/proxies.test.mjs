// docs/proxies: the sample configurations, run as Debian's nginx and Caddy read them, before a real server.

import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { World } from '../support/server.mjs'
import { until } from '../support/until.mjs'

const sample = (name) => readFileSync(new URL(`../../../docs/proxies/${name}`, import.meta.url), 'utf8')
const isThere = (program, argument) => spawnSync(program, [argument]).status === 0

// One address waits after five wrong tries at an account, longer each time; from 20 on all addresses together do.
const TRIES_MAX = 15

/** A sample with something put in; fails when the sample no longer has what it is put in for. */
function put (text, replacements) {
  for (const [from, to] of replacements) {
    assert.ok(text.includes(from), `the sample has no "${from}"`)
    text = text.replaceAll(from, to)
  }
  return text
}

const PROXIES = {
  nginx: {
    version: '-v',
    command ({ folder, port, plainPort, upstream, key, certificate }) {
      const site = put(sample('nginx.conf'), [
        ['    listen [::]:80;\n', ''], ['    listen [::]:443 ssl http2;\n', ''],
        ['listen 80;', `listen 127.0.0.1:${plainPort};`], ['listen 443 ssl http2;', `listen 127.0.0.1:${port} ssl http2;`],
        ['server_name plenary.example.org;', 'server_name 127.0.0.1;'],
        ['/etc/letsencrypt/live/plenary.example.org/fullchain.pem', certificate],
        ['/etc/letsencrypt/live/plenary.example.org/privkey.pem', key],
        ['/var/log/nginx/plenary.log', join(folder, 'access.log')],
        ['127.0.0.1:4600', upstream]
      ])
      writeFileSync(join(folder, 'plenary.conf'), site)
      const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`)
      // Workers of another user could not read the folder.
      const user = process.getuid() === 0 ? 'user root;' : ''
      writeFileSync(join(folder, 'nginx.conf'), `daemon off; ${user} pid ${folder}/pid; error_log stderr warn; events {}
        http { ${temporary.join(' ')} include ${folder}/plenary.conf; }`)
      return ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')]
    }
  },
  caddy: {
    version: 'version',
    command ({ folder, port, upstream, key, certificate }) {
      const site = put(sample('Caddyfile'), [
        ['\nplenary.example.org {', `\nhttps://127.0.0.1:${port} {\n\ttls ${certificate} ${key}`],
        ['127.0.0.1:4600', upstream]
      ])
      writeFileSync(join(folder, 'Caddyfile'), `{\n\tadmin off\n\tauto_https disable_redirects\n}\n${site}`)
      return ['run', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')]
    }
  }
}

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address()
    probe.close(() => resolve(port))
  })
})

for (const [program, proxy] of Object.entries(PROXIES)) {
  test(`an unmodified y-websocket client syncs through ${program} as docs/proxies has it`, async (t) => {
    if (!isThere(program, proxy.version)) return t.skip(`${program} is not here: install the Debian package '${program}'`)
    if (!isThere('openssl', 'version')) return t.skip("openssl is not here: install the Debian package 'openssl'")
    const folder = mkdtempSync(join(tmpdir(), `plenary-${program}-`))
    const [port, plainPort] = [await freePort(), await freePort()]
    process.env.PLENARY_PUBLIC_URL = `https://127.0.0.1:${port}`
    const world = await World.open()
    delete process.env.PLENARY_PUBLIC_URL
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    const named = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '1']
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    execFileSync('openssl', [...made, ...named, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    const ca = readFileSync(certificate)

    const place = { folder, port, plainPort, upstream: world.server.address, key, certificate }
    const home = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder }
    const child = spawn(program, proxy.command(place), { env: { ...process.env, ...home }, stdio: ['ignore', 'pipe', 'pipe'] })
    const said = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (words) => said.push(words))
    const ended = new Promise((resolve) => child.once('exit', resolve))
    const providers = []
    t.after(async () => {
      providers.forEach((provider) => provider.destroy())
      child.kill('SIGTERM')
      await ended
      await world.server.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    const ask = (method, path, { from = '127.0.0.1', headers = {}, json } = {}) => new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, method, ca, localAddress: from, headers: { ...headers } }
      if (json) options.headers['content-type'] = 'application/json'
      const asked = request(options, (answer) => answer.resume().once('end', () => resolve(answer)))
      asked.once('error', reject).end(json && JSON.stringify(json))
    })
    await until(() => `${program} answers\n${Buffer.concat(said)}`, async () => {
      assert.equal(child.exitCode, null, Buffer.concat(said).toString())
      return (await ask('GET', '/healthz').catch(() => ({}))).statusCode === 200
    })

    class Trusting extends WebSocket {
      constructor (url, protocols) { super(url, protocols, { ca }) }
    }
    const document = await world.newDocument()
    const join_ = (name) => {
      const doc = new Y.Doc()
      const provider = new WebsocketProvider(`wss://127.0.0.1:${port}/sync`, document, doc, {
        params: { token: world.token(name) }, WebSocketPolyfill: Trusting, disableBc: true
      })
      providers.push(provider)
      return { doc, provider }
    }
    const [ana, ben] = [join_('ana'), join_('ben')]
    await until('both are in', () => ana.provider.synced && ben.provider.synced)
    const text = ({ doc }) => doc.getText('body').toString()
    ana.doc.getText('body').insert(0, 'through the proxy')
    await until(() => `the words are with the other: ${text(ben)}`, () => text(ben).includes('through the proxy'))
    // More than a proxy gathers in one piece, up and down.
    const long = 'a text that is long enough. '.repeat(32_000)
    ben.doc.getText('body').insert(0, long)
    await until('the long text is there', () => text(ana).startsWith(long) && text(ana) === text(ben))
    const late = join_('ana')
    await until('it is there for who comes later', () => text(late) === text(ana))

    // The address is the client's own: what it says of itself is not believed, and others are not held up with it.
    const guess = (from, n) => ask('POST', '/api/v1/session', {
      from,
      headers: { 'x-forwarded-for': `198.51.100.${n}` },
      json: { email: world.users.max.email, password: 'a wrong guess' }
    })
    let last
    for (let n = 0; n < TRIES_MAX && last !== 429; n++) last = (await guess('127.0.0.2', n)).statusCode
    assert.equal(last, 429, 'one address may guess without end')
    assert.equal((await guess('127.0.0.3', TRIES_MAX)).statusCode, 401, 'another address is held up with it')

    // A page's own address is what the browser sees, so cookies are safe ones.
    const page = await ask('GET', '/')
    assert.match(page.headers['strict-transport-security'] ?? '', /max-age/)
    if (program === 'nginx') {
      // It is written when a socket ends.
      late.provider.disconnect()
      let log
      await until('the socket is in the log', () => {
        log = readFileSync(join(folder, 'access.log'), 'utf8')
        return log.includes(`GET /sync/${document}"`)
      })
      assert.ok(!log.includes(world.token('ana')) && !log.includes('token='), 'a token is in the log')
    }
  })
}
