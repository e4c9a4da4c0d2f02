// Captures the golden frames in tests/fixtures/frames: the real npm packages talk to a small server that records
// what they send and answers as a server of their protocol would. Run it with `npm run capture`; it is only
// needed for a new package version, or a new message of ours.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { WebSocket, WebSocketServer } from 'ws'
import * as Y from 'yjs'
import * as awarenessProtocol from 'y-protocols/awareness'
import { WebsocketProvider } from 'y-websocket'
import * as v2 from 'hocuspocus-v2'
import * as v3 from 'hocuspocus-v3'
import * as v4 from 'hocuspocus-v4'
import { createYjsProvider } from '@y-sweet/client'
import { frame, hex, meaning } from './support/codec.mjs'
import { until } from './support/until.mjs'

const FRAMES = new URL('../fixtures/frames/', import.meta.url)
mkdirSync(FRAMES, { recursive: true })

// y-sweet asks for it by its browser name; v4 draws its session id. Both must come out the same each time.
globalThis.WebSocket = WebSocket
let seed = 1
Math.random = () => (seed = (seed * 48271) % 2147483647) / 2147483647

const version = (name) =>
  JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), 'utf8')).version

/** A document with a fixed client id, so that frames are the same each time. */
const documentOf = (clientID, text) => {
  const doc = new Y.Doc()
  doc.clientID = clientID
  if (text) doc.getText('body').insert(0, text)
  return doc
}

const other = documentOf(2002, 'Bonjour, ')
const otherAwareness = new awarenessProtocol.Awareness(other)
otherAwareness.setLocalState({ user: { name: 'Béatrice', color: '#00aa55' }, cursor: null })
const PRESENCE = awarenessProtocol.encodeAwarenessUpdate(otherAwareness, [2002])

/** A server that records both directions, each frame under the step it happened in. */
class Recorder {
  frames = []
  step = 'open'

  constructor (dialect, answer) {
    this.dialect = dialect
    this.server = new WebSocketServer({ port: 0 })
    this.server.on('connection', (socket) => {
      this.socket = socket
      socket.binaryType = 'nodebuffer'
      if (dialect === 'y-websocket') this.send(frame(0, 0, Y.encodeStateVector(other)))
      socket.on('message', (bytes) => {
        const said = this.record('client', bytes)
        answer(this, said)
      })
    })
  }

  get url () { return `ws://127.0.0.1:${this.server.address().port}` }

  record (direction, bytes) {
    const said = meaning(this.dialect, new Uint8Array(bytes))
    const same = this.frames.filter((frame) => frame.name.startsWith(`${this.step} ${said.type}`)).length
    const name = `${this.step} ${said.type}${same ? ` ${same + 1}` : ''}`
    this.frames.push({ name, dialect: this.dialect, direction, hex: hex(bytes), meaning: said })
    return said
  }

  send (bytes) {
    this.record('server', bytes)
    this.socket.send(bytes)
  }

  said (step, type, count = 1) {
    return until(`${this.dialect}: ${step} ${type}`, () =>
      this.frames.filter((f) => f.name.startsWith(`${step} ${type}`) && f.direction === 'client').length >= count)
  }

  finish (file, source) {
    this.server.close()
    for (const client of this.server.clients) client.terminate()
    write(file, source, this.frames)
  }
}

const write = (file, source, frames) => {
  writeFileSync(new URL(file, FRAMES), `${JSON.stringify({ source, frames }, null, 1)}\n`)
  console.log(`${file}: ${frames.length} frames`)
}

