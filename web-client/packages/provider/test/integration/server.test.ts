/// <reference types="node" />
// The provider against a real server process, over a line that can be cut.
import 'fake-indexeddb/auto'
import { WebSocket as NodeWebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import * as Y from 'yjs'
import { Connection } from '../../src/index.ts'
import { AccountStore } from '../../src/store/account-store.ts'
import { Proxy, converged, openClient, openWorld, type World } from './support/client.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 })

let world: World
let line: Proxy
beforeAll(async () => {
  world = await openWorld()
  // While the server starts there is nobody at port 1 either.
  const { server } = world
  line = await Proxy.to({ get port() { return server.address === undefined ? 1 : server.port } })
})
afterAll(async () => {
  line?.stop()
  await world?.stop()
})

/** What the server has on disk, read by somebody else. */
async function stored(document: string): Promise<string> {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, await world.state(document))
  return doc.getText('body').toString()
}

/** A line that only this test cuts. */
async function ownLine(): Promise<Proxy> {
  const own = await Proxy.to(world.server)
  onTestFinished(() => own.stop())
  return own
}

/** A WebSocket class that counts its sockets and what they bring. */
function counted(): { sockets: { receivedBytes: number }[], WebSocket: new (url: string) => WebSocket } {
  const sockets: { receivedBytes: number }[] = []
  class Counted extends NodeWebSocket {
    receivedBytes = 0

    constructor(url: string) {
      super(url)
      sockets.push(this)
      this.on('message', (data: ArrayBuffer) => { this.receivedBytes += data.byteLength })
    }
  }
  return { sockets, WebSocket: Counted as unknown as new (url: string) => WebSocket }
}

const ana = () => world.token('ana')
const ben = () => world.token('ben')

describe('together', () => {
  test('two providers converge, and each is told when its words are saved', async () => {
    const document = await world.newDocument()
    const one = openClient(line.address, { document, token: ana() })
    const two = openClient(line.address, { document, token: ben })
    await Promise.all([one.synced(), two.synced()])
    one.write('We, the undersigned. ')
    two.write('Joint statement. ')
    await converged(one, two)
    await Promise.all([one.saved(), two.saved()])
    expect(await stored(document)).toBe(one.words)
    expect(one.provider.access).toBe('write')
  })

  test('they see each other, until one leaves', async () => {
    const document = await world.newDocument()
    const one = openClient(line.address, { document, token: ana() })
    const two = openClient(line.address, { document, token: ben() })
    one.provider.awareness.setLocalStateField('user', { name: 'Ana', color: '#a00' })
    const anas = () => two.provider.awareness.getStates().get(one.doc.clientID)?.user
    await two.until('sees Ana', () => anas()?.name === 'Ana')
    one.provider.disconnect()
    await two.until('no longer sees Ana', () => anas() === undefined)
  })

  test('an observer reads, and has nothing that is not saved', async () => {
    const document = await world.newDocument()
    const one = openClient(line.address, { document, token: ana() })
    const observer = openClient(line.address, { document, token: world.token('olu') })
    await Promise.all([one.synced(), observer.synced()])
    one.write('To be read. ')
    await observer.reads('To be read. ')
    expect(observer.provider.access).toBe('read')
    await observer.saved()
    expect(observer.provider.drafts).toEqual([])
  })

  test('two documents share one socket, and one leaves without the other', async () => {
    const [first, second] = await Promise.all([world.newDocument(), world.newDocument()])
    const { sockets, WebSocket } = counted()
    const connection = new Connection({ server: `http://${line.address}`, token: ana(), WebSocket })
    onTestFinished(() => connection.destroy())
    const one = openClient(line.address, { document: first, connection })
    const two = openClient(line.address, { document: second, connection })
    await Promise.all([one.synced(), two.synced()])
    expect(() => openClient(line.address, { document: first, connection })).toThrow(/already/)
    one.write('In the first. ')
    two.write('In the second. ')
    await Promise.all([one.saved(), two.saved()])
    one.provider.disconnect()
    two.write('More. ')
    await two.saved()
    one.provider.connect()
    await one.synced()
    expect(sockets).toHaveLength(1)
    expect([await stored(first), await stored(second)].map(text => text.trim()))
      .toEqual(['In the first.', 'More. In the second.'])
  })

  test('a first state comes over HTTP, and the socket brings only what is new', async () => {
    const document = await world.newDocument()
    const one = openClient(line.address, { document, token: ana() })
    await one.synced()
    one.write('Paragraph after paragraph. '.repeat(2_000))
    await one.saved()
    const { sockets, WebSocket } = counted()
    const asked: string[] = []
    const two = openClient(line.address, {
      document,
      token: (_document, purpose) => {
        asked.push(purpose)
        return ben()
      },
      WebSocket,
    })
    await two.synced()
    expect(two.words).toBe(one.words)
    expect(asked.toSorted()).toEqual(['state', 'sync'])
    expect(sockets[0]!.receivedBytes).toBeLessThan(1_000)
  })

  test('where HTTP brings nothing the socket brings it all', async () => {
    const document = await world.newDocument()
    const one = openClient(line.address, { document, token: ana() })
    await one.synced()
    one.write('All of it. ')
    await one.saved()
    const two = openClient(line.address, { document, token: ben(), fetch: () => Promise.reject(new Error('blocked')) })
    await two.reads('All of it. ')
  })
})

