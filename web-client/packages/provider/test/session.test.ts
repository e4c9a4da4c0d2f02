// What goes over the wire about one document, and when.
import { describe, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { Stage, awarenessOf, docOf, settle, types, welcome } from './support/fakes.ts'

const BATCH_MS = 120

/** A provider that was let in and has nothing unsaved; what was sent so far is taken. */
async function inside(stage: Stage, options: Parameters<Stage['provider']>[0] = {}) {
  const provider = stage.provider(options)
  await stage.letInAndConfirm()
  return { provider, text: provider.doc.getText('body') }
}

describe('coming in', () => {
  test('says who, hello, what it has and who is there, in one go', async () => {
    const stage = new Stage()
    const doc = new Y.Doc()
    const awareness = awarenessOf(doc)
    stage.provider({ doc, awareness })
    stage.socket.open()
    await settle()
    expect(types(stage.socket.sent.map(({ message }) => message)))
      .toEqual(['auth-token', 'hello', 'sync-step-1', 'awareness'])
    expect(stage.socket.sent.every(({ address }) => address === 'doc')).toBe(true)
    expect(stage.socket.take()[0]).toEqual({ type: 'auth-token', token: 'secret', version: 'plenary-1' })
  })

  test('is in step when the server has answered, and was never before', async () => {
    const stage = new Stage()
    const provider = stage.provider()
    const synced: boolean[] = []
    provider.on('sync', isSynced => synced.push(isSynced))
    await stage.letIn(docOf('what was there'))
    expect(provider.doc.getText('body').toString()).toBe('what was there')
    expect([provider.synced, provider.status, synced]).toEqual([true, 'connected', [true]])
    stage.socket.lose()
    expect([provider.synced, provider.status, synced]).toEqual([false, 'disconnected', [true, false]])
  })

  test('the token is asked for at each line, for what it is to be used', async () => {
    const stage = new Stage()
    const token = vi.fn((document: string, purpose: string) => `${document} ${purpose} ${token.mock.calls.length}`)
    stage.provider({ token })
    await stage.letIn()
    expect(token.mock.calls).toEqual([['doc', 'sync'], ['doc', 'state']])
    stage.socket.lose()
    await stage.clock.pass(1_000)
    stage.socket.open()
    await settle()
    expect(stage.socket.take()[0]).toMatchObject({ type: 'auth-token', token: 'doc sync 3' })
  })

  test('waits for a token as long as it takes, and asks again when none is to be had', async () => {
    const stage = new Stage()
    let failures = 2
    stage.provider({ token: () => (failures-- > 0 ? Promise.reject(new Error('signed out')) : 'at last') })
    stage.socket.open()
    await settle()
    expect(stage.socket.sent).toEqual([])
    await stage.clock.pass(60_000 / 4)
    expect(stage.socket.take()[0]).toMatchObject({ token: 'at last' })
  })

  test('that nobody is signed in is told apart from a token that cannot be fetched, and from no line', async () => {
    const stage = new Stage()
    let answer: string | null | Error = new Error('no network')
    const token = () => (answer instanceof Error ? Promise.reject(answer) : answer)
    const provider = stage.provider({ token })
    const troubles: unknown[] = []
    provider.on('token-trouble', trouble => troubles.push(trouble))
    // Without a line nothing is known of the token.
    await settle()
    stage.socket.lose()
    await settle()
    expect([provider.tokenTrouble, troubles]).toEqual([null, []])
    await stage.clock.pass(1_000)
    stage.socket.open()
    await settle()
    expect([provider.tokenTrouble, provider.status]).toEqual(['failed', 'disconnected'])
    answer = null
    await stage.clock.pass(1_000)
    expect([provider.tokenTrouble, provider.status]).toEqual(['none', 'disconnected'])
    expect(stage.socket.sent).toEqual([])
    // It is asked for again by itself, and at once when somebody has signed in.
    answer = 'signed in'
    provider.connect()
    await settle()
    expect(stage.socket.take()[0]).toMatchObject({ type: 'auth-token', token: 'signed in' })
    expect(troubles).toEqual(['failed', 'none', null])
  })

  test('that nobody is signed in any more is told when a token is to be renewed, and ends nothing', async () => {
    const stage = new Stage()
    let given: string | null = 'at first'
    const { provider } = await inside(stage, { token: () => given })
    given = null
    stage.say({ type: 'token', token: '' })
    await settle()
    expect([provider.tokenTrouble, provider.status]).toEqual(['none', 'connected'])
    expect(stage.socket.sent).toEqual([])
  })

  test('a token that comes after its line is not shown on the next', async () => {
    const stage = new Stage()
    const given: ((token: string) => void)[] = []
    stage.provider({ token: (_, purpose) => new Promise(resolve => purpose === 'sync' && given.push(resolve)) })
    stage.socket.open()
    stage.socket.lose()
    await stage.clock.pass(1_000)
    stage.socket.open()
    given[0]!('for the first')
    await settle()
    expect(stage.socket.sent).toEqual([])
    given[1]!('for the second')
    await stage.clock.pass(30_000)
    expect(stage.socket.take()[0]).toMatchObject({ token: 'for the second' })
  })

  test('the first state is awaited, so that the socket need not bring it', async () => {
    const stage = new Stage()
    const state = Y.encodeStateAsUpdate(docOf('over HTTP'))
    let answer: (response: Response) => void = () => {}
    const fetch = vi.fn(() => new Promise<Response>(resolve => { answer = resolve }))
    const provider = stage.provider({ fetch })
    expect(fetch).not.toHaveBeenCalled()
    stage.socket.open()
    await settle()
    expect(types(stage.socket.take())).toEqual(['auth-token', 'hello'])
    expect(fetch).toHaveBeenCalledExactlyOnceWith(
      'https://plenary.example.org/api/v1/documents/doc/state',
      expect.objectContaining({ headers: { authorization: 'Bearer secret' } }),
    )
    answer(new Response(state as BodyInit, { headers: { 'content-type': 'application/octet-stream' } }))
    await settle()
    expect(provider.doc.getText('body').toString()).toBe('over HTTP')
    expect(stage.socket.take()).toEqual([{ type: 'sync-step-1', stateVector: Y.encodeStateVector(provider.doc) }])
  })

  test('a first state that does not come, or is something else, is not waited for', async () => {
    for (const fetch of [
      () => new Promise<Response>(() => {}),
      () => Promise.resolve(new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } })),
      () => Promise.resolve(new Response(null, { status: 401 })),
      () => Promise.resolve(new Response('no update', { headers: { 'content-type': 'application/octet-stream' } })),
    ]) {
      const stage = new Stage()
      stage.provider({ fetch })
      stage.socket.open()
      await stage.clock.pass(8_000)
      expect(types(stage.socket.take())).toContain('sync-step-1')
    }
  })
})

