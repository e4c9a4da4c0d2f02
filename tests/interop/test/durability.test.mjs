// "Saved" and "seen" mean stored: with the store's flush held back or failing, nothing of an edit leaves the server.
// Needs a binary with the feature `faults`.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as Y from 'yjs'
import { converged, KINDS, opener } from '../support/clients.mjs'
import { Proxy } from '../support/proxy.mjs'
import { Raw } from '../support/raw.mjs'
import { hasFaults, World } from '../support/server.mjs'

const skip = hasFaults() ? false : 'the binary was built without the feature `faults`'

let world
before(async () => { if (!skip) world = await World.open() })
after(() => world?.stop())

/** Two clients that share some saved text. */
const pair = async (open, kind, address, onCount) => {
  const document = await world.newDocument()
  const ana = open(kind, { address, document, token: world.token('ana'), onCount })
  const ben = open(kind, { address, document, token: world.token('ben'), onCount })
  await Promise.all([ana.synced(), ben.synced()])
  ana.write('durable ')
  await ben.reads('durable')
  if (ana.saved) await ana.saved()
  return { kind, document, ana, ben }
}

let fences = 0
/** Presence is relayed at once: when it has arrived, anything that was free to leave before it would have, too. */
const fence = async (from, to) => {
  const mark = ++fences
  from.awareness.setLocalStateField('fence', mark)
  await to.until('sees the fence', () => to.awareness.getStates().get(from.doc.clientID)?.fence >= mark)
}

const updateOf = (text) => {
  const doc = new Y.Doc()
  doc.getText('body').insert(0, text)
  return Y.encodeStateAsUpdate(doc)
}

const textOf = (update) => {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, update)
  return doc.getText('body').toString()
}

describe('a flush that is held back', { skip }, () => {
  it('holds back every sign of the edits that wait for it, and releases all of them', async (t) => {
    const open = opener(t)
    const { address } = world.server
    let held = false
    const early = []
    const onCount = (client) => held && client.unsyncedChanges <= 0 && early.push(client.kind)
    const pairs = await Promise.all(KINDS.map((kind) => pair(open, kind, address, onCount)))
    const raw = await Raw.open(t, { address, document: pairs[0].document, token: world.token('ana') })

    const release = world.server.fault('hold-flush')
    t.after(release)
    held = true
    // One edit is in flight, then a batch of two authors waits behind it.
    for (const { ana } of pairs) ana.write('held 1 ')
    await Promise.all(pairs.map(({ ana, ben }) => fence(ana, ben)))
    for (const { ana, ben } of pairs) {
      ana.write('held 2 ')
      ben.write('held 3 ')
      // Asks again with nothing new to say: that answer must wait, too.
      if (ana.saved) ana.provider.forceSync()
    }
    // y-sweet's question and ours, whether that is kept.
    raw.send(0, 2, updateOf('held 4 '))
    raw.send(102, Uint8Array.of(1))
    raw.send(110, 0, 1)
    raw.send(110, 2, 7)
    const late = pairs.map(({ kind, document }) => open(kind, { address, document, token: world.token('ben') }))
    const states = pairs.map(async ({ document }) => textOf(await world.state(document)))
    let answered = 0
    for (const state of states) state.then((text) => { if (held) answered += text.includes('held') ? 1 : 0 })
    await Promise.all(pairs.flatMap(({ ana, ben }, n) => [fence(ana, ben), fence(ben, ana), fence(late[n], ana), fence(ana, late[n])]))

    assert.deepEqual(early, [], 'a counter reached 0')
    assert.equal(answered, 0, 'the state was given out')
    assert.equal(raw.all('y-sweet-status').length, 0, 'y-sweet was answered')
    assert.equal(raw.all('durable').length, 0, 'a mark was answered')
    pairs.forEach(({ ana, ben }, n) => {
      assert.ok(!/held [124]/.test(ben.content), ana.kind)
      assert.ok(!/held [34]/.test(ana.content), ana.kind)
      assert.ok(!late[n].content.includes('held'), ana.kind)
    })

    held = false
    release()
    await Promise.all(pairs.map(({ ana, ben }, n) => converged(ana, ben, late[n])))
    await Promise.all([raw.hears('y-sweet-status'), raw.hears('durable')])
    assert.equal(raw.all('durable')[0].mark, 7)
    assert.ok(pairs[0].ana.content.includes('held 4'))
    for (const state of states) assert.ok((await state).includes('durable'))
    for (const { ana, ben } of pairs) {
      for (const word of ['held 1', 'held 2', 'held 3']) assert.ok(ben.content.includes(word), `${ana.kind}: ${word}`)
      if (ana.saved) await Promise.all([ana.saved(), ben.saved()])
    }
  })
})

