// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Me, Statement, User } from '../src/api.ts'
import { type OpenText, Session } from '../src/session.ts'

const ana: User = { id: 'u1', name: 'Ana', email: 'ana@ngo.example', administrator: false }
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
let server: ((method: string, path: string) => [status: number, body?: object]) | null
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
    const [status, body] = server(method, path)
    return new Response(status === 204 ? null : JSON.stringify(body ?? {}), { status })
  })
  session = new Session(() => text)
})
afterEach(() => vi.unstubAllGlobals())

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