const yWebsocket = async () => {
  const recorder = new Recorder('y-websocket', (recorder, said) => {
    if (said.type === 'sync-step-1') {
      recorder.send(frame(0, 1, Y.encodeStateAsUpdate(other, Buffer.from(said.stateVector, 'hex'))))
    }
  })
  const doc = documentOf(1001, 'Hello')
  const provider = new WebsocketProvider(recorder.url, 'doc', doc, {
    WebSocketPolyfill: WebSocket, disableBc: true, connect: false
  })
  provider.awareness.setLocalState({ user: { name: 'Ana', color: '#ff0000' } })
  provider.connect()
  await until('synced', () => provider.synced)
  await recorder.said('open', 'sync-step-2')
  recorder.step = 'presence'
  recorder.send(frame(1, PRESENCE))
  recorder.send(frame(1, Uint8Array.of(0)))
  await until('Béatrice', () => provider.awareness.getStates().has(2002))
  recorder.send(frame(3))
  await recorder.said('presence', 'awareness')
  recorder.step = 'edit'
  doc.getText('body').insert(0, 'à ')
  await recorder.said('edit', 'update')
  other.getText('body').insert(0, '😀')
  recorder.send(frame(0, 2, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc))))
  await until('the edit of the other', () => doc.getText('body').toString().includes('😀'))
  recorder.step = 'delete'
  doc.getText('body').delete(0, 3)
  await recorder.said('delete', 'update')
  recorder.step = 'denied'
  recorder.send(frame(2, 0, 'not-found'))
  recorder.step = 'leave'
  provider.destroy()
  await recorder.said('leave', 'awareness')
  recorder.finish(`y-websocket-${version('y-websocket')}.json`, `y-websocket ${version('y-websocket')}`)
}

const hocuspocus = async (alias, { HocuspocusProvider, HocuspocusProviderWebsocket }, options = {}) => {
  const major = Number(version(alias).split('.')[0])
  const recorder = new Recorder('hocuspocus', (recorder, said) => {
    const { address } = said
    if (said.type === 'auth-token') recorder.send(frame(address, 2, 2, 'read-write'))
    if (said.type === 'sync-step-1') {
      recorder.send(frame(address, 0, 0, Y.encodeStateVector(other)))
      recorder.send(frame(address, 0, 1, Y.encodeStateAsUpdate(other, Buffer.from(said.stateVector, 'hex'))))
    }
    if (said.type === 'sync-step-2' || said.type === 'update') recorder.send(frame(address, 8, 1))
  })
  const doc = documentOf(1001, 'Hello')
  const awareness = new awarenessProtocol.Awareness(doc)
  awareness.setLocalState({ user: { name: 'Ana', color: '#ff0000' } })
  const socket = new HocuspocusProviderWebsocket({ url: recorder.url, WebSocketPolyfill: WebSocket })
  const provider = new HocuspocusProvider({
    name: 'doc', document: doc, awareness, token: 'secret', websocketProvider: socket, ...options
  })
  provider.attach?.()
  await recorder.said('open', 'sync-step-2')
  await until('everything acknowledged', () => provider.unsyncedChanges === 0)
  const address = provider.effectiveName ?? 'doc'
  recorder.step = 'presence'
  recorder.send(frame(address, 1, PRESENCE))
  recorder.send(frame('', 1, Uint8Array.of(0)))
  await until('Béatrice', () => awareness.getStates().has(2002))
  recorder.send(frame(address, 3))
  await recorder.said('presence', 'awareness')
  recorder.step = 'edit'
  doc.getText('body').insert(0, 'à ')
  await recorder.said('edit', 'update')
  await until('the edit acknowledged', () => provider.unsyncedChanges === 0)
  other.getText('body').insert(0, '😀')
  recorder.send(frame(address, 0, 2, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc))))
  await until('the edit of the other', () => doc.getText('body').toString().includes('😀'))
  recorder.step = 'stateless'
  provider.sendStateless('{"typing":"…"}')
  await recorder.said('stateless', 'stateless')
  recorder.send(frame(address, 5, 'noted'))
  recorder.step = 'refused'
  recorder.send(frame(address, 8, 0))
  recorder.step = 'downgraded'
  recorder.send(frame(address, 2, 2, 'readonly'))
  await until('read only', () => provider.authorizedScope === 'readonly')
  recorder.step = 'renewal'
  if (major > 2) {
    recorder.send(frame(address, 2, 0))
    await recorder.said('renewal', 'auth-token')
  }
  recorder.step = 'silence'
  if (major > 3) {
    recorder.send(Uint8Array.of(9))
    await recorder.said('silence', 'pong')
  }
  recorder.step = 'closed'
  if (major > 2) {
    let closed
    provider.on('close', ({ event }) => { closed = event.reason })
    recorder.send(frame(address, 7, 'removed'))
    await until('closed', () => closed === 'removed')
  }
  recorder.step = 'denied'
  let denied
  // v2 gives up sending after a denial; its farewell is recorded before.
  const farewell = async () => {
    recorder.step = 'leave'
    provider.destroy()
    await recorder.said('leave', major > 2 ? 'close' : 'awareness')
  }
  if (major === 2) await farewell()
  else {
    provider.on('authenticationFailed', ({ reason }) => { denied = reason })
    recorder.send(frame(address, 2, 1, 'not-found'))
    await until('denied', () => denied === 'not-found')
    await farewell()
  }
  const session = options.sessionAwareness ? '-session' : ''
  socket.destroy()
  recorder.finish(`hocuspocus-${version(alias)}${session}.json`, `@hocuspocus/provider ${version(alias)}`)
}

