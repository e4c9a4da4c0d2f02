// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Pace } from '../src/pace.ts'

let host: HTMLElement
let pace: Pace
let frames: (() => void)[]
const run = vi.fn()

beforeEach(() => {
  vi.useFakeTimers()
  frames = []
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame))
  run.mockClear()
  host = document.createElement('div')
  pace = new Pace(host)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const key = () => host.dispatchEvent(new Event('keydown'))
/** What is on the screen by then, and what comes right after it. */
const paint = () => {
  frames.splice(0).forEach(frame => frame())
  vi.advanceTimersByTime(1)
}

test('where nobody types it is calm at once, and then ten times a second', () => {
  pace.whenCalm(run)
  vi.advanceTimersByTime(1)
  expect(run).toHaveBeenCalledTimes(1)
  pace.whenCalm(run)
  vi.advanceTimersByTime(90)
  expect(run).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(20)
  expect(run).toHaveBeenCalledTimes(2)
})

test('between a key and the frame that shows it it is not; behind that frame it is', () => {
  key()
  pace.whenCalm(run)
  vi.advanceTimersByTime(160)
  key()
  vi.advanceTimersByTime(60)
  expect(run).not.toHaveBeenCalled()
  paint()
  expect(run).toHaveBeenCalledTimes(1)
})

test('behind every other key is enough while somebody types', () => {
  const moments: number[] = []
  for (let at = 0; at < 20; at++) {
    pace.whenCalm(() => moments.push(performance.now()))
    key()
    vi.advanceTimersByTime(20)
    expect(moments).not.toContain(performance.now())
    paint()
    vi.advanceTimersByTime(139)
  }
  expect(moments.length).toBeGreaterThanOrEqual(19)
  expect(new Set(moments).size).toBeLessThanOrEqual(11)
})

test('who stops typing waits no longer', () => {
  key()
  pace.whenCalm(run)
  vi.advanceTimersByTime(250)
  host.dispatchEvent(new Event('beforeinput'))
  vi.advanceTimersByTime(100)
  frames.length = 0
  expect(run).not.toHaveBeenCalled()
  vi.advanceTimersByTime(250)
  expect(run).toHaveBeenCalledTimes(1)
})
