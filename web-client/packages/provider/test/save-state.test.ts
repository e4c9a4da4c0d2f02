import { expect, test } from 'vitest'
import { saveState, type SaveFacts, type SaveState } from '../src/index.ts'

const quiet: SaveFacts = {
  isConnected: true,
  confirms: 'yes',
  hasUnacknowledged: false,
  hasUnsent: false,
  onDevice: 'kept',
  isRefused: false,
  isReplaced: false,
}

const values: { [K in keyof SaveFacts]: readonly SaveFacts[K][] } = {
  isConnected: [true, false],
  confirms: ['unknown', 'yes', 'no'],
  hasUnacknowledged: [true, false],
  hasUnsent: [true, false],
  onDevice: ['no', 'kept', 'writing', 'failed'],
  isRefused: [true, false],
  isReplaced: [true, false],
}

/** Every combination of facts. */
function* everything(): Generator<SaveFacts> {
  let all: Partial<SaveFacts>[] = [{}]
  for (const [fact, of] of Object.entries(values)) all = all.flatMap(some => of.map(value => ({ ...some, [fact]: value })))
  yield* all as SaveFacts[]
}

/** What differs from a quiet, connected document, and what is said then. */
const table: [SaveState, Partial<SaveFacts>][] = [
  ['saved', {}],
  ['saved', { isConnected: false }],
  ['saved', { onDevice: 'no' }],
  // The server has it, whatever this device does.
  ['saved', { onDevice: 'failed' }],
  ['saving', { hasUnacknowledged: true }],
  ['saving', { hasUnacknowledged: true, hasUnsent: true, onDevice: 'no' }],
  ['on-this-device', { hasUnacknowledged: true, isConnected: false }],
  ['saving', { hasUnacknowledged: true, isConnected: false, onDevice: 'writing' }],
  ['not-kept', { hasUnacknowledged: true, isConnected: false, onDevice: 'no' }],
  ['not-kept', { hasUnacknowledged: true, isConnected: false, onDevice: 'failed' }],
  ['not-kept', { hasUnacknowledged: true, onDevice: 'failed' }],
  ['saving', { confirms: 'unknown' }],
  ['saving', { confirms: 'unknown', isConnected: false }],
  ['saving', { confirms: 'unknown', hasUnacknowledged: true }],
  ['on-this-device', { confirms: 'unknown', hasUnacknowledged: true, isConnected: false }],
  ['unconfirmed', { confirms: 'no' }],
  ['unconfirmed', { confirms: 'no', hasUnacknowledged: true }],
  ['saving', { confirms: 'no', hasUnacknowledged: true, hasUnsent: true }],
  ['on-this-device', { confirms: 'no', hasUnacknowledged: true, isConnected: false }],
  ['refused', { isRefused: true, hasUnacknowledged: true }],
  ['refused', { isRefused: true, isConnected: false, onDevice: 'failed', hasUnacknowledged: true }],
  ['replaced', { isReplaced: true }],
  ['replaced', { isReplaced: true, isRefused: true, isConnected: false, hasUnacknowledged: true }],
]

test('each state is what its facts add up to', () => {
  for (const [state, facts] of table) expect(saveState({ ...quiet, ...facts }), JSON.stringify(facts)).toBe(state)
  expect(new Set(table.map(([state]) => state)).size).toBe(7)
})

test('saved is said only when a server that confirms has confirmed all there is', () => {
  for (const facts of everything()) {
    if (saveState(facts) !== 'saved') continue
    expect(facts).toMatchObject({ confirms: 'yes', hasUnacknowledged: false, isRefused: false, isReplaced: false })
  }
})

test('whenever closing the page would lose words, it is not called saved or kept', () => {
  for (const facts of everything()) {
    if (!facts.hasUnacknowledged || facts.onDevice === 'kept') continue
    expect(['saved', 'on-this-device']).not.toContain(saveState(facts))
  }
})
