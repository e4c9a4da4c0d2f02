// What every stock client may expect on a bad line, and when its rights change under its hands.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { converged, HOCUSPOCUS_KINDS, KINDS, opener } from '../support/clients.mjs'
import { Proxy } from '../support/proxy.mjs'
import { World } from '../support/server.mjs'

const DELAY_MS = 300
const TOKEN_MS = 500
const KEY_MS = 30

let world
before(async () => { world = await World.open() })
after(() => world?.stop())

/** Fetching a token takes its time. y-websocket has no such function. */
const slowToken = (kind, token) => kind.startsWith('hocuspocus')
  ? () => new Promise((resolve) => setTimeout(resolve, TOKEN_MS, token))
  : token

/** A statement in a group of its own, a bad line to it, and `join(who)` to open a client there. */
const scene = async (t, kind, members) => {
  const group = await world.newGroup(kind, members)
  const statement = await world.newStatement(group)
  const proxy = await Proxy.to(world.server, { delayMs: DELAY_MS })
  t.after(() => proxy.stop())
  const open = opener(t, { address: proxy.address, document: statement.documents.body })
  const join = (who, more) => open(kind, { token: slowToken(kind, world.token(who)), ...more })
  return { group, statement, proxy, join }
}

/** Types a numbered key in each client every few milliseconds until it is told to stop; returns what was typed. */
const typing = (t, ...clients) => {
  const typed = []
  let round = 0
  const timer = setInterval(() => {
    clients.forEach((client, n) => {
      const key = `${'ab'[n]}${round}`
      client.write(`${key} `)
      typed.push(key)
    })
    round += 1
  }, KEY_MS)
  const stop = () => {
    clearInterval(timer)
    return typed
  }
  t.after(stop)
  return stop
}

const allSynced = (...clients) => Promise.all(clients.map((client) => client.synced()))

/** Every key is there, once. */
const expectKeys = (client, typed) => {
  const counts = new Map()
  for (const key of client.content.split(/\s+/)) counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const key of typed) assert.equal(counts.get(key), 1, `${client.kind}: ${key}`)
}

/** Counters at rest: 0, or below for v2, whose counter knows no floor (docs/protocol.md, "Stock defects"). */
const settled = (...clients) => Promise.all(clients.filter(({ saved }) => saved).map((client) =>
  client.until(() => `settled, has ${client.unsyncedChanges}`, () =>
    client.isV2 ? client.unsyncedChanges <= 0 : client.unsyncedChanges === 0)))

for (const kind of KINDS) {
  describe(`${kind} on a bad line`, { concurrency: true }, () => {
    it('loses no key typed during any reconnect, and opens two sockets a cut at most', async (t) => {
      const { proxy, join } = await scene(t, kind, { ana: 'coordinator', ben: 'drafter' })
      const [ana, ben] = [join('ana'), join('ben')]
      const stop = typing(t, ana, ben)
      const cuts = 3
      for (let cut = 0; cut < cuts; cut += 1) {
        await allSynced(ana, ben)
        proxy.cut()
        await ana.until('noticed the cut', () => !ana.isSynced && !ben.isSynced)
      }
      await allSynced(ana, ben)
      const typed = stop()
      await converged(ana, ben)
      await settled(ana, ben)
      expectKeys(ana, typed)
      for (const client of [ana, ben]) {
        assert.ok(client.sockets.length <= 1 + 2 * cuts, `${client.sockets.length} sockets\n${client.trace.join('\n')}`)
      }
    })

    it('brings what was queued offline, and what was sent into a line that had stalled', async (t) => {
      const { proxy, join } = await scene(t, kind, { ana: 'coordinator', ben: 'drafter' })
      const [ana, ben] = [join('ana'), join('ben')]
      await allSynced(ana, ben)
      proxy.stall()
      ana.write('stalled ')
      proxy.goDark()
      proxy.resume()
      await ana.until('away', () => !ana.isSynced && !ben.isSynced)
      for (let n = 0; n < 20; n += 1) {
        ana.write(`a${n} `)
        ben.write(`b${n} `)
      }
      proxy.comeBack()
      await allSynced(ana, ben)
      await converged(ana, ben)
      await settled(ana, ben)
      expectKeys(ana, ['stalled', 'a0', 'a19', 'b0', 'b19'])
    })

    it('stops writing when downgraded and resumes with what was kept when upgraded', async (t) => {
      const { group, join } = await scene(t, kind, { ana: 'coordinator', ben: 'drafter' })
      const [ana, ben] = [join('ana'), join('ben')]
      await allSynced(ana, ben)
      await takenAndGiven(ana, ben, () => world.setRole('ben', 'observer', group), () => world.setRole('ben', 'drafter', group))
    })

    it('stops writing when the statement is frozen and resumes when it is thawed', async (t) => {
      const { statement, join } = await scene(t, kind, { ana: 'coordinator', ben: 'drafter' })
      const [ana, ben] = [join('ana'), join('ben')]
      await allSynced(ana, ben)
      await takenAndGiven(ana, ben, () => world.setStage(statement.id, 'frozen'), () => world.setStage(statement.id, 'draft'))
    })

    it('is told of its removal, and from then on neither heard nor spoken to', async (t) => {
      const { group, join } = await scene(t, kind, { ana: 'coordinator', ben: 'drafter', olu: 'observer' })
      const [ana, ben, olu] = [join('ana'), join('ben'), join('olu')]
      await allSynced(ana, ben, olu)
      await world.remove('ben', group)
      ben.write('too late ')
      ana.write('among us ')
      await olu.reads('among us')
      await ben.until('told', () => ben.closes.length + ben.refusals.length > 0)
      assert.ok(!ben.content.includes('among us'))
      assert.ok(!ana.content.includes('too late') && !olu.content.includes('too late'))
      if (kind.startsWith('y-websocket')) assert.equal(ben.closes[0].code, 4403)
      else if (kind.startsWith('hocuspocus 4')) assert.equal(ben.closes[0].reason, 'removed')
      else assert.deepEqual(ben.refusals, ['removed'])
    })
  })
}