describe('saved', () => {
  test('is not said before the server has flushed, nor are others shown what is not', async () => {
    const document = await world.newDocument()
    const one = openClient(line.address, { document, token: ana() })
    const two = openClient(line.address, { document, token: ben() })
    await Promise.all([one.saved(), two.saved()])
    const release = world.server.fault('hold-flush')
    onTestFinished(release)
    one.log.length = 0
    one.write('Held back. ')
    await one.until('it is sent', () => one.provider.connection.bufferedBytes === 0 && one.log.includes('saving'))
    // Presence does not wait for the disk; what comes after the words shows that the server has got the words.
    one.provider.awareness.setLocalStateField('after', 'the words')
    const seen = () => two.provider.awareness.getStates().get(one.doc.clientID)?.after === 'the words'
    await two.until('the server got that far', seen)
    await expect(one.provider.flush(300)).resolves.toBe('pending')
    expect(one.log).toEqual(['saving'])
    expect(two.words).not.toContain('Held back')
    release()
    await one.saved()
    await expect(one.provider.flush(5_000)).resolves.toBe('saved')
    await two.reads('Held back. ')
  })

  test('survives kill -9 at the very moment it is said', async () => {
    const document = await world.newDocument()
    const one = openClient(line.address, { document, token: ana() })
    await one.saved()
    for (const word of ['alpha ', 'beta ', 'gamma ']) {
      one.log.length = 0
      one.write(word)
      await new Promise<void>(resolve => {
        one.provider.on('save-state', state => {
          if (state !== 'saved') return
          world.server.kill()
          resolve()
        })
      })
      await one.until('the line is lost', () => one.provider.status !== 'connected')
      await world.server.start()
      expect(await stored(document)).toContain(word)
      await one.until('back', () => one.provider.synced)
    }
    expect(one.words.trim()).toBe('gamma beta alpha')
  })

  test('while three type and the server is killed again and again, whatever was called saved is on disk', async () => {
    const document = await world.newDocument()
    const all = ['ana', 'ben', 'ben'].map(name => openClient(line.address, { document, token: world.token(name) }))
    const saved = new Set<string>()
    let typed = 0
    const typing = all.map(client => setInterval(() => {
      // At the beginning, where no word is typed into another.
      if (client.provider.synced || Math.random() < 0.1) client.write(`<${++typed}>`)
    }, 15))
    onTestFinished(() => typing.forEach(clearInterval))
    for (const client of all) {
      client.provider.on('save-state', state => {
        if (state === 'saved') for (const word of client.words.match(/<\d+>/g) ?? []) saved.add(word)
      })
    }
    for (let kill = 0; kill < 5; kill++) {
      const enough = saved.size + 20
      await all[0]!.until('more is saved', () => saved.size >= enough)
      await world.server.kill()
      const promised = [...saved]
      await world.server.start()
      const text = await stored(document)
      expect(promised.filter(word => !text.includes(word))).toEqual([])
    }
    typing.forEach(clearInterval)
    all.forEach(client => client.provider.connect())
    await converged(...all)
    await Promise.all(all.map(client => client.saved()))
    expect((await stored(document)).match(/<\d+>/g)).toHaveLength(typed)
  })

  test('what was typed while the server was dead is saved once it is back', async () => {
    const document = await world.newDocument()
    const one = openClient(line.address, { document, token: ana() })
    await one.saved()
    await world.server.kill()
    await one.until('the line is lost', () => one.provider.status !== 'connected')
    one.write('Meanwhile. ')
    expect(one.provider.saveState).toBe('not-kept')
    expect(one.provider.wouldLose).toBe(true)
    await world.server.start()
    await one.saved()
    expect(await stored(document)).toContain('Meanwhile. ')
  })

  test('deleting is work, too, though no state vector moves', async () => {
    const document = await world.newDocument()
    const own = await ownLine()
    const one = openClient(own.address, { document, token: ana() })
    await one.synced()
    one.write('Too much. ')
    await one.saved()
    own.goDark()
    await one.until('the line is lost', () => one.provider.status !== 'connected')
    one.text.delete(0, 4)
    expect(one.provider.saveState).toBe('not-kept')
    own.comeBack()
    one.provider.connect()
    await one.saved()
    expect((await stored(document)).trim()).toBe('much.')
  })
})