describe('typing', () => {
  test('is sent together, at the latest after 120 ms, each time with a mark behind it', async () => {
    const stage = new Stage()
    const { text } = await inside(stage)
    text.insert(0, 'a')
    text.insert(1, 'b')
    await stage.clock.pass(0)
    expect(types(stage.socket.take())).toEqual(['update', 'mark'])
    text.insert(2, 'c')
    await stage.clock.pass(BATCH_MS - 1)
    text.insert(3, 'd')
    expect(stage.socket.sent).toEqual([])
    await stage.clock.pass(1)
    const [update, mark] = stage.socket.take()
    expect([update?.type, mark?.type]).toEqual(['update', 'mark'])
    await stage.clock.pass(1_000)
    expect(stage.socket.sent).toEqual([])
  })

  test('is sent at once when it is much, when the page is hidden, and before leaving', async () => {
    for (const act of [
      (_: Stage, text: Y.Text) => text.insert(0, 'x'.repeat(4_096)),
      (stage: Stage) => stage.page.tell('hidden'),
      (_stage: Stage, _text: Y.Text, provider: { disconnect(): void }) => provider.disconnect(),
      (_stage: Stage, _text: Y.Text, provider: { flush(ms: number): unknown }) => void provider.flush(0),
    ]) {
      const stage = new Stage()
      const { provider, text } = await inside(stage)
      text.insert(0, 'a')
      expect(stage.socket.sent).toEqual([])
      act(stage, text, provider)
      expect(types(stage.socket.take()).slice(0, 2)).toEqual(['update', 'mark'])
    }
  })

  test('on a page nobody sees nothing waits for slow timers', async () => {
    const stage = new Stage()
    const { text } = await inside(stage)
    stage.page.tell('hidden')
    text.insert(0, 'a')
    expect(types(stage.socket.take())).toEqual(['update', 'mark'])
  })

  test('is gathered for longer while a slow line has enough to carry', async () => {
    const stage = new Stage()
    const { text } = await inside(stage)
    stage.socket.bufferedAmount = 100_000
    for (const letter of 'slow') {
      text.insert(0, letter)
      await stage.clock.pass(BATCH_MS)
    }
    expect(stage.socket.sent).toEqual([])
    stage.socket.bufferedAmount = 0
    await stage.clock.pass(BATCH_MS)
    expect(types(stage.socket.take())).toEqual(['update', 'mark'])
  })

  test('before the server has asked is in the answer, and is not sent twice', async () => {
    const stage = new Stage()
    const provider = stage.provider()
    stage.socket.open()
    await settle()
    provider.doc.getText('body').insert(0, 'early')
    await stage.clock.pass(1_000)
    expect(types(stage.socket.take())).toEqual(['auth-token', 'hello', 'sync-step-1'])
    stage.say({ type: 'auth-granted', scope: 'read-write' })
    stage.say(welcome())
    stage.say({ type: 'sync-step-1', stateVector: Uint8Array.of(0) })
    await stage.clock.pass(1_000)
    expect(types(stage.socket.take())).toEqual(['sync-step-2', 'mark'])
  })

  test('on a new line waits for its question as on the first', async () => {
    const stage = new Stage()
    const { text } = await inside(stage)
    stage.socket.lose()
    await stage.clock.pass(1_000)
    stage.socket.open()
    await settle()
    stage.say({ type: 'auth-granted', scope: 'read-write' })
    stage.say(welcome())
    text.insert(0, 'x'.repeat(5_000))
    await stage.clock.pass(1_000)
    expect(types(stage.socket.take())).toEqual(['auth-token', 'hello', 'sync-step-1'])
  })

  test('each further step 1 of the server is answered, with what was gathered in it', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'a')
    stage.say({ type: 'sync-step-1', stateVector: Uint8Array.of(0) })
    expect(stage.socket.take()).toEqual([
      { type: 'sync-step-2', update: Y.encodeStateAsUpdate(provider.doc) },
      { type: 'mark', mark: expect.any(Number) },
    ])
    await stage.clock.pass(1_000)
    expect(stage.socket.sent).toEqual([])
  })

  test('what came from the server is not sent back', async () => {
    const stage = new Stage()
    await inside(stage)
    stage.say({ type: 'update', update: Y.encodeStateAsUpdate(docOf('theirs')) })
    await stage.clock.pass(1_000)
    expect(stage.socket.sent).toEqual([])
  })
})

