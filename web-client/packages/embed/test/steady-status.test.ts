import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { SaveState } from '@plenary/provider'
import { en } from '../src/messages/en.ts'
import { SAVED_CALM_MS, type Situation, SteadyStatus, WRITE_CALM_MS } from '../src/steady-status.ts'

const { saveStates } = en

let shown: string[]
let steady: SteadyStatus

beforeEach(() => {
  vi.useFakeTimers()
  shown = []
  steady = new SteadyStatus(({ words }) => shown.push(words))
})
afterEach(() => vi.useRealTimers())

const situation = (state: SaveState, more: Partial<Situation> = {}): Situation => ({
  status: { words: saveStates[state], tone: 'busy' },
  state,
  pending: state !== 'saved',
  isAway: false,
  ...more,
})
const say = (state: SaveState, more?: Partial<Situation>) => steady.say(situation(state, more))

test('without a line, what is kept is called kept from key to key', () => {
  say('on-this-device')
  for (let key = 0; key < 50; key++) {
    say('saving')
    vi.advanceTimersByTime(5)
    say('on-this-device')
    vi.advanceTimersByTime(100)
  }
  expect(shown).toEqual([saveStates['on-this-device']])
})

test('a device that takes long is told of, and keys meanwhile do not put that off', () => {
  say('on-this-device')
  say('saving')
  vi.advanceTimersByTime(WRITE_CALM_MS - 1)
  say('saving')
  expect(shown).toEqual([saveStates['on-this-device']])
  vi.advanceTimersByTime(1)
  expect(shown).toEqual([saveStates['on-this-device'], saveStates.saving])
})

test('saved comes when the person pauses', () => {
  say('saved')
  for (let key = 0; key < 50; key++) {
    say('saving')
    vi.advanceTimersByTime(20)
    say('saved')
    vi.advanceTimersByTime(130)
  }
  expect(shown).toEqual([saveStates.saved, saveStates.saving])
  vi.advanceTimersByTime(SAVED_CALM_MS)
  expect(shown).toEqual([saveStates.saved, saveStates.saving, saveStates.saved])
})

test('nothing is called saved any longer than it is', () => {
  for (const state of Object.keys(saveStates) as SaveState[]) {
    steady.clear()
    say('saved')
    say(state)
    expect(shown.at(-1), state).toBe(saveStates[state])
  }
})

test('what worries is shown at once, whatever was shown and whatever waits', () => {
  for (const worry of ['not-kept', 'refused', 'replaced'] as const) {
    for (const before of Object.keys(saveStates) as SaveState[]) {
      for (const between of ['saving', 'saved', 'on-this-device'] as const) {
        steady.clear()
        say(before)
        say(between)
        say(worry)
        expect(shown.at(-1), `${worry} after ${before} and ${between}`).toBe(saveStates[worry])
        const count = shown.length
        vi.advanceTimersByTime(10_000)
        expect(shown).toHaveLength(count)
      }
    }
  }
})

test('the first key without a line does not pass by way of saving', () => {
  const away: Partial<Situation> = { isAway: true, status: { words: en.noLine, tone: 'warn' } }
  say('saved', away)
  say('saving', { isAway: true })
  vi.advanceTimersByTime(5)
  say('on-this-device', { isAway: true })
  expect(shown).toEqual([en.noLine, saveStates['on-this-device']])
})

test('a text that is opened is shown as saved without a wait', () => {
  say('saving', { pending: false, status: { words: en.opening, tone: 'busy' } })
  say('saved')
  expect(shown).toEqual([en.opening, saveStates.saved])
})

test('other words for the same, as in another language, come at once', () => {
  say('saved')
  say('saved', { status: { words: 'محفوظ', tone: 'good' } })
  expect(shown).toEqual([saveStates.saved, 'محفوظ'])
})
