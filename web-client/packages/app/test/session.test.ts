// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as account from '../src/account.ts'
import type { Me, Statement, User } from '../src/api.ts'
import { type OpenText, Session } from '../src/session.ts'

const ana: User = { id: 'u1', name: 'Ana', email: 'ana@ngo.example', administrator: false }
const ben: User = { ...ana, id: 'u2', name: 'Ben' }
const group = { id: 'g1', name: 'Coalition', role: 'drafter' } as const
const statement: Statement = {
  id: 's1',
  title: 'Joint submission',
  kind: 'joint-submission',
  stage: 'draft',
  group,
  documents: { body: 'd1', comments: 'd2' },
  access: 'write',
}

/** What the server answers; `null`: it is away. */
type Answer = [status: number, body?: object]
let server: ((method: string, path: string) => Answer | Promise<Answer>) | null
let asked: string[]
let text: OpenText | null
let session: Session

const meOf = (user: User, statements = [statement]): Me => ({ user, groups: [group], statements })

beforeEach(() => {
  localStorage.clear()
  asked = []
  text = null
  server = () => [200, meOf(ana)]
  vi.stubGlobal('fetch', async (path: string, { method }: { method: string }) => {
    asked.push(`${method} ${path}`)
    if (!server) throw new TypeError('no line')
    const [status, body] = await server(method, path)
    return new Response(status === 204 ? null : JSON.stringify(body ?? {}), { status })
  })
  session = new Session(() => text)
})
afterEach(() => vi.unstubAllGlobals())

/** From now on the server answers when it is told to, in the order it was asked. */
function holdAnswers(): ((answer: Answer) => void)[] {
  const held: ((answer: Answer) => void)[] = []
  server = () => new Promise(resolve => held.push(resolve))
  return held
}

/** A text that is open, with words the server does not have; `flushed` notes how long somebody would have waited. */
function openText({ isAway }: { isAway: boolean }) {
  const flushed: number[] = []
  const editor = {
    isAway,
    hasUnsavedWork: true,
    connect: vi.fn(),
    destroy: vi.fn(),
    flush: async (ms: number) => (flushed.push(ms), 'pending'),
  }
  text = { statement, editor: editor as never }
  return { editor, flushed }
}

test('whoever is signed in is inside, with what they may open', async () => {
  await session.ask()
  expect(session.here).toMatchObject({ is: 'inside', user: ana, statements: [statement], isOffline: false })
})

test('several questions at once are one', async () => {
  await Promise.all([session.ask(), session.ask(), session.ask()])
  expect(asked).toEqual(['GET /api/v1/me'])
})

test('nobody is outside, and a server that is away is another thing', async () => {
  server = () => [401]
  await session.ask()
  expect(session.here.is).toBe('outside')
  server = null
  session = new Session(() => text)
  await session.ask()
  expect(session.here.is).toBe('nowhere')
})

test('a session that ends takes no open text away', async () => {
  await session.ask()
  openText({ isAway: false })
  server = () => [401]
  await session.ask()
  expect(session.here.is).toBe('inside')
  expect(session.isSignInNeeded).toBe(true)
})

test('whoever lost access keeps the page with their words, to read', async () => {
  await session.ask()
  openText({ isAway: false })
  server = () => [200, meOf(ana, [])]
  await session.ask()
  expect(session.here).toMatchObject({ statements: [{ id: 's1', access: 'read' }] })
})

test('another person in the same browser does not write under the first one’s name', async () => {
  await session.ask()
  openText({ isAway: false })
  server = () => [200, meOf({ ...ana, id: 'u2', name: 'Ben' })]
  await session.ask()
  expect(session.ended).toBe('other-account')
  expect(session.here).toMatchObject({ user: ana })
})

test('a sign-out waits for the last words only while there is a line', async () => {
  for (const isAway of [false, true]) {
    await session.ask()
    const { editor, flushed } = openText({ isAway })
    const asks: string[][] = []
    const isOut = await session.signOut(async titles => (asks.push(titles), false))
    expect(asks).toEqual([['Joint submission']])
    expect(isOut).toBe(false)
    expect(flushed).toEqual([isAway ? 0 : 4_000])
    expect(editor.destroy).not.toHaveBeenCalled()
    expect(session.here.is).toBe('inside')
  }
})