describe('saved', () => {
  test('is said at the answer to the last mark and not before', async () => {
    const stage = new Stage()
    const provider = stage.provider()
    const text = provider.doc.getText('body')
    await stage.letIn()
    expect(provider.saveState).toBe('saving')
    stage.confirm()
    expect(provider.saveState).toBe('saved')
    stage.socket.take()
    text.insert(0, 'a')
    expect(provider.saveState).toBe('saving')
    await stage.clock.pass(0)
    text.insert(1, 'b')
    await stage.clock.pass(BATCH_MS)
    const [first, second] = stage.marks()
    stage.say({ type: 'durable', mark: first! })
    expect(provider.saveState).toBe('saving')
    stage.say({ type: 'durable', mark: second! })
    expect([provider.saveState, provider.pending]).toEqual(['saved', false])
  })

  test('is not said of what was typed after that mark', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'a')
    await stage.clock.pass(0)
    text.insert(1, 'b')
    stage.confirm()
    expect(provider.saveState).toBe('saving')
  })

  test('is not said because others seem to have it, nor because a status came', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'a')
    await stage.clock.pass(0)
    stage.say({ type: 'sync-status', applied: true })
    stage.say({ type: 'update', update: Y.encodeStateAsUpdate(provider.doc) })
    stage.say({ type: 'sync-step-2', update: Y.encodeStateAsUpdate(provider.doc) })
    expect(provider.saveState).toBe('saving')
  })

  test('after a return is the answer to the mark behind the step 2 that holds everything', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'sent and unanswered')
    await stage.clock.pass(0)
    const [unanswered] = stage.marks()
    stage.socket.lose()
    text.insert(0, 'offline, ')
    expect(provider.saveState).toBe('not-kept')
    await stage.clock.pass(1_000)
    await stage.letIn()
    expect(provider.saveState).toBe('saving')
    stage.say({ type: 'durable', mark: unanswered! })
    expect(provider.saveState).toBe('saving')
    const step2 = stage.socket.sent.find(({ message }) => message.type === 'sync-step-2')!.message
    const copy = new Y.Doc()
    Y.applyUpdate(copy, (step2 as { update: Uint8Array }).update)
    expect(copy.getText('body').toString()).toBe('offline, sent and unanswered')
    stage.confirm()
    expect(provider.saveState).toBe('saved')
  })

  test('is not said by a late answer to a mark of the line before', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'a')
    await stage.clock.pass(0)
    const [mark] = stage.marks()
    stage.socket.lose()
    await stage.clock.pass(1_000)
    stage.socket.open()
    await settle()
    stage.say({ type: 'durable', mark: mark! })
    expect(provider.pending).toBe(true)
  })

  test('is never said by a server that gives no welcome: after 5 s it is unconfirmed', async () => {
    const stage = new Stage()
    const provider = stage.provider()
    const told: string[] = [provider.saveState]
    provider.on('save-state', state => told.push(state))
    await stage.letIn(undefined, { welcomes: false })
    await stage.clock.pass(4_999)
    expect(provider.saveState).toBe('saving')
    await stage.clock.pass(1)
    expect(provider.saveState).toBe('unconfirmed')
    provider.doc.getText('body').insert(0, 'a')
    expect(provider.saveState).toBe('saving')
    await stage.clock.pass(0)
    stage.say({ type: 'sync-status', applied: true })
    expect(provider.saveState).toBe('unconfirmed')
    expect(told).not.toContain('saved')
    expect(types(stage.socket.take())).not.toContain('mark')
    await expect(provider.flush(1_000)).resolves.toBe('pending')
  })

  test('may still be said when the welcome was only late', async () => {
    const stage = new Stage()
    const provider = stage.provider()
    await stage.letIn(undefined, { welcomes: false })
    await stage.clock.pass(5_000)
    stage.say(welcome())
    stage.confirm()
    expect(provider.saveState).toBe('saved')
  })
})

