// A real `plenary serve --demo` in a folder of its own, which can be killed and started again at the same address.

import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const TARGET = process.env.CARGO_TARGET_DIR ?? join(dirname(fileURLToPath(import.meta.url)), '../../../target')
export const BINARY = process.env.PLENARY_BIN ?? join(TARGET, 'debug/plenary')

const living = new Set()
process.on('exit', () => living.forEach(demo => demo.child?.kill('SIGKILL')))

export class Demo {
  folder = mkdtempSync(join(tmpdir(), 'plenary-browser-'))
  listen = '127.0.0.1:0'
  log = []

  /** `env`: settings beside those of the test's own environment. */
  static async start({ env = {} } = {}) {
    const demo = new Demo()
    demo.env = env
    living.add(demo)
    await demo.start()
    return demo
  }

  /** Starts the server, or starts it again at the address it had. `people` are its sign-in links by first name. */
  async start() {
    const data = join(this.folder, 'data')
    this.child = spawn(BINARY, ['serve', '--demo', '--json', '--data-dir', data, '--listen', this.listen], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.env },
    })
    this.ended = new Promise(resolve => this.child.once('close', resolve))
    createInterface({ input: this.child.stderr }).on('line', line => this.log.push(line))
    const lines = createInterface({ input: this.child.stdout })
    const announced = new Promise((resolve, reject) => {
      lines.on('line', line => (line.includes('"listening_on"') ? resolve(JSON.parse(line)) : this.log.push(line)))
      this.child.once('error', reject)
      this.ended.then(status => reject(new Error(`the server ended (${status}):\n${this.log.slice(-20).join('\n')}`)))
    })
    const { listening_on: address, demo } = await announced
    this.address = address
    this.listen = new URL(address).host
    const first = name => name.normalize('NFD').replaceAll(/\p{M}/gu, '').split(' ')[0].toLowerCase()
    this.people = Object.fromEntries(demo.map(({ name, sign_in_link }) => [first(name), sign_in_link]))
  }

  /** A bearer token for one of the people, from the command that makes them. */
  async tokenOf(person) {
    return this.command('token', 'create', '--email', `${person}@demo.example`)
  }

  /** Runs a command of the operator's; resolves to what it prints. */
  async command(...command) {
    const data = join(this.folder, 'data')
    return (await promisify(execFile)(BINARY, [...command, '--data-dir', data])).stdout.trim()
  }

  /** As if the power failed. */
  async kill() {
    this.child.kill('SIGKILL')
    await this.ended
  }

  async stop() {
    this.child.kill('SIGTERM')
    await this.ended
    living.delete(this)
    rmSync(this.folder, { recursive: true, force: true })
  }
}
