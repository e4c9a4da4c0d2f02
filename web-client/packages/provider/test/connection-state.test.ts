import { describe, expect, test } from 'vitest'
import {
  BACK_OFF_MAX_MS, OPEN_WITHIN_MS, PROBE_MAX_MS, SILENCE_MAX_MS, dueAt, transition,
  type ConnectionAction, type ConnectionEvent, type ConnectionState,
} from '../src/connection-state.ts'

const NOW = 1_000_000
const idle: ConnectionState = { is: 'idle' }
const waiting: ConnectionState = { is: 'waiting', failures: 3, until: NOW + 4_000 }
const opening: ConnectionState = { is: 'opening', failures: 3, since: NOW - 100 }
const open: ConnectionState = { is: 'open', failures: 3, heardAt: NOW - 100, probedAt: null, wasOfUse: false }
const probed: ConnectionState = { ...open, probedAt: NOW - 50 }
const ofUse: ConnectionState = { ...open, wasOfUse: true }

const nudged: ConnectionEvent = { is: 'nudged', canProbe: true }
const lost: ConnectionEvent = { is: 'lost', code: 1006 }
const due: ConnectionEvent = { is: 'due' }

/** From, what happens, to, and what is done. With random 1 a wait is as long as it gets. */
const table: [ConnectionState, ConnectionEvent, ConnectionState, ConnectionAction?][] = [
  [idle, { is: 'wanted' }, { is: 'opening', failures: 0, since: NOW }, 'open'],
  [idle, { is: 'unwanted' }, idle],
  [idle, lost, idle],
  [idle, nudged, idle],
  [idle, due, idle],
  [waiting, { is: 'wanted' }, waiting],
  [waiting, { is: 'unwanted' }, idle],
  [waiting, { is: 'opened' }, waiting],
  [waiting, { is: 'heard' }, waiting],
  [waiting, lost, waiting],
  [waiting, nudged, { is: 'opening', failures: 3, since: NOW }, 'open'],
  [waiting, due, waiting],
  [{ ...waiting, until: NOW }, due, { is: 'opening', failures: 3, since: NOW }, 'open'],
  [opening, { is: 'unwanted' }, idle, 'close'],
  [opening, { is: 'opened' }, { is: 'open', failures: 3, heardAt: NOW, probedAt: null, wasOfUse: false }],
  [opening, { is: 'heard' }, opening],
  [opening, { is: 'of-use' }, opening],
  [opening, lost, { is: 'waiting', failures: 4, until: NOW + 8_000 }],
  [opening, nudged, opening],
  [{ ...opening, since: NOW - 3_000 }, nudged, { is: 'opening', failures: 3, since: NOW }, 'open'],
  [opening, due, opening],
  [{ ...opening, since: NOW - OPEN_WITHIN_MS }, due, { is: 'waiting', failures: 4, until: NOW + 8_000 }, 'close'],
  [open, { is: 'unwanted' }, idle, 'close'],
  [open, { is: 'opened' }, open],
  [probed, { is: 'heard' }, { ...open, heardAt: NOW }],
  [open, { is: 'of-use' }, ofUse],
  [open, lost, { is: 'waiting', failures: 4, until: NOW + 8_000 }],
  [ofUse, lost, { is: 'waiting', failures: 0, until: NOW + 500 }],
  [ofUse, { is: 'lost', code: 1012 }, { is: 'waiting', failures: 0, until: NOW + 2_000 }],
  [ofUse, { is: 'lost', code: 1013 }, { is: 'waiting', failures: 0, until: NOW + 5_000 }],
  [ofUse, { is: 'lost', code: 4529 }, { is: 'waiting', failures: 0, until: NOW + 10_000 }],
  [open, nudged, { ...open, probedAt: NOW }, 'probe'],
  [open, { is: 'nudged', canProbe: false }, open],
  [probed, nudged, probed],
  [open, due, open],
  [{ ...ofUse, heardAt: NOW - SILENCE_MAX_MS }, due, { is: 'waiting', failures: 0, until: NOW + 500 }, 'close'],
  [{ ...ofUse, probedAt: NOW - PROBE_MAX_MS }, due, { is: 'waiting', failures: 0, until: NOW + 500 }, 'close'],
]

test('each event leads from each state where it should', () => {
  for (const [from, event, to, action] of table) {
    const result = transition(from, event, NOW, 1)
    expect(result, `${JSON.stringify(from)} ${JSON.stringify(event)}`).toEqual(action ? { state: to, action } : { state: to })
  }
})

describe('waiting', () => {
  const failing = (random: number): number[] => {
    let state: ConnectionState = opening
    state.failures = 0
    return Array.from({ length: 10 }, () => {
      state = transition({ ...state, is: 'opening', since: NOW } as ConnectionState, lost, NOW, random).state
      return state.is === 'waiting' ? state.until - NOW : NaN
    })
  }

  test('doubles to 30 s', () => {
    expect(failing(1)).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, ...Array(5).fill(BACK_OFF_MAX_MS)])
  })

  test('is half chance, so that not everybody returns together', () => {
    expect(failing(0)).toEqual(failing(1).map(longest => longest / 2))
  })
})

test('a line is due when it was silent for 35 s, sooner when it owes an answer', () => {
  expect(dueAt(open)).toBe(NOW - 100 + SILENCE_MAX_MS)
  expect(dueAt(probed)).toBe(NOW - 50 + PROBE_MAX_MS)
  expect([dueAt(idle), dueAt(waiting), dueAt(opening)]).toEqual([null, NOW + 4_000, NOW - 100 + OPEN_WITHIN_MS])
})