describe('flush', () => {
  test('tells what became of the words', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'a')
    const saved = provider.flush(1_000)
    stage.confirm()
    await expect(saved).resolves.toBe('saved')
    text.insert(0, 'b')
    const pending = provider.flush(1_000)
    await stage.clock.pass(1_000)
    await expect(pending).resolves.toBe('pending')
    stage.say({ type: 'refused', ordinal: 3, code: 'role', reason: '' })
    await expect(provider.flush(1_000)).resolves.toBe('refused')
  })

  test('does not wait beyond the end of the provider', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'a')
    const pending = provider.flush(60_000)
    provider.destroy()
    await expect(pending).resolves.toBe('pending')
  })
})

describe('refused', () => {
  test('work is a draft, and the state says so until the server takes it', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    const refusals: unknown[] = []
    provider.on('refused', refusal => refusals.push(refusal))
    text.insert(0, 'not allowed')
    await stage.clock.pass(0)
    // The step 2 at the beginning was the first.
    stage.say({ type: 'refused', ordinal: 2, code: 'role', reason: 'observers cannot write' })
    stage.confirm()
    expect(refusals).toEqual([{ code: 'role', reason: 'observers cannot write', mayPass: true }])
    expect([provider.saveState, provider.pending]).toEqual(['refused', true])
    expect(provider.drafts).toMatchObject([{ why: 'refused', document: 'doc', text: 'not allowed' }])
    stage.say({ type: 'access-changed', access: 'read-write' })
    stage.say({ type: 'sync-step-1', stateVector: Uint8Array.of(0) })
    expect(provider.saveState).toBe('refused')
    stage.confirm()
    expect([provider.saveState, provider.drafts]).toEqual(['saved', []])
  })

  test('is named by its place on this line, whatever was sent on others and whatever statuses came', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'on the first. ')
    await stage.clock.pass(0)
    stage.socket.lose()
    await stage.clock.pass(1_000)
    await stage.letIn()
    stage.confirm()
    text.insert(0, 'on the second. ')
    await stage.clock.pass(BATCH_MS)
    for (let count = 0; count < 3; count++) stage.say({ type: 'sync-status', applied: true })
    stage.say({ type: 'refused', ordinal: 2, code: 'role', reason: '' })
    expect(provider.drafts.map(draft => draft.text)).toEqual(['on the second. '])
  })

  test('in the name of somebody else: from then on another name is used', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    const before = provider.doc.clientID
    text.insert(0, 'a')
    await stage.clock.pass(0)
    stage.say({ type: 'refused', ordinal: 2, code: 'authorship', reason: '' })
    expect(provider.doc.clientID).not.toBe(before)
    expect(provider.drafts).toHaveLength(1)
    await stage.clock.pass(20_000)
    expect(types(stage.socket.take())).toEqual(['update', 'mark'])
  })

  test('for want of space: offered again, and the draft goes when it is taken', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'a')
    await stage.clock.pass(0)
    stage.say({ type: 'refused', ordinal: 2, code: 'storage', reason: '' })
    stage.socket.take()
    await stage.clock.pass(15_000)
    expect(types(stage.socket.sent.map(({ message }) => message))).toEqual(['sync-step-2', 'mark'])
    stage.confirm()
    expect([provider.saveState, provider.drafts]).toEqual(['saved', []])
  })

  test('for a gap: offered whole once, and if that is refused it is a draft', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    text.insert(0, 'a')
    await stage.clock.pass(0)
    stage.socket.take()
    stage.say({ type: 'refused', ordinal: 2, code: 'gap', reason: '' })
    expect(types(stage.socket.take())).toEqual(['sync-step-2', 'mark'])
    expect(provider.drafts).toEqual([])
    stage.say({ type: 'refused', ordinal: 3, code: 'gap', reason: '' })
    expect(stage.socket.take()).toEqual([])
    expect(provider.drafts).toHaveLength(1)
  })

  test('because it is too large for any frame: it is not even sent', async () => {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    stage.say({ ...welcome(), frameBytesMax: 1_000 } as never)
    stage.socket.take()
    text.insert(0, 'x'.repeat(5_000))
    expect(types(stage.socket.take())).not.toContain('update')
    expect([provider.saveState, provider.drafts[0]?.text.length]).toEqual(['refused', 5_000])
  })

  test('by a server without a welcome, whose zero stands for the frame of that number', async () => {
    const stage = new Stage()
    const provider = stage.provider()
    await stage.letIn(undefined, { scope: 'readonly', welcomes: false })
    stage.say({ type: 'sync-status', applied: true })
    provider.doc.getText('body').insert(0, 'in vain')
    await stage.clock.pass(0)
    stage.say({ type: 'sync-status', applied: false })
    expect([provider.saveState, provider.drafts[0]?.text]).toEqual(['refused', 'in vain'])
  })
})

