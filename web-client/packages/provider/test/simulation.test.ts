// One person, one device and one server, in which whatever can go wrong does, from a seed: lines break, the server dies
// and forgets what it had not flushed, the page is closed in the middle of a word. What is said must be true throughout.
import { expect, test } from 'vitest'
import * as Y from 'yjs'
import type { DocumentStore, PlenaryProvider, StoredDocument } from '../src/index.ts'
import { mergeAcknowledged } from '../src/store/acknowledged.ts'
import type { Message } from '../src/messages.ts'
import { Stage, settle, welcome, type FakeSocket } from './support/fakes.ts'

const SEEDS = 40
const STEPS = 120

test('saved is never said of a word that the server could still lose, and in the end all is saved', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await simulate(seed)
}, 120_000)

/** What docs/protocol.md says a server does, no more. */
class ModelServer {
  received = new Y.Doc()
  durable = new Y.Doc()
  #socket: FakeSocket | null = null
  #asked = 0
  #held: Message[] = []
  #deferred: Message[] = []

  /** A line begins; the one before is gone. */
  accept(socket: FakeSocket): void {
    this.#socket = socket
    this.#asked = 0
    this.#held = []
    this.#deferred = []
    socket.open()
  }

  /** Takes the next frame, if one has come. */
  work(): void {
    const message = this.#socket?.sent.shift()?.message
    switch (message?.type) {
      case 'auth-token': return this.#say({ type: 'auth-granted', scope: 'read-write' })
      case 'hello': return this.#say(welcome())
      case 'sync-step-1':
        this.#ask()
        this.#held.push({ type: 'sync-step-2', update: Y.encodeStateAsUpdate(this.received, message.stateVector) })
        return
      case 'sync-step-2':
        Y.applyUpdate(this.received, message.update)
        this.#asked -= 1
        if (this.#asked === 0) this.#held.push(...this.#deferred.splice(0))
        return
      case 'update':
        Y.applyUpdate(this.received, message.update)
        if (this.received.store.pendingStructs !== null && this.#asked === 0) this.#ask()
        return
      case 'mark':
        (this.#asked === 0 ? this.#held : this.#deferred).push({ type: 'durable', mark: message.mark })
        return
      case 'ping': return this.#say({ type: 'pong' })
      default: return
    }
  }

  /** Everything so far is on disk, so what waited for that leaves. */
  flush(): void {
    Y.applyUpdate(this.durable, Y.encodeStateAsUpdate(this.received))
    this.#held.splice(0).forEach(message => this.#say(message))
  }

  /** As kill -9 does it. */
  die(): void {
    this.received = copyOf(this.durable)
    this.cut()
  }

  cut(): void {
    this.#socket?.lose()
    this.#socket = null
  }

  isServing(socket: FakeSocket): boolean { return this.#socket === socket }
  has(doc: Y.Doc): boolean { return Y.snapshotContainsUpdate(Y.snapshot(this.durable), Y.encodeStateAsUpdate(doc)) }

  #ask(): void {
    this.#asked += 1
    this.#held.push({ type: 'sync-step-1', stateVector: Y.encodeStateVector(this.received) })
  }

  #say(message: Message): void {
    if (message.type === 'ping' || message.type === 'pong') this.#socket?.say('', message)
    else this.#socket?.say('doc', message)
  }
}

/** Keeps what it has promised to keep, and only that. */
class ModelDevice {
  readonly stored: StoredDocument = { updates: [], acknowledged: null, drafts: [] }
  #waiting: (() => void)[] = []
  #opened = 0

  /** Writes what waits. */
  work(): void { this.#waiting.splice(0).forEach(write => write()) }

  open(): DocumentStore {
    this.#waiting = []
    const opened = ++this.#opened
    const writing = (write: () => void): Promise<void> => new Promise(resolve => {
      this.#waiting.push(() => {
        // What a page had not written when it ended is lost.
        if (opened === this.#opened) write()
        resolve()
      })
    })
    return {
      keeps: 'on-device',
      load: async () => ({ ...this.stored, updates: [...this.stored.updates] }),
      append: update => writing(() => this.stored.updates.push(update)),
      acknowledge: snapshot => writing(() => {
        this.stored.acknowledged = mergeAcknowledged(this.stored.acknowledged, snapshot)
      }),
      keepDraft: async () => {},
      dropDraft: async () => {},
      reset: async () => {},
      onUpdate: () => () => {},
      onTrouble: () => () => {},
      close: async () => {},
    }
  }
}

async function simulate(seed: number): Promise<void> {
  const random = randomFrom(seed)
  const server = new ModelServer()
  const device = new ModelDevice()
  const stage = new Stage()
  stage.random = random()
  let provider!: PlenaryProvider
  let isEnding = false
  await open()

  for (let step = 0; step < STEPS; step++) {
    const text = provider.doc.getText('body')
    switch (Math.floor(random() * 12)) {
      case 0: case 1: case 2:
        text.insert(Math.floor(random() * (text.length + 1)), `w${step} `)
        break
      case 3:
        if (text.length > 3) text.delete(Math.floor(random() * (text.length - 3)), 3)
        break
      case 4: device.work(); break
      case 5: server.flush(); break
      case 6: for (let frames = random() * 6; frames > 0; frames--) server.work(); break
      case 7: await stage.clock.pass(random() * 3_000); break
      case 8: stage.page.tell(random() < 0.5 ? 'hidden' : 'visible'); break
      case 9:
        [() => server.cut(), () => server.die(), () => {}][Math.floor(random() * 3)]!()
        break
      case 10:
        // Somebody else writes, and the server shows it once it is durable.
        server.received.getText('body').insert(0, `other${step} `)
        break
      case 11:
        if (random() < 0.3) await crash()
        break
    }
    await connectIfAsked()
    judge(`seed ${seed}, step ${step}`)
  }

  for (let round = 0; round < 200 && provider.saveState !== 'saved'; round++) {
    stage.page.tell('visible')
    await connectIfAsked()
    await stage.clock.pass(200)
    for (let frames = 0; frames < 20; frames++) server.work()
    server.flush()
    device.work()
    await settle()
    judge(`seed ${seed}, at the end`)
  }
  expect(provider.saveState, `seed ${seed}`).toBe('saved')
  isEnding = true
  provider.destroy()

  async function open(): Promise<void> {
    provider = stage.provider({ store: device.open() })
    provider.on('save-state', () => !isEnding && judge(`seed ${seed}, at a change`))
    await provider.whenLoaded
  }

  /** The page is gone from one moment to the next: what it would still have done is not done. */
  async function crash(): Promise<void> {
    const wasSafe = provider.saveState === 'on-this-device' || provider.saveState === 'saved'
    const before = copyOf(provider.doc)
    const ending = provider
    isEnding = true
    server.cut()
    await open()
    ending.destroy()
    isEnding = false
    if (!wasSafe) return
    const all = copyOf(server.durable)
    Y.applyUpdate(all, Y.encodeStateAsUpdate(provider.doc))
    const isThere = Y.snapshotContainsUpdate(Y.snapshot(all), Y.encodeStateAsUpdate(before))
    expect(isThere, `seed ${seed}: what was called kept or saved is here or at the server`).toBe(true)
  }

  async function connectIfAsked(): Promise<void> {
    const socket = stage.sockets.at(-1)
    if (socket !== undefined && !socket.isClosed && socket.onopen !== null && !server.isServing(socket)) server.accept(socket)
    await settle()
  }

  function judge(when: string): void {
    if (provider.saveState === 'saved') expect(server.has(provider.doc), `${when}: saved`).toBe(true)
    if (!provider.pending) expect(server.has(provider.doc), `${when}: not pending`).toBe(true)
  }
}

function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return copy
}

function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
