// Why a document, or the line it came over, ended; and what to do about it. docs/protocol.md, "What ends a connection".

/** The number a WebSocket is closed with, by its reason in words. */
export const CLOSE_CODES = {
  'internal-error': 1011,
  'restart': 1012,
  'store-down': 1013,
  'malformed-frame': 4400,
  'bad-token': 4401,
  'removed': 4403,
  'not-found': 4404,
  'replaced': 4410,
  'too-large': 4413,
  'refused': 4422,
  'expired': 4501,
  'busy': 4503,
  'timed-out': 4508,
  'too-fast': 4529,
} as const

/** Why the server ends a document or a line. Other texts come from other servers. */
export type CloseReason = keyof typeof CLOSE_CODES

/** The reason a close code stands for; `null` for codes of others. */
export function reasonOf(code: number): CloseReason | null {
  const known = Object.entries(CLOSE_CODES).find(([, number]) => number === code)
  return known === undefined ? null : (known[0] as CloseReason)
}

/** What helps after a document was ended. */
export type Remedy =
  /** Nothing that a program can do. */
  | 'none'
  /** The document goes on under another name. */
  | 'elsewhere'
  /** Another credential. */
  | 'fresh-token'
  /** Time. */
  | 'later'

/** What helps after the server denied or ended a document for a reason. */
export function remedyFor(reason: string): Remedy {
  switch (reason) {
    case 'bad-token':
    case 'expired':
      return 'fresh-token'
    case 'replaced':
      return 'elsewhere'
    case 'not-found':
    case 'removed':
    case 'too-large':
    case 'refused':
    // What Hocuspocus servers say when their application threw.
    case 'permission-denied':
      return 'none'
    default:
      return 'later'
  }
}

/** How long at least the back-off is, ms, after a close with that code; half of it is left to chance. */
export function pauseAfter(code: number): number {
  switch (code) {
    // Everybody comes back at once to a server that has only just begun.
    case CLOSE_CODES['restart']: return 2_000
    case CLOSE_CODES['store-down']:
    case CLOSE_CODES['busy']: return 5_000
    case CLOSE_CODES['too-fast']: return 10_000
    // We were not understood, and what we would send next time is the same.
    case CLOSE_CODES['malformed-frame']: return 30_000
    default: return 0
  }
}