describe('apart', () => {
  test('a return with pending work says what was mine before and what came', async () => {
    const document = await world.newDocument()
    const own = await ownLine()
    const one = openClient(own.address, { document, token: ana() })
    const two = openClient(line.address, { document, token: ben() })
    await Promise.all([one.synced(), one.saved(), two.saved()])
    own.goDark()
    await one.until('the line is lost', () => one.provider.status !== 'connected')
    one.write('Mine. ')
    two.write('Theirs. ')
    await two.saved()
    const merge = new Promise<{ before: Uint8Array, theirs: Uint8Array, acknowledged: Uint8Array | null }>(resolve => {
      one.provider.on('merge', resolve)
    })
    own.comeBack()
    one.provider.connect()
    const { before, theirs, acknowledged } = await merge
    await converged(one, two)
    await one.saved()
    const doc = new Y.Doc()
    Y.applyUpdate(doc, before)
    expect(doc.getText('body').toString().trim()).toBe('Mine.')
    Y.applyUpdate(doc, theirs)
    expect(doc.getText('body').toString()).toBe(one.words)
    expect(Y.snapshotContainsUpdate(Y.decodeSnapshot(acknowledged!), before)).toBe(false)
  })

  test('three type over lines that are cut again and again, and nothing is lost', async () => {
    const document = await world.newDocument()
    const lines = await Promise.all([ownLine(), ownLine(), ownLine()])
    const all = lines.map((own, index) =>
      openClient(own.address, { document, token: world.token(index === 0 ? 'ana' : 'ben') }))
    await Promise.all(all.map(client => client.synced()))
    const written: string[] = []
    for (let round = 0; round < 30; round++) {
      const client = all[round % 3]!
      const word = `word${round} `
      written.push(word)
      client.text.insert(client.words.length - 1, word)
      if (round % 4 === 3) lines[(round + 1) % 3]!.cut()
      // The next word waits for a word of before to have come through somewhere.
      await client.until('some progress', () => all.some(({ words }) => words.includes(written.at(-3) ?? word)))
    }
    all.forEach(client => client.provider.connect())
    await converged(...all)
    await Promise.all(all.map(client => client.saved()))
    const text = await stored(document)
    for (const word of written) expect(text).toContain(word)
  })

  test('work kept on the device outlives the page, and the words about it are true at each step', async () => {
    const document = await world.newDocument()
    const own = await ownLine()
    const account = `ana-${document}`
    const open = async () => {
      const device = await AccountStore.open(account)
      return openClient(own.address, { document, token: ana(), store: device.document(document) })
    }
    const first = await open()
    await first.synced()
    first.write('Saved. ')
    await first.saved()
    own.goDark()
    await first.until('the line is lost', () => first.provider.status !== 'connected')
    first.write('Offline. ')
    await first.until('kept', () => first.provider.saveState === 'on-this-device')
    expect(first.provider.wouldLose).toBe(false)
    first.provider.destroy()

    const second = await open()
    await second.provider.whenLoaded
    expect(second.words.trim()).toBe('Offline. Saved.')
    expect(second.provider.saveState).toBe('on-this-device')
    second.write('Again. ')
    await second.until('kept', () => second.provider.saveState === 'on-this-device')
    own.comeBack()
    second.provider.connect()
    await second.saved()
    expect((await stored(document)).trim()).toBe('Again. Offline. Saved.')
    second.provider.destroy()

    own.goDark()
    const third = await open()
    await third.provider.whenLoaded
    expect(third.words.trim()).toBe('Again. Offline. Saved.')
    expect(third.provider.saveState).toBe('saved')
  })
})