/** Ben's right to write is taken and given back; his edit in between stays with him and comes in afterwards. */
const takenAndGiven = async (ana, ben, take, give) => {
  ben.write('before ')
  await ana.reads('before')
  await take()
  if (ben.saved) await ben.until('told that it may only read', () => ben.scope === 'readonly')
  for (const word of ['and ', 'still ', 'kept ']) ben.write(word)
  // Awareness passes at once, so when it has arrived the edit before it would have, too.
  ben.awareness.setLocalStateField('fence', 1)
  await ana.until('sees the fence', () => ana.awareness.getStates().get(ben.doc.clientID)?.fence === 1)
  assert.ok(!ana.content.includes('kept'))
  if (ben.saved) assert.ok(ben.unsyncedChanges > 0, 'what was refused is not saved')
  await give()
  if (ben.saved) await ben.until('told that it may write', () => ben.scope === 'read-write')
  await ana.reads('kept')
  ben.write('after ')
  await ana.reads('after')
  await converged(ana, ben)
  await settled(ana, ben)
  assert.equal(ben.sockets.length, 1)
}

for (const kind of HOCUSPOCUS_KINDS) {
  describe(`${kind} forced to sync on a bad line`, () => {
    it('settles with everything saved', async (t) => {
      const { join } = await scene(t, kind, { ana: 'coordinator', ben: 'drafter' })
      const [ana, ben] = [join('ana'), join('ben')]
      await allSynced(ana, ben)
      const stop = typing(t, ana, ben)
      for (const word of ['a3 ', 'a9 ', 'a15 ', 'a21 ']) {
        await ana.reads(word)
        ana.provider.forceSync()
        ben.provider.forceSync()
      }
      const typed = stop()
      await converged(ana, ben)
      await settled(ana, ben)
      expectKeys(ben, typed)
    })
  })
}

describe('v4 with a flush delay', () => {
  it('loses nothing of the window that a cut falls into', async (t) => {
    const { proxy, join } = await scene(t, 'hocuspocus 4.8.0', { ana: 'coordinator', ben: 'drafter' })
    const [ana, ben] = [join('ana', { provider: { flushDelay: 200 } }), join('ben')]
    await allSynced(ana, ben)
    const stop = typing(t, ana, ben)
    proxy.cut()
    await ana.until('noticed the cut', () => !ana.isSynced && !ben.isSynced)
    await allSynced(ana, ben)
    const typed = stop()
    await converged(ana, ben)
    await settled(ana, ben)
    expectKeys(ben, typed)
  })
})