describe('not let in', () => {
  test('where nothing helps: stays away, says so, and asks again only when told to', async () => {
    for (const reason of ['not-found', 'removed', 'permission-denied']) {
      const stage = new Stage()
      const provider = stage.provider()
      const denials: unknown[] = []
      provider.on('denied', denial => denials.push(denial))
      const closed = vi.fn()
      provider.on('closed', closed)
      stage.socket.open()
      await settle()
      stage.say({ type: 'auth-denied', reason })
      await stage.clock.pass(120_000)
      stage.page.tell('online')
      expect(denials).toEqual([{ reason, isFinal: true }])
      const code = reason === 'not-found' ? 4404 : 4403
      expect(closed).toHaveBeenCalledExactlyOnceWith({ code, reason }, provider)
      expect([stage.sockets.length, stage.socket.isClosed, provider.status]).toEqual([1, true, 'disconnected'])
      provider.connect()
      expect(stage.sockets).toHaveLength(2)
    }
  })

  test('with a token that has expired: another is fetched at once, then less and less often', async () => {
    const stage = new Stage()
    let asked = 0
    stage.provider({ token: (_, purpose) => (purpose === 'sync' ? `${++asked}` : Promise.reject(new Error())) })
    stage.socket.open()
    await settle()
    const askedAfter: number[] = []
    for (const wait of [0, 2_000, 4_000, 8_000]) {
      stage.say({ type: 'auth-denied', reason: 'bad-token' })
      await stage.clock.pass(wait)
      askedAfter.push(asked)
    }
    expect(askedAfter).toEqual([2, 3, 4, 5])
    stage.say({ type: 'auth-denied', reason: 'bad-token' })
    stage.page.tell('visible')
    await settle()
    expect(asked).toBe(6)
  })

  test('with a fixed token that does not hold: trying again would not help', async () => {
    const stage = new Stage()
    const provider = stage.provider()
    stage.socket.open()
    await settle()
    stage.say({ type: 'auth-denied', reason: 'bad-token' })
    expect([stage.socket.isClosed, provider.retryAt]).toEqual([true, null])
  })

  test('because the server is in trouble: tried again over the same line', async () => {
    const stage = new Stage()
    const { provider } = await inside(stage)
    stage.say({ type: 'close', reason: 'internal-error' })
    expect([provider.status, provider.synced]).toEqual(['disconnected', false])
    expect(provider.retryAt).toBe(stage.clock.now() + 1_000)
    await stage.clock.pass(1_000)
    expect(types(stage.socket.take())).toEqual(['auth-token', 'hello', 'sync-step-1'])
    expect(stage.sockets).toHaveLength(1)
  })

  test('a token is renewed in band when the server asks, without a new handshake', async () => {
    for (const ask of [{ type: 'auth-token-request' }, { type: 'token', token: '' }] as const) {
      const stage = new Stage()
      const { provider } = await inside(stage, { token: () => 'fresh' })
      stage.say(ask)
      await settle()
      expect(stage.socket.take()).toEqual([{ type: 'auth-token', token: 'fresh', version: 'plenary-1' }])
      stage.say({ type: 'auth-granted', scope: 'read-write' })
      await settle()
      expect([stage.socket.take(), provider.synced]).toEqual([[], true])
    }
  })
})

