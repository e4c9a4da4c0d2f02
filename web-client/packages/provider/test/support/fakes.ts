// A world in which nothing happens by itself: time, the page, sockets, and a server that says what it is told to.
import { onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { Awareness } from 'y-protocols/awareness'
import {
  Connection, PlenaryProvider,
  type Clock, type ConnectionOptions, type Environment, type EnvironmentEvent, type ProviderOptions,
} from '../../src/index.ts'
import { decode, encode, type Message, type Scope } from '../../src/messages.ts'

/** Lets everything that was promised happen. */
export const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** Time that passes when it is told to. */
export class FakeClock implements Clock {
  #now = 1_700_000_000_000
  #timers = new Set<{ at: number, run: () => void }>()

  now(): number { return this.#now }

  setTimeout(run: () => void, delayMs: number): unknown {
    const timer = { at: this.#now + delayMs, run }
    this.#timers.add(timer)
    return timer
  }

  clearTimeout(handle: unknown): void {
    this.#timers.delete(handle as { at: number, run: () => void })
  }

  /** Lets so much time pass, timer by timer. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.#now = Math.max(this.#now, next.at)
      this.#timers.delete(next)
      next.run()
      await settle()
    }
    this.#now = end
  }

  /** As when the device sleeps: time passes and no timer runs. */
  sleep(ms: number): void { this.#now += ms }
}

/** A page that is seen or not. */
export class FakePage implements Environment {
  isHidden = false
  readonly #listeners = new Set<(event: EnvironmentEvent) => void>()

  listen(listener: (event: EnvironmentEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(event: EnvironmentEvent): void {
    if (event === 'hidden' || event === 'visible') this.isHidden = event === 'hidden'
    for (const listener of this.#listeners) listener(event)
  }

  get listeners(): number { return this.#listeners.size }
}

/** The far end of a socket. */
export class FakeSocket {
  readonly url: string
  binaryType = ''
  bufferedAmount = 0
  isClosed = false
  onopen: ((event: Event) => void) | null = null
  onclose: ((event: CloseEvent) => void) | null = null
  onerror: ((event: Event) => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  /** What the client sent, not yet looked at. */
  readonly sent: { address: string, message: Message }[] = []

  constructor(url: string) { this.url = url }

  send(frame: Uint8Array): void { this.sent.push(decode(frame)) }
  close(): void { this.isClosed = true }

  /** Everything sent since the last look, in words. */
  take(): Message[] { return this.sent.splice(0).map(({ message }) => message) }

  open(): void { this.onopen?.(new Event('open')) }
  lose(code = 1006): void { this.onclose?.({ code, reason: '' } as CloseEvent) }
  say(address: string, message: Message): void { this.sayBytes(encode(address, message)) }
  sayBytes(frame: Uint8Array): void { this.onmessage?.({ data: frame.slice().buffer }) }
}

/** Everything a provider is given in these tests. */
export class Stage {
  readonly clock = new FakeClock()
  readonly page = new FakePage()
  readonly sockets: FakeSocket[] = []
  /** Whether a socket can be made at all. */
  isForbidden = false
  random = 1

  readonly options = (): ConnectionOptions => {
    const opens = (socket: FakeSocket): void => {
      if (this.isForbidden) throw new Error('forbidden')
      this.sockets.push(socket)
    }
    return {
      server: 'https://plenary.example.org/',
      token: 'secret',
      clock: this.clock,
      environment: this.page,
      random: () => this.random,
      fetch: () => Promise.reject(new Error('no HTTP here')),
      WebSocket: class extends FakeSocket {
        constructor(url: string) {
          super(url)
          opens(this)
        }
      } as unknown as new (url: string) => WebSocket,
    }
  }

  /** The newest socket. */
  get socket(): FakeSocket { return this.sockets.at(-1)! }

  connection(options: Partial<ConnectionOptions> = {}): Connection {
    return new Connection({ ...this.options(), ...options })
  }

  provider(options: Partial<ProviderOptions> = {}): PlenaryProvider {
    const doc = options.doc ?? new Y.Doc()
    const provider = new PlenaryProvider({ ...this.options(), document: 'doc', awareness: null, ...options, doc })
    onTestFinished(() => provider.destroy())
    return provider
  }

  /** Opens the socket and lets the client in, as a server does that has `content`. */
  async letIn(content: Y.Doc = new Y.Doc(), { scope = 'read-write' as Scope, welcomes = true } = {}): Promise<void> {
    this.socket.open()
    await settle()
    this.say({ type: 'auth-granted', scope })
    if (welcomes) this.say(welcome(scope))
    await settle()
    this.say({ type: 'sync-step-1', stateVector: Y.encodeStateVector(content) })
    this.say({ type: 'sync-step-2', update: Y.encodeStateAsUpdate(content) })
    await settle()
  }

  /** Lets the client in and confirms all that it had. */
  async letInAndConfirm(content?: Y.Doc): Promise<void> {
    await this.letIn(content)
    this.confirm()
    this.socket.take()
  }

  say(message: Message): void { this.socket.say('doc', message) }

  /** Answers the newest mark. */
  confirm(): void { this.say({ type: 'durable', mark: this.marks().at(-1)! }) }

  marks(): number[] {
    return this.socket.sent.flatMap(({ message }) => (message.type === 'mark' ? [message.mark] : []))
  }
}

export const welcome = (access: Scope = 'read-write'): Message => ({
  type: 'welcome', version: 1, document: 'doc', access,
  frameBytesMax: 16 * 1024 * 1024, updateBytesMax: 1024 * 1024, awarenessEntryBytesMax: 4096,
})

/** The types of messages, in order. */
export const types = (messages: Message[]): string[] => messages.map(({ type }) => type)

/** Presence whose own timers do not keep the tests from ending. */
export function awarenessOf(doc: Y.Doc): Awareness {
  const awareness = new Awareness(doc)
  onTestFinished(() => awareness.destroy())
  return awareness
}

/** A document that says `text`. */
export function docOf(text: string): Y.Doc {
  const doc = new Y.Doc()
  doc.getText('body').insert(0, text)
  return doc
}
