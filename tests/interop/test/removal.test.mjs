// Somebody is removed while one of their devices is away with words that it has not sent: when it comes back it is
// refused, and nothing of it is merged. What becomes of the words on the device is the client's affair; ours keeps them
// as a draft (web-client/packages/provider/test/integration).
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as Y from 'yjs'
import { KINDS, opener } from '../support/clients.mjs'
import { Proxy } from '../support/proxy.mjs'
import { World } from '../support/server.mjs'

let world
before(async () => { world = await World.open() })
after(() => world?.stop())

for (const kind of KINDS) {
  describe(kind, { concurrency: true }, () => {
    it('the second device of somebody who was removed is refused on its return, and its words are not merged', async (t) => {
      const group = await world.newGroup(kind, { ana: 'coordinator', ben: 'drafter', olu: 'observer' })
      const document = (await world.newStatement(group)).documents.body
      const line = await Proxy.to(world.server)
      t.after(() => line.stop())
      const open = opener(t, { document })
      const join = (who, address = world.server.address) => open(kind, { address, token: world.token(who) })
      const [ana, olu, desk, phone] = [join('ana'), join('olu'), join('ben'), join('ben', line.address)]
      await Promise.all([ana, olu, desk, phone].map((client) => client.synced()))
      phone.write('sent in time ')
      await ana.reads('sent in time')

      line.goDark()
      await phone.until('away', () => !phone.isSynced)
      phone.write('not sent ')
      phone.text.delete(phone.content.indexOf('sent in time'), 5)
      await world.remove('ben', group)
      const before = await world.state(document)
      line.comeBack()
      // A Hocuspocus client tells of every close, y-websocket only of one that is final.
      const refusals = () => phone.dialect === 'hocuspocus' ? phone.refusals : phone.closes.map(({ code }) => code)
      await phone.until('refused', () => refusals().length > 0)
      assert.equal(refusals()[0], phone.dialect === 'hocuspocus' ? 'not-found' : 4404)

      // Others go on, and what they have is what they had, and more of theirs.
      ana.write('among us ')
      await olu.reads('among us')
      assert.equal(olu.content, 'among us sent in time \n')
      const stored = new Y.Doc()
      Y.applyUpdate(stored, await world.state(document))
      assert.equal(stored.getText('body').toString(), 'among us sent in time \n')
      const known = new Y.Doc()
      Y.applyUpdate(known, before)
      assert.equal(Y.getState(stored.store, phone.doc.clientID), Y.getState(known.store, phone.doc.clientID))
      // On the device nothing is gone.
      assert.equal(phone.content, 'not sent in time \n')
      assert.ok(!phone.content.includes('among us') && !desk.content.includes('among us'))
    })
  })
}