test('whoever leaves says so, even while the server decides, for the line may stay open for others', async () => {
  for (const arrive of [async (stage: Stage) => { stage.socket.open(); await settle() }, (stage: Stage) => stage.letIn()]) {
    const stage = new Stage()
    const provider = stage.provider()
    await arrive(stage)
    provider.disconnect()
    expect(stage.socket.take().at(-1)).toEqual({ type: 'close' })
    expect([stage.socket.isClosed, provider.status, provider.shouldConnect]).toEqual([true, 'disconnected', false])
  }
})

test('a document that goes on elsewhere is left, told of, and what was not saved is a draft', async () => {
  for (const end of [
    (stage: Stage) => stage.say({ type: 'close', reason: 'replaced' }),
    (stage: Stage) => stage.socket.lose(4410),
  ]) {
    const stage = new Stage()
    const { provider, text } = await inside(stage)
    const replaced = vi.fn()
    provider.on('replaced', replaced)
    text.insert(0, 'unsaved')
    end(stage)
    expect(provider.saveState).toBe('replaced')
    expect(provider.drafts).toMatchObject([{ why: 'replaced', text: 'unsaved' }])
    expect(replaced).toHaveBeenCalledOnce()
    await stage.clock.pass(120_000)
    expect(stage.sockets).toHaveLength(1)
  }
})

