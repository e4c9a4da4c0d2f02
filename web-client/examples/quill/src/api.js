// The few routes of Plenary's HTTP interface that this page needs.

/** The server's answer was not a success. `status` 0: there was no answer. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

async function call(method, path, body) {
  let response
  try {
    response = await fetch(path, {
      method,
      headers: body && { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
    })
  } catch {
    throw new ApiError(0, 'The server cannot be reached.')
  }
  const text = await response.text()
  let answer
  try {
    answer = text ? JSON.parse(text) : undefined
  } catch {
    answer = undefined
  }
  if (!response.ok) throw new ApiError(response.status, answer?.detail ?? answer?.title ?? `Error ${response.status}`)
  return answer
}

/**
 * Who is signed in and what they may open:
 * `{ user: { id, name, email }, statements: [{ id, title, kind, stage, group: { id, name, role },
 * documents: { body, comments }, access: 'read' | 'write' }] }`. Fails with status 401 when nobody is.
 */
export const me = () => call('GET', '/api/v1/me')

/** The whole document as the server has it on disk: a Yjs v1 update. */
export async function documentState(document) {
  const response = await fetch(`/api/v1/documents/${encodeURIComponent(document)}/state`, { cache: 'no-store' })
  if (!response.ok) throw new ApiError(response.status, `Error ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** Signs in; the session comes as a cookie. */
export const signIn = (email, password) => call('POST', '/api/v1/session', { email, password })

/** Signs in with the secret of a sign-in link. */
export const signInByLink = secret => call('POST', '/api/v1/session/link', { secret })

/** Ends the session. */
export const signOut = () => call('DELETE', '/api/v1/session')
