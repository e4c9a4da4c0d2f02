// A site that embeds the editor and vouches for its own people: docs/embedding/host, run as it stands there.

import { execFile, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { showText, watch } from './windows.mjs'

const SERVER = fileURLToPath(new URL('../../../docs/embedding/host/server.mjs', import.meta.url))
const PASSWORD = 'of the intranet'

/** A port that was free a moment ago: a key is registered for an origin before the host listens there. */
const freePort = () =>
  new Promise(resolve => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })

export class Host {
  folder = mkdtempSync(join(tmpdir(), 'plenary-host-'))

  /**
   * Makes a key, registers it with the server of `demo` and starts the host.
   *
   * `cap`: the key's and the group's. `role`: what the host says its people are. `registered`: the origin that is
   * registered, when it is not the host's own. `lifeSeconds`: of its tokens.
   */
  static async start(demo, issuer, { cap = 'drafter', role = 'drafter', registered, lifeSeconds = 120 } = {}) {
    const host = new Host()
    Object.assign(host, { demo, issuer, origin: `http://127.0.0.1:${await freePort()}` })
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    host.key = privateKey
    const keyFile = host.#write('host.key.pem', privateKey.export({ type: 'pkcs8', format: 'pem' }))
    host.publicKey = publicKey.export({ type: 'spki', format: 'pem' })
    const publicFile = host.#write('host.pub.pem', host.publicKey)
    const me = await host.#me()
    const { id: group } = (await host.#ask('groups')).groups[0]
    host.document = me.statements[0].documents.body
    const key = ['--issuer', issuer, '--origin', registered ?? host.origin, '--role', cap, '--public-key', publicFile]
    host.kid = await demo.command('embed-key', 'new', ...key, '--group', group)
    const settings = {
      plenary: demo.address, origin: host.origin, issuer, kid: host.kid, keyFile, document: host.document, lifeSeconds,
      people: { ana: { password: PASSWORD, name: 'Ana (intranet)', role } },
    }
    host.child = spawn(process.execPath, [SERVER, host.#write('host.json', JSON.stringify(settings))])
    await new Promise((resolve, reject) => {
      createInterface({ input: host.child.stdout }).once('line', resolve)
      createInterface({ input: host.child.stderr }).on('line', line => console.error(line))
      host.child.once('exit', status => reject(new Error(`the host ended: ${status}`)))
    })
    return host
  }

  #write(name, text) {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  async #ask(path) {
    const authorization = `Bearer ${await this.demo.tokenOf('ilse')}`
    return (await fetch(`${this.demo.address}/api/v1/${path}`, { headers: { authorization } })).json()
  }

  #me() {
    return this.#ask('me')
  }

  /** A token as the host's own server makes it. */
  async token() {
    const authorization = `Basic ${Buffer.from(`ana:${PASSWORD}`).toString('base64')}`
    const answer = await fetch(`${this.origin}/plenary-token`, { method: 'POST', headers: { authorization } })
    return (await answer.json()).token
  }

  /** A window with the host's page, whose tokens are what `tokens` makes of those of the host's server. */
  async open({ browser, complaints }, { tokens = null } = {}) {
    const credentials = { username: 'ana', password: PASSWORD, origin: this.origin }
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, httpCredentials: credentials })
    const page = await context.newPage()
    watch(page, `at ${this.issuer}`, this.demo, complaints, new URL(this.origin).host)
    page.asked = 0
    await page.route('**/plenary-token', async route => {
      page.asked += 1
      if (!tokens) return route.continue()
      await route.fulfill({ json: { token: await tokens(await this.token()) } })
    })
    await page.addInitScript(() => {
      globalThis.told = []
      for (const name of ['save-state', 'connection', 'role-change', 'error', 'token-needed']) {
        addEventListener(`plenary-${name}`, ({ detail }) => told.push([name, detail]))
      }
    })
    await page.goto(this.origin)
    return page
  }

  /** The same, once the text is shown. */
  async openText(chromium, options) {
    return showText(await this.open(chromium, options), `somebody at ${this.issuer}`)
  }

  async revoke() {
    await this.demo.command('embed-key', 'revoke', '--key', this.kid)
  }

  stop() {
    this.child?.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Runs a script's interpreter; resolves to what it prints. */
export const output = async (program, ...command) => (await promisify(execFile)(program, command)).stdout.trim()
