/// <reference types="node" />
// A submission written by three people over the lines they really have. The figures it prints are in the docs.
import { WebSocket as NodeWebSocket } from 'ws'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import * as Y from 'yjs'
import { randomFrom } from '../random.ts'
import { type Client, Proxy, converged, openClient, openWorld, until, type World } from './support/client.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 60_000 })

const WORDS = 5_600
const POOR = { delayMs: 300, bytesPerSecond: 8_000 }
const SEED = 20261122
const CUTS = 12

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world?.stop())

test('a long submission opens, is written by three and converges through stalls and cuts', async () => {
  const random = randomFrom(SEED)
  const document = await submission(random)

  const started = performance.now()
  const people = await Promise.all(['ana', 'ben', 'ana'].map(name => onPoorLine(document, name)))
  await Promise.all(people.map(async ({ client }, i) => {
    await client.until('the text', () => countOf(client.words) >= WORDS, 60_000)
    figure(`person ${i + 1} reads it after ${seconds(started)}`)
    await client.until('may write', () => client.provider.synced, 60_000)
    figure(`person ${i + 1} is in step after ${seconds(started)}`)
  }))

  // Each writes in a place of their own, all the time, while lines stall and break.
  const written: string[][] = people.map(() => [])
  let isWriting = true
  const writing = people.map(async ({ client }, i) => {
    while (isWriting) {
      const word = `p${i}w${written[i]!.length}. `
      const between = client.words.indexOf(' ', Math.floor((client.text.length * (i + 1)) / 4)) + 1
      client.text.insert(between, word)
      written[i]!.push(word)
      await pause(100 + 400 * random())
    }
  })
  let stalls = 0
  for (let cut = 0; cut < CUTS; cut++) {
    await pause(400 + 3_000 * random())
    const { line } = people[Math.floor(random() * people.length)]!
    if (random() < 0.4) {
      stalls += 1
      line.stall()
      await pause(1_500 * random())
      line.resume()
    } else {
      line.cut()
    }
  }
  isWriting = false
  await Promise.all(writing)

  const stopped = performance.now()
  const clients = people.map(({ client }) => client)
  await Promise.all(clients.map(client => client.until('saved', () => client.provider.saveState === 'saved', 60_000)))
  figure(`all is saved ${seconds(stopped)} after the last word (${CUTS - stalls} cuts, ${stalls} stalls)`)
  await converged(...clients)
  const words = clients[0]!.words
  for (const word of written.flat()) expect(words.split(word), word).toHaveLength(2)
  expect(countOf(words)).toBeGreaterThanOrEqual(WORDS + written.flat().length)
  expect(clients.flatMap(({ log }) => log.filter(entry => /^(refused|draft|denied)/.test(entry)))).toEqual([])
  const onDisk = new Y.Doc()
  Y.applyUpdate(onDisk, await world.state(document))
  expect(onDisk.getText('body').toString()).toBe(words)
  figure(`${written.flat().length} words written, each there once`)
})

test('a changed word costs less than 2 KB after a reconnect, beside what was ever deleted', async () => {
  const document = await submission(randomFrom(SEED))
  const { client, line, payload } = await onPoorLine(document, 'ana')
  const other = await openClient(world.server.address, { document, token: world.token('ben') })
  await client.until('saved', () => client.provider.saveState === 'saved' && client.provider.synced, 60_000)

  line.goDark()
  await client.until('the line is lost', () => client.provider.status === 'disconnected')
  payload.up = payload.down = 0
  const atWord = client.words.indexOf(' ', 12_000) + 1
  client.text.delete(atWord, client.words.indexOf(' ', atWord) - atWord)
  client.text.insert(atWord, 'notwithstanding')
  const returned = performance.now()
  line.comeBack()
  client.provider.connect()
  await client.until('saved', () => client.provider.saveState === 'saved' && client.provider.synced, 60_000)
  const tookTo = seconds(returned)
  await other.reads('notwithstanding')

  const state = Y.encodeStateAsUpdate(client.doc)
  const deleteSet = Y.encodeStateAsUpdate(client.doc, Y.encodeStateVector(client.doc)).length
  const beside = payload.up + payload.down - 2 * deleteSet
  figure(`state ${state.length} bytes, delete set ${deleteSet} bytes`)
  figure(`one word after a reconnect: ${payload.up} bytes up, ${payload.down} down, ${beside} beside the delete set, ` +
    `which each side sends; saved after ${tookTo}`)
  expect(payload.up).toBeGreaterThan(deleteSet)
  expect(beside).toBeLessThan(2_048)
})

/** A document of {@link WORDS} words with a history: written by three hands, a tenth of it taken back. */
async function submission(random: () => number): Promise<string> {
  const document = await world.newDocument()
  for (let hand = 0; hand < 3; hand++) {
    const client = openClient(world.server.address, { document, token: world.token('ana') })
    await client.synced()
    client.doc.transact(() => write(client, WORDS / 3, random))
    for (let cut = 0; cut < 150; cut++) client.text.delete(Math.floor(random() * (client.text.length - 40)), 9)
    const missing = Math.ceil((WORDS * (hand + 1)) / 3) - countOf(client.words)
    if (missing > 0) client.doc.transact(() => write(client, missing, random))
    await client.saved()
    client.provider.destroy()
  }
  return document
}

// A few words are used again and again, as in any language: that is what compression lives on.
function write(client: Client, words: number, random: () => number): void {
  const { text } = client
  for (let word = 0; word < words; word++) {
    const letters = randomFrom(Math.floor(2_000 * random() ** 3))
    const length = 2 + Math.floor(9 * letters())
    const spelled = Array.from({ length }, () => String.fromCharCode(97 + Math.floor(26 * letters()))).join('')
    text.insert(text.length - 1, `${spelled} `)
    if (word % 80 === 79) text.insert(text.length - 1, '\n', word % 400 === 399 ? { header: 2 } : {})
  }
}

interface Person { client: Client, line: Proxy, payload: { up: number, down: number } }

async function onPoorLine(document: string, name: string): Promise<Person> {
  const line = await Proxy.to(world.server, POOR)
  onTestFinished(() => line.stop())
  const payload = { up: 0, down: 0 }
  class Counted extends NodeWebSocket {
    constructor(url: string) {
      super(url)
      this.on('message', (data: ArrayBuffer) => { payload.down += data.byteLength })
    }

    override send(data: Uint8Array): void {
      payload.up += data.byteLength
      super.send(data)
    }
  }
  const client = openClient(line.address, {
    document,
    token: world.token(name),
    WebSocket: Counted as unknown as new (url: string) => WebSocket,
  })
  return { client, line, payload }
}

const countOf = (text: string): number => text.split(/\s+/).filter(word => word !== '').length
const seconds = (since: number): string => `${((performance.now() - since) / 1_000).toFixed(1)} s`
const figure = (text: string): void => console.log(`poor line: ${text}`)

/** How long people and lines take; nothing is expected to have happened after it. */
async function pause(ms: number): Promise<void> {
  const end = performance.now() + ms
  await until('a pause', () => performance.now() >= end)
}