describe('who may', () => {
  test('what is refused for want of a right is a draft, and comes in by itself when the right is there', async () => {
    const document = await world.newDocument()
    const one = openClient(line.address, { document, token: ben() })
    await one.saved()
    await world.setRole('ben', 'observer')
    onTestFinished(() => world.setRole('ben', 'drafter').then(() => {}))
    await one.until('may only read', () => one.provider.access === 'read')
    one.write('Too late. ')
    await one.until('refused', () => one.provider.saveState === 'refused')
    await one.until('a draft', () => one.provider.drafts.length === 1)
    expect(one.provider.drafts[0]).toMatchObject({ document, why: 'refused', text: 'Too late. ' })
    await expect(one.provider.flush(5_000)).resolves.toBe('refused')
    expect(await stored(document)).not.toContain('Too late')
    one.write('Still. ')
    await one.until('in the same draft', () => one.provider.drafts[0]?.text.includes('Still. '))
    expect(one.provider.drafts).toHaveLength(1)
    await world.setRole('ben', 'drafter')
    await one.saved()
    expect(await stored(document)).toContain('Still. Too late. ')
    expect(one.provider.drafts).toEqual([])
    expect(one.log).toContain('draft-dropped')
  })

  test('what was written offline by someone who may no longer write is a draft', async () => {
    const document = await world.newDocument()
    const own = await ownLine()
    const one = openClient(own.address, { document, token: ben() })
    await one.saved()
    own.goDark()
    await one.until('the line is lost', () => one.provider.status !== 'connected')
    one.write('On the train. ')
    await world.setRole('ben', 'observer')
    onTestFinished(() => world.setRole('ben', 'drafter').then(() => {}))
    own.comeBack()
    one.provider.connect()
    await one.until('a draft', () => one.provider.drafts[0]?.text === 'On the train. ')
    expect(one.provider.saveState).toBe('refused')
  })

  test('what leans on words that neither side has is refused once, kept as one draft, and never loops', async () => {
    const document = await world.newDocument()
    const elsewhere = new Y.Doc()
    const lost: Uint8Array[] = []
    elsewhere.on('update', update => lost.push(update))
    elsewhere.getText('body').insert(0, 'lost ')
    elsewhere.getText('body').insert(5, 'and found ')
    const own = await ownLine()
    const one = openClient(own.address, { document, token: ana() })
    await one.saved()
    own.goDark()
    await one.until('the line is lost', () => one.provider.status !== 'connected')
    Y.applyUpdate(one.doc, lost[1]!)
    one.write('Mine. ')
    own.comeBack()
    one.provider.connect()
    await one.until('a draft', () => one.provider.drafts.length === 1)
    expect(one.provider.saveState).toBe('refused')
    expect(one.provider.drafts[0]!.text).toContain('Mine. ')
    expect(one.provider.drafts[0]!.text).toContain('and found ')
    const refusals = () => one.log.filter(entry => entry.startsWith('refused ')).length
    expect(refusals()).toBe(1)
    own.cut()
    await one.until('refused again on the next line', () => refusals() === 2)
    expect(one.provider.drafts).toHaveLength(1)
    expect(one.log.filter(entry => entry.startsWith('draft '))).toHaveLength(1)
    expect(one.provider.saveState).toBe('refused')
  })

  test('a document that starts afresh has what the server has, and the draft beside it', async () => {
    const document = await world.newDocument()
    const device = await AccountStore.open(`afresh-${document}`)
    const own = await ownLine()
    const open = () => openClient(own.address, { document, token: ana(), store: device.document(document) })
    const one = open()
    await one.synced()
    one.write('Good. ')
    await one.saved()
    own.goDark()
    await one.until('the line is lost', () => one.provider.status !== 'connected')
    one.write('Doubtful. ')
    await one.provider.startAfresh()
    own.comeBack()
    const two = open()
    await two.saved()
    expect(two.words.trim()).toBe('Good.')
    expect(two.provider.drafts.map(({ text }) => text)).toEqual(['Doubtful. '])
  })

  test('who is removed is told so, once, and what was not saved is a draft', async () => {
    const document = await world.newDocument()
    const { token, email } = await newcomer()
    const own = await ownLine()
    const here = openClient(line.address, { document, token })
    const away = openClient(own.address, { document, token })
    await Promise.all([here.saved(), away.saved()])
    own.goDark()
    await away.until('the line is lost', () => away.provider.status !== 'connected')
    away.write('My last words. ')
    await world.server.cli('member', 'remove', '--group', world.group, '--email', email)
    await here.until('removed', () => here.log.includes('denied removed for good'))
    expect(here.provider.status).toBe('disconnected')
    expect(here.provider.drafts).toEqual([])
    own.comeBack()
    away.provider.connect()
    await away.until('denied', () => away.log.includes('denied not-found for good'))
    expect(away.provider.drafts.map(({ why, text }) => [why, text])).toEqual([['removed', 'My last words. ']])
    expect(away.provider.retryAt).toBe(null)
  })

  test('a document that is not there is not asked for again', async () => {
    const one = openClient(line.address, { document: '0197c7a0-5b1e-7cc3-8b6f-1d2a3b4c5d6e', token: ana() })
    await one.until('denied', () => one.log.includes('denied not-found for good'))
    expect(one.provider.connection.state).toBe('idle')
  })

  test('a token that does not hold is asked for anew, a fixed one is not tried again', async () => {
    const document = await world.newDocument()
    const tokens = ['expired-long-ago', ana()]
    const fetched = openClient(line.address, { document, token: (_, purpose) => {
      if (purpose === 'state') throw new Error('tickets only')
      return tokens.shift()!
    } })
    await fetched.synced()
    expect(fetched.log).toContain('denied bad-token')
    const fixed = openClient(line.address, { document, token: 'expired-long-ago' })
    await fixed.until('denied', () => fixed.log.includes('denied bad-token for good'))
  })

  test('a token is renewed in band before it expires', async () => {
    const document = await world.newDocument()
    const { email } = world.users.ben!
    // A quarter of it is left when another one is asked for: enough for a busy machine.
    const lives = 12_000
    const { token: first } = await world.server.cli('token', 'create', '--email', email, '--expires', `${lives / 1_000}s`)
    const expiresAt = Date.now() + lives
    const tokens = [first, ben()]
    const { sockets, WebSocket } = counted()
    const one = openClient(line.address, {
      document,
      token: (_, purpose) => (purpose === 'state' ? ben() : tokens.shift()!),
      WebSocket,
    })
    await one.synced()
    await one.until('asked for another', () => tokens.length === 0)
    await one.until('the first is over', () => Date.now() > expiresAt + 500)
    one.write('After that. ')
    await one.saved()
    expect(sockets).toHaveLength(1)
    expect(one.log.filter(entry => entry.startsWith('denied'))).toEqual([])
  })

  async function newcomer(): Promise<{ token: string, email: string }> {
    const email = `newcomer-${Math.random()}@example.org`
    await world.server.cli('user', 'add', '--email', email, '--name', 'Newcomer')
    await world.server.cli('member', 'add', '--group', world.group, '--email', email, '--role', 'drafter')
    return { ...await world.server.cli('token', 'create', '--email', email), email }
  }
})