const ySweet = async () => {
  const recorder = new Recorder('y-websocket', (recorder, said) => {
    if (said.type === 'sync-step-1') recorder.send(frame(0, 1, Y.encodeStateAsUpdate(other)))
    if (said.type === 'y-sweet-status') recorder.send(Buffer.from(`66${said.body}`, 'hex'))
  })
  const doc = documentOf(1001)
  const provider = createYjsProvider(doc, 'doc', async () => ({
    url: recorder.url, baseUrl: recorder.url.replace('ws', 'http'), docId: 'doc', token: 't'
  }), { showDebuggerLink: false })
  await until('synced', () => provider.status === 'connected')
  recorder.step = 'edit'
  doc.getText('body').insert(0, 'à ')
  await recorder.said('edit', 'y-sweet-status')
  await until('acknowledged', () => !provider.hasLocalChanges)
  provider.destroy()
  recorder.finish(`y-sweet-${version('@y-sweet/client')}.json`, `@y-sweet/client ${version('@y-sweet/client')}`)
}

// Type 110 in both dialects; our own, so written here rather than captured.
const ours = () => {
  const bodies = [
    ['hello', 'client', 0, 1],
    ['welcome', 'server', 1, 1, '0197c7a0-5b1e-7cc3-8b6f-1d2a3b4c5d6e', 1, 16777216, 1048576, 4096],
    ['mark', 'client', 2, 300],
    ['durable', 'server', 3, 300],
    ['refused', 'server', 4, 7, 4, 'observers cannot write'],
    ['renewed token', 'client', 5, 'secret'],
    ['token asked for', 'server', 5, ''],
    ['access taken', 'server', 6, 0],
    ['access given', 'server', 6, 1],
    ['notice', 'server', 7, 'back in a moment']
  ]
  const frames = ['y-websocket', 'hocuspocus'].flatMap((dialect) => bodies.map(([name, direction, ...body]) => {
    const bytes = dialect === 'hocuspocus' ? frame('doc', 110, ...body) : frame(110, ...body)
    return { name: `${dialect} ${name}`, dialect, direction, hex: hex(bytes), meaning: meaning(dialect, bytes) }
  }))
  write('plenary-110.json', 'docs/protocol.md', frames)
}

await yWebsocket()
await hocuspocus('hocuspocus-v2', v2)
await hocuspocus('hocuspocus-v3', v3)
await hocuspocus('hocuspocus-v4', v4)
await hocuspocus('hocuspocus-v4', v4, { sessionAwareness: true })
await ySweet()
ours()
process.exit(0)
