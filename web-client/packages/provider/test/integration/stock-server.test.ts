/// <reference types="node" />
// A stock Hocuspocus server knows nothing of type 110: everything works, and nothing is called saved.
import { Server } from '@hocuspocus/server'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { converged, openClient } from './support/client.ts'

vi.setConfig({ testTimeout: 90_000 })

let server: Server
let address: string
beforeAll(async () => {
  // It notes each hello as a message that it does not know.
  vi.spyOn(console, 'error').mockImplementation(() => {})
  server = new Server({
    port: 0,
    address: '127.0.0.1',
    quiet: true,
    async onAuthenticate ({ token, connectionConfig }) {
      if (token === 'stranger') throw new Error('no')
      connectionConfig.readOnly = token === 'reader'
    },
  })
  await server.listen()
  address = `127.0.0.1:${server.address.port}`
})
afterAll(() => server.destroy())

test('two providers converge, see each other, and say that this server does not confirm', async () => {
  const one = openClient(address, { document: 'stock', token: 'ana' })
  const two = openClient(address, { document: 'stock', token: 'ben' })
  await Promise.all([one.synced(), two.synced()])
  one.write('One. ')
  two.write('Two. ')
  await converged(one, two)
  one.provider.awareness.setLocalStateField('user', { name: 'Ana' })
  await two.until('sees Ana', () => two.provider.awareness.getStates().get(one.doc.clientID)?.user?.name === 'Ana')
  await Promise.all([one, two].map(client =>
    client.until('unconfirmed', () => client.provider.saveState === 'unconfirmed')))
  expect([...one.log, ...two.log]).not.toContain('saved')
  await expect(one.provider.flush(1_000)).resolves.toBe('pending')
})

test('work comes in after a return', async () => {
  const one = openClient(address, { document: 'return', token: 'ana' })
  const two = openClient(address, { document: 'return', token: 'ben' })
  await Promise.all([one.synced(), two.synced()])
  one.provider.disconnect()
  one.write('Apart. ')
  two.write('Meanwhile. ')
  one.provider.connect()
  await converged(one, two)
  expect(two.words).toContain('Apart. ')
})

test('a reader is told that words were not taken, a stranger stays outside', async () => {
  const reader = openClient(address, { document: 'closed', token: 'reader' })
  await reader.synced()
  expect(reader.provider.access).toBe('read')
  reader.write('In vain. ')
  await reader.until('refused', () => reader.provider.saveState === 'refused')
  expect(reader.provider.drafts.map(({ text }) => text)).toEqual(['In vain. '])
  const stranger = openClient(address, { document: 'closed', token: 'stranger' })
  await stranger.until('denied', () => stranger.log.includes('denied permission-denied for good'))
})
