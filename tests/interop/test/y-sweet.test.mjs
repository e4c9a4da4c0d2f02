// y-sweet's client speaks the y-websocket dialect and adds tag 102: an echo that means "you have all I sent".
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { createYjsProvider } from '@y-sweet/client'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { opener } from '../support/clients.mjs'
import { Raw } from '../support/raw.mjs'
import { World } from '../support/server.mjs'
import { until } from '../support/until.mjs'

// The client asks for it by its browser name.
globalThis.WebSocket = WebSocket

let world
before(async () => { world = await World.open() })
after(() => world?.stop())

it('its own client edits a document together with others and is told that nothing is left to save', async (t) => {
  const document = await world.newDocument()
  const { address } = world.server
  const doc = new Y.Doc()
  const ySweet = createYjsProvider(doc, document, async () => ({
    url: `ws://${address}/sync`, baseUrl: `http://${address}`, docId: document, token: world.token('ana')
  }), { showDebuggerLink: false })
  t.after(() => ySweet.destroy())
  const ben = opener(t)('hocuspocus 4.8.0', { address, document, token: world.token('ben') })
  await ben.synced()
  await until('y-sweet is connected', () => ySweet.status === 'connected')
  doc.getText('body').insert(0, 'from y-sweet ')
  await ben.reads('from y-sweet')
  await until('y-sweet has no local changes', () => !ySweet.hasLocalChanges)
  ben.write('from ben ')
  await until('y-sweet reads', () => doc.getText('body').toString().includes('from ben'))
})

it('the tag comes back unchanged, whatever it holds', async (t) => {
  const document = await world.newDocument()
  const raw = await Raw.open(t, { address: world.server.address, document, token: world.token('ana') })
  const tags = ['0105', '02ac02', '00']
  for (const tag of tags) raw.socket.send(Buffer.from(`66${tag}`, 'hex'))
  await raw.hears('y-sweet-status', tags.length)
  const echoes = raw.all('y-sweet-status')
  assert.deepEqual(echoes.map(({ body }) => body), tags)
})
