// Our own words (message type 110), tickets, and the refusals that no stock client provokes.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as Y from 'yjs'
import { opener } from '../support/clients.mjs'
import { Proxy } from '../support/proxy.mjs'
import { Raw } from '../support/raw.mjs'
import { World } from '../support/server.mjs'

let world
before(async () => { world = await World.open() })
after(() => world?.stop())

const HELLO = [110, 0, 1]
const mark = (n) => [110, 2, n]
const NONSENSE = Uint8Array.of(1, 2, 3, 255)

const update = (text) => {
  const doc = new Y.Doc()
  doc.getText('body').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

for (const dialect of ['y-websocket', 'hocuspocus']) {
  describe(`${dialect}, for a client that says hello`, { concurrency: true }, () => {
    const open = async (t, who, document) => {
      const raw = await Raw.open(t, { dialect, address: world.server.address, document, token: world.token(who) })
      raw.send(...HELLO)
      await raw.hears('welcome')
      return raw
    }

    it('the welcome tells document, access and limits', async (t) => {
      const document = await world.newDocument()
      const expected = { version: 1, document, frameBytesMax: 16777216, updateBytesMax: 1048576, awarenessEntryBytesMax: 4096 }
      for (const [who, access] of [['ben', 'read-write'], ['olu', 'readonly']]) {
        const { type, address, ...said } = await (await open(t, who, document)).hears('welcome')
        assert.deepEqual(said, { ...expected, access })
      }
    })

    it('a mark is answered, in order, when what came before it is kept', async (t) => {
      const document = await world.newDocument()
      const ben = await open(t, 'ben', document)
      ben.send(0, 2, update('one '))
      ben.send(...mark(300))
      ben.send(0, 2, update('two '))
      ben.send(...mark(301))
      assert.equal((await ben.hears('durable', 2)).mark, 301)
      assert.equal(ben.all('durable')[0].mark, 300)
      const stored = new Y.Doc()
      Y.applyUpdate(stored, await world.state(document))
      assert.match(stored.getText('body').toString(), /one /)
    })

    it('a refused edit is named by its place and told why', async (t) => {
      const document = await world.newDocument()
      const olu = await open(t, 'olu', document)
      olu.send(0, 2, Uint8Array.of(0, 0))
      olu.send(0, 2, update('not allowed '))
      const { ordinal, code } = await olu.hears('refused')
      assert.deepEqual({ ordinal, code }, { ordinal: 2, code: 'role' })
      const ben = await open(t, 'ben', document)
      ben.send(0, 2, update('fine '))
      ben.send(0, 2, NONSENSE)
      await ben.hears('refused')
      ben.send(0, 2, update('too late '))
      await ben.hears('refused', 2)
      assert.deepEqual(ben.all('refused').map(({ ordinal, code }) => ({ ordinal, code })),
        [{ ordinal: 2, code: 'malformed' }, { ordinal: 3, code: 'malformed' }])
    })

    it('a change of access is told', async (t) => {
      const group = await world.newGroup('changing', { ana: 'coordinator', ben: 'drafter' })
      const statement = await world.newStatement(group)
      const ben = await open(t, 'ben', statement.documents.body)
      await world.setRole('ben', 'observer', group)
      assert.equal((await ben.hears('access-changed')).access, 'readonly')
      await world.setRole('ben', 'drafter', group)
      assert.equal((await ben.hears('access-changed', 2)).access, 'read-write')
      await world.setStage(statement.id, 'frozen')
      assert.equal((await ben.hears('access-changed', 3)).access, 'readonly')
    })

    it('a version from the future is met with ours', async (t) => {
      const raw = await Raw.open(t, {
        dialect, address: world.server.address, document: await world.newDocument(), token: world.token('ben')
      })
      raw.send(110, 99, 1)
      raw.send(110, 0, 7)
      assert.equal((await raw.hears('welcome')).version, 1)
    })
  })
}

describe('a client that does not say hello', { concurrency: true }, () => {
  const open = async (t, dialect, document) =>
    Raw.open(t, { dialect, address: world.server.address, document, token: world.token('ben') })

  it('is closed with 4422 for nonsense in the y-websocket dialect', async (t) => {
    const ben = await open(t, 'y-websocket', await world.newDocument())
    ben.send(0, 2, NONSENSE)
    assert.equal((await ben.hears('closed')).code, 4422)
  })

  it('hears status 0 and may only read for nonsense in the Hocuspocus dialect', async (t) => {
    const ben = await open(t, 'hocuspocus', await world.newDocument())
    await ben.hears('sync-status')
    ben.send(0, 2, NONSENSE)
    assert.equal((await ben.hears('sync-status', 2)).applied, false)
    assert.equal((await ben.hears('auth-granted', 2)).scope, 'readonly')
    assert.deepEqual(ben.all('closed'), [])
  })

  it('never hears a word of type 110', async (t) => {
    const document = await world.newDocument()
    for (const dialect of ['y-websocket', 'hocuspocus']) {
      const ben = await open(t, dialect, document)
      ben.send(0, 2, update(dialect))
      ben.send(102, Uint8Array.of(1))
      await ben.hears('y-sweet-status')
      for (const type of ['welcome', 'durable', 'refused', 'access-changed']) assert.deepEqual(ben.all(type), [])
    }
  })

  it('is closed with 4400 for what is no message', async (t) => {
    const document = await world.newDocument()
    for (const dialect of ['y-websocket', 'hocuspocus']) {
      const ben = await open(t, dialect, document)
      ben.socket.send(Uint8Array.of(0, 0, 9))
      assert.equal((await ben.hears('closed')).code, 4400)
    }
  })

  it('has its ping answered in the Hocuspocus dialect', async (t) => {
    const ben = await open(t, 'hocuspocus', await world.newDocument())
    ben.socket.send(Uint8Array.of(9))
    await ben.hears('pong')
  })

  it('is denied a token that is too long, and the socket stays', async (t) => {
    const raw = await Raw.connect(t, {
      dialect: 'hocuspocus', address: world.server.address, document: await world.newDocument()
    })
    raw.send(2, 0, 'x'.repeat(9000))
    assert.equal((await raw.hears('auth-denied')).reason, 'bad-token')
    raw.send(2, 0, world.token('ben'))
    await raw.hears('auth-granted')
  })

  it('is denied when it begins with step 1 and shows no credential', async (t) => {
    const ben = await Raw.connect(t, {
      dialect: 'hocuspocus', address: world.server.address, document: await world.newDocument()
    })
    ben.send(0, 0, Uint8Array.of(0))
    assert.equal((await ben.hears('auth-denied')).reason, 'bad-token')
  })
})

describe('a ticket', { concurrency: true }, () => {
  const draw = async (document) =>
    (await world.server.ok('POST', '/api/v1/tickets', { token: world.token('ben'), json: { document } })).ticket

  it('lets a client in once, and is not final the second time', async (t) => {
    const document = await world.newDocument()
    const at = { address: world.server.address, document, query: `ticket=${await draw(document)}` }
    const first = await Raw.open(t, at)
    const second = await Raw.connect(t, at)
    assert.deepEqual(await second.hears('closed'), { type: 'closed', code: 4501, reason: 'expired' })
    assert.deepEqual(first.all('closed'), [])
  })

  it('opens no other document', async (t) => {
    const ticket = await draw(await world.newDocument())
    const raw = await Raw.connect(t, {
      address: world.server.address, document: await world.newDocument(), query: `ticket=${ticket}`
    })
    assert.ok([4401, 4404, 4501].includes((await raw.hears('closed')).code))
  })

  it('is drawn anew by a y-websocket page when its connection closes', async (t) => {
    const document = await world.newDocument()
    const proxy = await Proxy.to(world.server)
    t.after(() => proxy.stop())
    const params = { ticket: await draw(document) }
    const ben = opener(t)('y-websocket 3.1.0', { address: proxy.address, document, params })
    ben.provider.on('connection-close', async () => { ben.provider.params = { ticket: await draw(document) } })
    await ben.synced()
    proxy.cut()
    await ben.until('away', () => !ben.isSynced)
    await ben.synced()
    assert.deepEqual(ben.closes, [])
  })

  it('is drawn anew by a Hocuspocus token function at each connection', async (t) => {
    const document = await world.newDocument()
    let drawn = 0
    const token = () => {
      drawn += 1
      return draw(document)
    }
    const ben = opener(t)('hocuspocus 4.8.0', { address: world.server.address, document, token })
    await ben.synced()
    ben.disconnect()
    await ben.until('away', () => !ben.isSynced)
    ben.connect()
    await ben.synced()
    assert.equal(drawn, 2)
  })
})
