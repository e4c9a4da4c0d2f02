// A provider on a real server, over a line that can be cut, and everything it was told along the way.
import { WebSocket as NodeWebSocket } from 'ws'
import * as Y from 'yjs'
import { existsSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { BINARY, World, hasFaults } from '../../../../../../tests/interop/support/server.mjs'
import { Proxy } from '../../../../../../tests/interop/support/proxy.mjs'
import { until } from '../../../../../../tests/interop/support/until.mjs'
import { PlenaryProvider, type ProviderOptions } from '../../../src/index.ts'

export { Proxy, World, until }

/** A server, or an error that says how to get one: a test that needs it must not pass without. */
export async function openWorld(): Promise<World> {
  if (!existsSync(BINARY) || !hasFaults()) {
    throw new Error(
      `no server with test hooks at ${BINARY}: cargo build -p plenary-cli --features plenary-cli/faults, ` +
      'or set PLENARY_BIN or CARGO_TARGET_DIR to where it is',
    )
  }
  return World.open()
}

/** Opens a provider that is destroyed when the test ends. `address`: of the server, or of a proxy before it. */
export function openClient(address: string, options: Partial<ProviderOptions> & { document: string }): Client {
  const client = new Client(address, options)
  onTestFinished(() => client.provider.destroy())
  return client
}

/** See {@link openClient}. */
export class Client {
  readonly doc: Y.Doc
  readonly provider: PlenaryProvider
  /** What happened, in order. */
  readonly log: string[] = []

  constructor(address: string, options: Partial<ProviderOptions> & { document: string }) {
    this.doc = options.doc ?? new Y.Doc()
    this.provider = new PlenaryProvider({
      ...(options.connection === undefined ? { server: `http://${address}`, WebSocket: nodeWebSocket } : {}),
      ...options,
      doc: this.doc,
    })
    const { provider, log } = this
    log.push(provider.saveState)
    provider.on('save-state', state => log.push(state))
    provider.on('status', ({ status }) => log.push(status))
    provider.on('denied', ({ reason, isFinal }) => log.push(`denied ${reason}${isFinal ? ' for good' : ''}`))
    provider.on('draft', draft => log.push(`draft ${draft.why} ${JSON.stringify(draft.text)}`))
    provider.on('draft-dropped', () => log.push('draft-dropped'))
    provider.on('access', access => log.push(`may ${access}`))
    provider.on('refused', ({ code }) => log.push(`refused ${code}`))
    provider.on('replaced', () => log.push('told of a replacement'))
  }

  get text(): Y.Text { return this.doc.getText('body') }
  get words(): string { return this.text.toString() }

  /** Puts text at the beginning. */
  write(text: string): void { this.text.insert(0, text) }

  until<T>(what: string, condition: () => T | Promise<T>, deadlineMs?: number): Promise<T> {
    return until(() => `${what}; has ${JSON.stringify(this.words)}, ${this.log.join(', ')}`, condition, deadlineMs)
  }

  saved(): Promise<unknown> { return this.until('saved', () => this.provider.saveState === 'saved') }
  synced(): Promise<unknown> { return this.until('synced', () => this.provider.synced) }
  reads(text: string): Promise<unknown> { return this.until(`reads ${text}`, () => this.words.includes(text)) }
}

/** The WebSocket of the package `ws` is what a browser's is, as far as we go. */
export const nodeWebSocket = NodeWebSocket as unknown as new (url: string) => WebSocket

/** Waits until all hold the same. */
export function converged(...clients: Client[]): Promise<unknown> {
  const [first, ...others] = clients
  return first!.until(`equal to ${others.map(other => JSON.stringify(other.words))}`, () => {
    const [one, ...more] = clients.map(client => Y.snapshot(client.doc))
    return more.every(other => Y.equalSnapshots(one!, other)) && clients.every(({ words }) => words === first!.words)
  })
}