test('what the server says in between is passed on: access, and a text for the person', async () => {
  const stage = new Stage()
  const { provider } = await inside(stage)
  const told: string[] = []
  provider.on('access', access => told.push(access))
  provider.on('notice', text => told.push(text))
  stage.say({ type: 'access-changed', access: 'readonly' })
  stage.say({ type: 'notice', text: 'back in a moment' })
  stage.say({ type: 'auth-granted', scope: 'read-write' })
  expect(told).toEqual(['read', 'back in a moment', 'write'])
})

describe('presence', () => {
  test('is sent at most every 100 ms, the newest of it', async () => {
    const stage = new Stage()
    const doc = new Y.Doc()
    const awareness = awarenessOf(doc)
    await inside(stage, { doc, awareness })
    await stage.clock.pass(1_000)
    for (let at = 0; at < 10; at++) {
      awareness.setLocalStateField('cursor', at)
      await stage.clock.pass(25)
    }
    await stage.clock.pass(100)
    const sent = types(stage.socket.take())
    expect(sent.length).toBeLessThanOrEqual(4)
    expect(new Set(sent)).toEqual(new Set(['awareness']))
  })

  test('rests while nobody sees the page, and is sent when somebody does', async () => {
    const stage = new Stage()
    const doc = new Y.Doc()
    const awareness = awarenessOf(doc)
    await inside(stage, { doc, awareness })
    stage.page.tell('hidden')
    awareness.setLocalStateField('cursor', 1)
    await stage.clock.pass(10_000)
    expect(stage.socket.take()).toEqual([])
    stage.page.tell('visible')
    await stage.clock.pass(0)
    expect(types(stage.socket.take())).toEqual(['ping', 'awareness'])
  })

  test('does not rest where nothing else would keep the line awake', async () => {
    const stage = new Stage()
    const doc = new Y.Doc()
    const awareness = awarenessOf(doc)
    stage.provider({ doc, awareness })
    await stage.letIn(undefined, { welcomes: false })
    await stage.clock.pass(5_000)
    stage.page.tell('hidden')
    stage.socket.take()
    awareness.setLocalStateField('cursor', 1)
    await stage.clock.pass(100)
    expect(types(stage.socket.take())).toEqual(['awareness'])
  })

  test('of others ends with the line, and what cannot be read is let be', async () => {
    const stage = new Stage()
    const doc = new Y.Doc()
    const awareness = awarenessOf(doc)
    const { provider } = await inside(stage, { doc, awareness })
    // Client 7 at clock 1: {"a":1}
    stage.say({ type: 'awareness', update: Uint8Array.of(1, 7, 1, 7, ...new TextEncoder().encode('{"a":1}')) })
    expect(awareness.getStates().get(7)).toEqual({ a: 1 })
    stage.say({ type: 'awareness', update: Uint8Array.of(1, 8, 1, 1, 0x7b) })
    expect(provider.status).toBe('connected')
    stage.socket.lose()
    expect([...awareness.getStates().keys()]).toEqual([doc.clientID])
  })
})

