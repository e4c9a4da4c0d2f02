// The one test that really waits: stock clients close a socket that brings no data for 30 s.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { KINDS, opener } from '../support/clients.mjs'
import { World } from '../support/server.mjs'

const SILENCE_MS = 90_000

let world
before(async () => { world = await World.open() })
after(() => world?.stop())

it('a client alone in a document stays connected for 90 s, with presence or without', async (t) => {
  const open = opener(t, { address: world.server.address, token: world.token('ana') })
  const clients = await Promise.all(KINDS.flatMap((kind) => [undefined, null].map(async (awareness) => {
    const client = open(kind, { document: await world.newDocument(), awareness })
    await client.synced()
    return client
  })))
  // Nothing can be waited for here: what counts is that nothing happens.
  await new Promise((resolve) => setTimeout(resolve, SILENCE_MS))
  for (const client of clients) {
    assert.equal(client.sockets.length, 1, `${client.kind} reconnected\n${client.trace.join('\n')}`)
    assert.ok(client.isSynced, `${client.kind} is not synced\n${client.trace.join('\n')}`)
  }
})