describe('a line that is cut while the flush is held back', { skip }, () => {
  it('brings nobody back to more than is stored, and no counter to 0', async (t) => {
    const open = opener(t)
    const proxy = await Proxy.to(world.server, { delayMs: 300 })
    t.after(() => proxy.stop())
    let held = false
    const early = []
    const onCount = (client) => held && client.unsyncedChanges <= 0 && early.push(client.kind)
    const pairs = await Promise.all(KINDS.map((kind) => pair(open, kind, proxy.address, onCount)))
    const release = world.server.fault('hold-flush')
    t.after(release)
    held = true
    for (const { ana } of pairs) ana.write('sent ')
    // They have reached the server, so what follows meets them there.
    await Promise.all(pairs.map(({ ana, ben }) => fence(ana, ben)))
    proxy.cut()
    await Promise.all(pairs.map(({ ana, ben }) => ana.until('away', () => !ana.isSynced && !ben.isSynced)))
    for (const { ana } of pairs) ana.write('offline ')
    await Promise.all(pairs.flatMap(({ ana, ben }) => [fence(ana, ben), fence(ben, ana)]))
    for (const { ana } of pairs) ana.write('typed ')
    await Promise.all(pairs.flatMap(({ ana, ben }) => [fence(ana, ben), fence(ben, ana)]))
    assert.deepEqual(early, [], 'a counter reached 0')
    for (const { ben } of pairs) assert.ok(!/sent|offline|typed/.test(ben.content), ben.kind)
    held = false
    release()
    await Promise.all(pairs.map(({ ana, ben }) => converged(ana, ben)))
    for (const { ana, ben } of pairs) {
      for (const word of ['sent', 'offline', 'typed']) assert.ok(ben.content.includes(word), `${ana.kind}: ${word}`)
      // v2 goes below 0 after offline edits (docs/protocol.md, "Stock defects").
      if (ana.saved && !ana.isV2) await ana.saved()
    }
  })
})

describe('a flush that fails', { skip }, () => {
  it('ends the server, and the clients bring what it could not keep to the next one', async (t) => {
    const proxy = await Proxy.to(world.server)
    t.after(() => proxy.stop())
    let failing = false
    const early = []
    const onCount = (client) => failing && client.unsyncedChanges <= 0 && early.push(client.kind)
    const pairs = await Promise.all(KINDS.map((kind) => pair(opener(t), kind, proxy.address, onCount)))
    const heal = world.server.fault('fail-flush')
    failing = true
    for (const { ana } of pairs) ana.write('unsaved ')
    const { code } = await world.server.exited
    assert.equal(code, 70)
    assert.deepEqual(early, [], 'a counter reached 0')
    for (const { ben } of pairs) assert.ok(!ben.content.includes('unsaved'), ben.kind)
    failing = false
    heal()
    await world.server.start()
    const PATIENCE_MS = 60_000
    await Promise.all(pairs.map(({ ana, ben }) =>
      ben.until('reads what was not saved', () => ben.content.includes('unsaved'), PATIENCE_MS).then(() => converged(ana, ben))))
    for (const { document } of pairs) assert.ok(textOf(await world.state(document)).includes('unsaved'))
  })
})
