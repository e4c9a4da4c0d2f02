// What a client was told is saved, or has seen of others, is there after the server was killed without warning.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import * as Y from 'yjs'
import { converged, KINDS, opener } from '../support/clients.mjs'
import { Proxy } from '../support/proxy.mjs'
import { APPLICATIONS } from '../support/schemas.mjs'
import { World } from '../support/server.mjs'

let world
before(async () => { world = await World.open() })
after(() => world?.stop())

it('documents of y-prosemirror, y-quill and an app of maps and arrays survive, whichever client wrote them', async (t) => {
  const open = opener(t)
  const written = await Promise.all(KINDS.flatMap((kind) => APPLICATIONS.map(async (application) => {
    const document = await world.newDocument()
    const at = { address: world.server.address, document }
    const ana = open(kind, { ...at, token: world.token('ana') })
    const ben = open(kind, { ...at, token: world.token('ben') })
    await Promise.all([ana.synced(), ben.synced()])
    application.write(ana.doc)
    if (ana.saved) await ana.saved()
    else await converged(ana, ben)
    return { kind, application, document, ana, ben }
  })))
  // From here on nobody is left who could bring it again.
  for (const { ana, ben } of written) {
    ana.disconnect()
    ben.disconnect()
  }
  await world.server.kill()
  await world.server.start()
  for (const { kind, application, document, ana } of written) {
    const where = `${application.name}, written by ${kind}`
    const reader = open(kind, { address: world.server.address, document, token: world.token('ben') })
    await reader.synced()
    assert.deepEqual(application.read(reader.doc), application.read(ana.doc), where)
    assert.ok(Y.equalSnapshots(Y.snapshot(reader.doc), Y.snapshot(ana.doc)), where)
    const fetched = new Y.Doc()
    Y.applyUpdate(fetched, await world.state(document))
    assert.ok(Y.equalSnapshots(Y.snapshot(fetched), Y.snapshot(ana.doc)), `${where}, over HTTP`)
    reader.destroy()
  }
})

it('a counter at 0 is true even if the server dies in that moment', async (t) => {
  const proxy = await Proxy.to(world.server)
  t.after(() => proxy.stop())
  const open = opener(t, { address: proxy.address, token: world.token('ana') })
  // How many of its own characters each Hocuspocus client was told are saved; of each y-websocket client, how many
  // another one was shown. The claim that the round waits for kills the server before anything else happens.
  const claims = new Map()
  let awaited
  const claim = (client, clock) => {
    claims.set(client, clock)
    if (awaited?.client !== client || clock <= awaited.moreThan) return
    awaited = undefined
    world.server.process.kill('SIGKILL')
  }
  const ownClock = (doc, client) => Y.getState(doc.store, client.doc.clientID)
  const pairs = await Promise.all(KINDS.map(async (kind) => {
    const document = await world.newDocument()
    const onCount = (client) => client.unsyncedChanges === 0 && claim(client, ownClock(client.doc, client))
    const ana = open(kind, { document, onCount })
    const ben = open(kind, { document })
    if (!ana.saved) ben.doc.on('update', () => claim(ana, ownClock(ben.doc, ana)))
    return { document, ana, ben }
  }))
  for (const { ana: dying } of pairs) {
    await Promise.all(pairs.map(({ ana, ben }) => Promise.all([ana.synced(), ben.synced()])))
    awaited = { client: dying, moreThan: ownClock(dying.doc, dying) }
    await dying.until('one claim more', () => {
      if (awaited) for (const { ana } of pairs) ana.write('x')
      return !awaited
    })
    proxy.refusing = true
    await world.server.exited
    await Promise.all(pairs.map(({ ana, ben }) => ana.until('away', () => !ana.isSynced && !ben.isSynced)))
    await world.server.start()
    for (const { document, ana } of pairs) {
      const stored = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(await world.state(document)))
      const has = stored.get(ana.doc.clientID) ?? 0
      assert.ok(has >= (claims.get(ana) ?? 0), `${ana.kind}: told ${claims.get(ana)}, stored ${has}`)
    }
    proxy.comeBack()
  }
  await Promise.all(pairs.map(({ ana, ben }) => converged(ana, ben)))
})
