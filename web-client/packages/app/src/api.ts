// The routes of Plenary's HTTP interface that the pages need; those of accounts and of links that were followed are in `api/`.
// `crates/plenary-server/src/routes/openapi.json` has them all.

export interface User {
  id: string
  name: string
  email: string | null
  administrator: boolean
  /** Came by a link for guests: one statement is all they may open, and there is no account. */
  guest?: boolean
  organisation?: { id: string; names: Record<string, string> } | null
}

export type Role = 'coordinator' | 'drafter' | 'commenter' | 'observer'
export type Stage = 'draft' | 'frozen' | 'sign-on' | 'closed' | 'submitted' | 'follow-up'
export type Kind = 'joint-submission' | 'oral-statement' | 'brief' | 'strategy' | 'follow-up-plan' | 'note'

export interface Group {
  id: string
  name: string
  role: Role
}

export interface Statement {
  id: string
  title: string
  kind: Kind
  stage: Stage
  group: Group
  documents: { body: string; comments: string }
  access: 'read' | 'write'
}

/** Who is signed in, and what they may open. */
export interface Me {
  user: User
  groups: Group[]
  statements: Statement[]
}

/** Who else uses the computer. */
export type Device = 'own' | 'shared'

/** The server did not answer with success. `status` 0: there was no answer. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  /** For how many seconds to wait before the same is tried again; `null` where the server does not say. */
  readonly retryAfterS: number | null
  /** What happened and what to do, in the server's words, which are English; empty where there are none. */
  readonly detail: string

  constructor(status: number, code: string, retryAfterS: number | null = null, detail = '') {
    super(`${status} ${code}`)
    this.name = 'ApiError'
    this.status = status
    this.code = code
    this.retryAfterS = retryAfterS
    this.detail = detail
  }

  /** There is no line, or the server is not (quite) there: what is on this device can be used meanwhile. */
  get isAway(): boolean {
    return this.status === 0 || this.status >= 500
  }
}

// Longer than any answer takes on a poor line, shorter than anyone waits for a page.
const ANSWER_WITHIN_MS = 15_000

/** Sends a request and resolves to its answer, `undefined` where there is none. Rejects with an `ApiError`. */
export async function call<T>(method: string, path: string, body?: object): Promise<T> {
  let response: Response
  let text: string
  try {
    response = await fetch(path, {
      method,
      headers: body ? { 'content-type': 'application/json' } : {},
      body: body ? JSON.stringify(body) : null,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
    text = await response.text()
  } catch {
    throw new ApiError(0, 'unreachable')
  }
  let answer: unknown
  try {
    answer = text === '' ? undefined : JSON.parse(text)
  } catch {
    // A proxy in between says something of its own.
  }
  if (!response.ok) {
    const { code = 'unknown', detail = '' } = (answer ?? {}) as { code?: string; detail?: string }
    throw new ApiError(response.status, code, Number.parseInt(response.headers.get('retry-after') ?? '', 10) || null, detail)
  }
  return answer as T
}

/** Who is signed in; status 401 when nobody is, 403 `second-factor-required` when they have to set one up first. */
export const me = (): Promise<Me> => call('GET', '/api/v1/me')

/** Ends the session. */
export const signOut = (): Promise<void> => call('DELETE', '/api/v1/session')

/** Starts a statement in a group. */
export const createStatement = (group: string, title: string, kind: Kind): Promise<{ id: string }> =>
  call('POST', `/api/v1/groups/${encodeURIComponent(group)}/statements`, { title, kind })

/** A credential for one socket to one document: good once, for half a minute. */
export const drawTicket = async (document: string): Promise<string> =>
  (await call<{ ticket: string }>('POST', '/api/v1/tickets', { document })).ticket