describe('others\' words on a page that is not calm', () => {
  async function busy() {
    const stage = new Stage()
    const doc = new Y.Doc()
    const awareness = awarenessOf(doc)
    const waiting: (() => void)[] = []
    const { provider, text } = await inside(stage, { doc, awareness, whenCalm: bring => waiting.push(bring) })
    const changes = vi.fn()
    doc.on('update', changes)
    const theirs = new Y.Doc()
    const write = (letter: string): void => {
      const before = Y.encodeStateVector(theirs)
      theirs.getText('body').insert(theirs.getText('body').length, letter)
      stage.say({ type: 'update', update: Y.encodeStateAsUpdate(theirs, before) })
    }
    // Client 7 at clock 1: {"a":1}
    const show = (): void => stage.say({ type: 'awareness', update: Uint8Array.of(1, 7, 1, 7, ...new TextEncoder().encode('{"a":1}')) })
    const calm = (): void => waiting.splice(0).forEach(bring => bring())
    return { stage, doc, awareness, waiting, provider, text, changes, write, show, calm }
  }

  test('wait until it is, and come in as one change, with where they are', async () => {
    const { awareness, waiting, text, changes, write, show, calm } = await busy()
    write('a')
    show()
    write('b')
    expect([text.toString(), awareness.getStates().has(7), waiting.length]).toEqual(['', false, 1])
    calm()
    expect([text.toString(), awareness.getStates().has(7), changes.mock.calls.length]).toEqual(['ab', true, 1])
    write('c')
    expect([text.toString(), waiting.length]).toEqual(['ab', 1])
  })

  test('wait no longer than a second, and never many', async () => {
    const { stage, text, write } = await busy()
    write('a')
    await stage.clock.pass(999)
    expect(text.toString()).toBe('')
    await stage.clock.pass(1)
    expect(text.toString()).toBe('a')
    for (let i = 0; i < 250; i++) write('b')
    expect(text.length).toBeGreaterThan(150)
  })

  test('do not wait for a page that nobody sees, or for the end of the line', async () => {
    const { stage, awareness, provider, text, write, show } = await busy()
    write('a')
    stage.page.tell('hidden')
    expect(text.toString()).toBe('a')
    write('b')
    expect(text.toString()).toBe('ab')
    stage.page.tell('visible')
    write('c')
    show()
    stage.socket.lose()
    // Their words stay; where they are is not known any more.
    expect([text.toString(), awareness.getStates().has(7)]).toEqual(['abc', false])
    await stage.clock.pass(1_000)
    await stage.letIn()
    write('d')
    provider.destroy()
    expect(text.toString()).toBe('abcd')
  })

  test('own words go out without those that wait, and are confirmed without them', async () => {
    const { stage, provider, text, write } = await busy()
    write('theirs')
    text.insert(0, 'mine')
    expect(provider.saveState).toBe('saving')
    await stage.clock.pass(BATCH_MS)
    stage.confirm()
    expect([provider.saveState, text.toString()]).toEqual(['saved', 'mine'])
  })

  test('are in the document before the answer that brings it all', async () => {
    const { stage, doc, write } = await busy()
    write('a')
    const order: string[] = []
    doc.on('update', () => order.push(doc.getText('body').toString()))
    stage.say({ type: 'sync-step-2', update: Y.encodeStateAsUpdate(docOf('b')) })
    expect(order[0]).toBe('a')
  })

  test('that cannot be read end the line all the same, and those beside them are kept', async () => {
    const { stage, provider, text, write, calm } = await busy()
    write('a')
    stage.say({ type: 'update', update: Uint8Array.of(1, 1, 1) })
    calm()
    expect([provider.status, text.toString()]).toEqual(['disconnected', 'a'])
  })
})
