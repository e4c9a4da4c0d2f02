// The life of a line to the server, as a state machine without a socket, a clock or chance: what to do when is
// decided here, doing it is left to `connection.ts`.

import { pauseAfter } from './close-codes.ts'

/** How long a socket may take to open. */
export const OPEN_WITHIN_MS = 20_000
/** A socket that opens for longer than this when the network comes back was sent into the dark. */
export const OPENING_AGAIN_MS = 3_000
/** The server sends something every 25 s; after this silence the line is dead. */
export const SILENCE_MAX_MS = 35_000
/** How long an answer to our own probe may take. */
export const PROBE_MAX_MS = 5_000
/** The first wait after a line was lost; it doubles with each that fails. */
export const BACK_OFF_MIN_MS = 500
/** No wait is longer, but where the server asked for it. */
export const BACK_OFF_MAX_MS = 30_000

/** How things stand with a line. `failures`: lines in a row that came to nothing. Times are ms since 1970. */
export type ConnectionState =
  /** Nobody wants one. */
  | { is: 'idle' }
  /** The last was lost; the next is tried at `until`. */
  | { is: 'waiting', failures: number, until: number }
  | { is: 'opening', failures: number, since: number }
  /** `wasOfUse`: a document was let in over it. `probedAt`: since when an answer to a probe is awaited. */
  | { is: 'open', failures: number, heardAt: number, probedAt: number | null, wasOfUse: boolean }

/** What happens to a line. */
export type ConnectionEvent =
  /** A document wants it, or the last one no longer does. */
  | { is: 'wanted' }
  | { is: 'unwanted' }
  | { is: 'opened' }
  /** A message came. */
  | { is: 'heard' }
  /** A document was let in. */
  | { is: 'of-use' }
  /** The socket closed, with this code. */
  | { is: 'lost', code: number }
  /** The network or the page is back, or somebody asked: a wait is over, and a line is asked whether it lives. */
  | { is: 'nudged', canProbe: boolean }
  /** The time of {@link dueAt} has come. */
  | { is: 'due' }

/** What is to be done to the socket; `open` gives up one that there is. */
export type ConnectionAction = 'open' | 'close' | 'probe'

/** When the state changes by itself; `null` when it does not. */
export function dueAt(state: ConnectionState): number | null {
  switch (state.is) {
    case 'idle': return null
    case 'waiting': return state.until
    case 'opening': return state.since + OPEN_WITHIN_MS
    case 'open': {
      const silent = state.heardAt + SILENCE_MAX_MS
      return state.probedAt === null ? silent : Math.min(silent, state.probedAt + PROBE_MAX_MS)
    }
  }
}

/** The state after an event, and what is to be done. `random`: from 0 to below 1. */
export function transition(
  state: ConnectionState,
  event: ConnectionEvent,
  now: number,
  random: number,
): { state: ConnectionState, action?: ConnectionAction } {
  const opening = (failures: number) =>
    ({ state: { is: 'opening', failures, since: now }, action: 'open' } as const)

  switch (event.is) {
    case 'wanted':
      return state.is === 'idle' ? opening(0) : { state }
    case 'unwanted':
      return isLine(state) ? { state: { is: 'idle' }, action: 'close' } : { state: { is: 'idle' } }
    case 'opened':
      if (state.is !== 'opening') return { state }
      return {
        state: { is: 'open', failures: state.failures, heardAt: now, probedAt: null, wasOfUse: false },
      }
    case 'heard':
      return state.is === 'open' ? { state: { ...state, heardAt: now, probedAt: null } } : { state }
    case 'of-use':
      return state.is === 'open' ? { state: { ...state, wasOfUse: true } } : { state }
    case 'lost':
      return isLine(state) ? { state: waiting(state, event.code, now, random) } : { state }
    case 'nudged':
      if (state.is === 'waiting') return opening(state.failures)
      if (state.is === 'opening' && now - state.since >= OPENING_AGAIN_MS) return opening(state.failures)
      if (state.is !== 'open' || !event.canProbe || state.probedAt !== null) return { state }
      return { state: { ...state, probedAt: now }, action: 'probe' }
    case 'due': {
      const due = dueAt(state)
      if (due === null || due > now) return { state }
      if (state.is === 'waiting') return opening(state.failures)
      return isLine(state) ? { state: waiting(state, 0, now, random), action: 'close' } : { state }
    }
  }
}

type Line = Extract<ConnectionState, { is: 'opening' | 'open' }>

function isLine(state: ConnectionState): state is Line {
  return state.is === 'opening' || state.is === 'open'
}

/** Everybody loses a restarting server together; half the wait is chance, so that they do not return together. */
function waiting(line: Line, code: number, now: number, random: number): ConnectionState {
  const failures = line.is === 'open' && line.wasOfUse ? 0 : line.failures + 1
  const backOff = Math.min(BACK_OFF_MAX_MS, BACK_OFF_MIN_MS * 2 ** failures)
  const longest = Math.max(backOff, pauseAfter(code))
  return { is: 'waiting', failures, until: now + longest * (0.5 + random / 2) }
}