test('a sign-out without a line is told to the server before anything else', async () => {
  await session.ask()
  server = null
  const { editor } = openText({ isAway: true })
  expect(await session.signOut(async () => true)).toBe(true)
  expect(editor.destroy).toHaveBeenCalled()
  expect(session.here.is).toBe('outside')
  text = null
  await vi.waitFor(() => expect(asked).toContain('DELETE /api/v1/session'))
  asked = []
  server = method => (method === 'DELETE' ? [204] : [401])
  await session.ask()
  expect(asked).toEqual(['DELETE /api/v1/session', 'GET /api/v1/me'])
})

test('a link stays until it is used, whoever is here, and one of no use leaves the other way in', async () => {
  server = () => [401]
  session.meetLink({ kind: 'sign-in', secret: 'secret' })
  await session.ask()
  expect(session.here).toEqual({ is: 'outside' })
  expect(session.link).toEqual({ kind: 'sign-in', secret: 'secret' })
  session.failLink()
  expect(session.link).toEqual({ kind: 'sign-in', secret: '' })
  session.forgetLink()
  expect(session.link).toBe(null)
})

test('whoever owes a second factor is neither in nor out, and can sign out', async () => {
  server = () => [403, { code: 'second-factor-required' }]
  await session.ask()
  expect(session.here).toEqual({ is: 'owing' })
  server = () => [204]
  expect(await session.signOut(async () => true)).toBe(true)
  expect(session.here).toEqual({ is: 'outside' })
  await vi.waitFor(() => expect(asked).toContain('DELETE /api/v1/session'))
})

test('a second factor that is asked for takes nobody out of the text they write in', async () => {
  await session.ask()
  openText({ isAway: false })
  server = () => [403, { code: 'second-factor-required' }]
  await session.ask()
  expect(session.here.is).toBe('inside')
  expect([session.isSecondFactorNeeded, session.isSignInNeeded]).toEqual([true, false])
})

test('whoever signs in by a link is not offered what the one before could open, however long the server takes', async () => {
  await session.ask()
  session.meetLink({ kind: 'sign-in', secret: 'secret' })
  const held = holdAnswers()
  session.forgetLink()
  const signedIn = session.signedIn()
  expect(session.here).toEqual({ is: 'starting' })
  expect(session.store).toBe(null)
  await vi.waitFor(() => expect(held).toHaveLength(1))
  held[0]!([200, meOf(ben)])
  await signedIn
  expect(session.here).toMatchObject({ is: 'inside', user: ben })
})

test('an answer to what was asked before the sign-in is not believed', async () => {
  const held = holdAnswers()
  const shown: unknown[] = []
  session.addEventListener('change', () => shown.push(session.here.is === 'inside' ? session.here.user.name : session.here.is))
  const asked = session.ask()
  const signedIn = session.signedIn()
  held[0]!([200, meOf(ana)])
  await vi.waitFor(() => expect(held).toHaveLength(2))
  held[1]!([200, meOf(ben)])
  await Promise.all([asked, signedIn])
  expect(new Set(shown)).toEqual(new Set(['starting', 'Ben']))
})

test('nor brings it anybody back who has signed out meanwhile', async () => {
  await session.ask()
  const held = holdAnswers()
  const asked = session.ask()
  expect(await session.signOut(async () => true)).toBe(true)
  await vi.waitFor(() => expect(held).toHaveLength(2))
  // The sign-out is told; what was asked before it is answered late.
  held[1]!([204])
  server = method => (method === 'DELETE' ? [204] : [401])
  held[0]!([200, meOf(ana)])
  await asked
  expect(session.here).toEqual({ is: 'outside' })
})

test('a text is connected again for the one who wrote in it, and for nobody else', async () => {
  for (const [user, times] of [[ana, 1], [ben, 0]] as const) {
    text = null
    server = () => [200, meOf(ana)]
    await session.ask()
    const { editor } = openText({ isAway: false })
    server = () => [401]
    await session.ask()
    server = () => [200, meOf(user)]
    await session.signedIn()
    expect(editor.connect).toHaveBeenCalledTimes(times)
  }
  expect(session.ended).toBe('other-account')
})

test('without a line right after the sign-in nobody is taken for whoever was here before', async () => {
  account.chooseDevice('own')
  account.remember(ana)
  account.chooseDevice('own')
  expect(account.rememberedUser()).toBe(null)
  server = null
  await session.signedIn()
  expect(session.here).toEqual({ is: 'nowhere' })
})
