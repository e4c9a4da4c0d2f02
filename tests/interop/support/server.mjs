// A real `plenary` server with a folder of its own, driven as an operator would: by its command line and over HTTP.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { until } from './until.mjs'

const run = promisify(execFile)
const TARGET = process.env.CARGO_TARGET_DIR ?? join(dirname(fileURLToPath(import.meta.url)), '../../../target')

/** The binary under test. */
export const BINARY = process.env.PLENARY_BIN ?? join(TARGET, 'debug/plenary')

/** Whether it was built with the feature `faults`: only then it knows the variable by name. */
export const hasFaults = () => existsSync(BINARY) && readFileSync(BINARY).includes('PLENARY_FAULTS')

const living = new Set()
process.on('exit', () => {
  for (const server of living) {
    server.process?.kill('SIGKILL')
    rmSync(server.folder, { recursive: true, force: true })
  }
})

export class Server {
  folder = mkdtempSync(join(tmpdir(), 'plenary-interop-'))
  data = join(this.folder, 'data')
  faults = join(this.folder, 'faults')
  log = []

  static async start () {
    const server = new Server()
    mkdirSync(server.faults)
    living.add(server)
    await server.start()
    return server
  }

  /** Starts it, or starts it again on the same folder, at a new address. */
  async start () {
    const child = spawn(BINARY, ['serve', '--data-dir', this.data, '--listen', '127.0.0.1:0'], {
      env: { ...process.env, PLENARY_FAULTS: this.faults }, stdio: ['ignore', 'pipe', 'pipe']
    })
    this.process = child
    this.exited = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
    let ended
    this.exited.then((end) => { ended = end })
    this.address = undefined
    const lines = (stream) => createInterface({ input: stream }).on('line', (line) => {
      this.log.push(line)
      const listening = /listening on http:\/\/(\S+)/.exec(line)
      if (listening) this.address ??= listening[1]
    })
    lines(child.stdout)
    lines(child.stderr)
    await until(() => `the server listens\n${this.log.slice(-20).join('\n')}`, () => this.address ?? ended)
    if (this.address === undefined) throw new Error(`the server ended: ${JSON.stringify(ended)}\n${this.log.join('\n')}`)
  }

  get port () { return Number(this.address.split(':')[1]) }

  /** As if the power failed. */
  async kill () {
    this.process.kill('SIGKILL')
    await this.exited
  }

  async stop () {
    this.process.kill('SIGTERM')
    const end = await this.exited
    rmSync(this.folder, { recursive: true, force: true })
    living.delete(this)
    return end
  }

  /** Puts a file into the folder that a binary with faults looks into; returns what takes it out again. */
  fault (name) {
    const file = join(this.faults, name)
    writeFileSync(file, '')
    return () => rmSync(file, { force: true })
  }

  /** One command of the command line; resolves to what it prints as JSON. */
  async cli (...args) {
    const { stdout } = await run(BINARY, [...args, '--data-dir', this.data, '--json'])
    return stdout.trim() === '' ? undefined : JSON.parse(stdout)
  }

  /** One request; resolves to `{ status, body }`, the body parsed when it is JSON. */
  async http (method, path, { token, json } = {}) {
    const response = await fetch(`http://${this.address}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(json === undefined ? {} : { 'content-type': 'application/json' })
      },
      body: json === undefined ? undefined : JSON.stringify(json)
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    const isJson = response.headers.get('content-type')?.includes('json')
    return { status: response.status, body: isJson ? JSON.parse(new TextDecoder().decode(bytes)) : bytes }
  }

  /** A request that has to succeed; resolves to its body. */
  async ok (method, path, options) {
    const { status, body } = await this.http(method, path, options)
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`)
    return body
  }
}

/** A server with one group: ana coordinates, ben drafts, olu observes; max is in a group of his own. */
export class World {
  users = {}
  statements = 0

  static async open () {
    const world = new World()
    world.server = await Server.start()
    const { server } = world
    const person = async (name) => {
      const email = `${name}@example.org`
      const { id } = await server.cli('user', 'add', '--email', email, '--name', name)
      const { token } = await server.cli('token', 'create', '--email', email)
      world.users[name] = { id, email, token }
    }
    for (const name of ['ana', 'ben', 'olu', 'max']) await person(name)
    world.group = await world.newGroup('Coalition', { ana: 'coordinator', ben: 'drafter', olu: 'observer' })
    const elsewhere = await world.newGroup('Elsewhere', { max: 'coordinator' })
    world.elsewhere = (await world.newStatement(elsewhere)).documents.body
    return world
  }

  async newGroup (name, members) {
    const { id } = await this.server.cli('group', 'add', '--name', name)
    for (const [member, role] of Object.entries(members)) {
      await this.server.cli('member', 'add', '--group', id, '--email', this.users[member].email, '--role', role)
    }
    return id
  }

  /** `{ id, documents: { body, comments } }` */
  newStatement (group = this.group) {
    return this.server.cli('statement', 'add', '--group', group, '--title', `Statement ${++this.statements}`)
  }

  /** The id of a fresh document of the group. */
  async newDocument () {
    return (await this.newStatement()).documents.body
  }

  token (name) { return this.users[name].token }

  setRole (name, role, group = this.group) {
    return this.server.ok('PATCH', `/api/v1/groups/${group}/members/${this.users[name].id}`,
      { token: this.token('ana'), json: { role } })
  }

  remove (name, group = this.group) {
    return this.server.ok('DELETE', `/api/v1/groups/${group}/members/${this.users[name].id}`,
      { token: this.token('ana') })
  }

  setStage (statement, to) {
    return this.server.ok('POST', `/api/v1/statements/${statement}/stage`, { token: this.token('ana'), json: { to } })
  }

  state (document, name = 'ana') {
    return this.server.ok('GET', `/api/v1/documents/${document}/state`, { token: this.token(name) })
  }

  stop () { return this.server.stop() }
}
