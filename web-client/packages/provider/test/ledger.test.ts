import { beforeEach, describe, expect, test } from 'vitest'
import { Ledger } from '../src/ledger.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

let ledger: Ledger
beforeEach(() => {
  ledger = new Ledger()
  ledger.begin()
})

/** Makes a change, sends it and a mark behind it; returns the mark. */
function write(text: string): number {
  ledger.change()
  ledger.send('update', bytes(text))
  return ledger.mark()
}

describe('what is acknowledged', () => {
  test('is nothing until the answer to the last mark', () => {
    const first = write('one')
    const second = write('two')
    ledger.durable(first)
    expect(ledger.hasUnacknowledged).toBe(true)
    expect(ledger.durable(second)).toBe(true)
    expect(ledger.hasUnacknowledged).toBe(false)
  })

  test('two marks may be answered by the second alone', () => {
    write('one')
    ledger.durable(write('two'))
    expect(ledger.hasUnacknowledged).toBe(false)
  })

  test('a change made after the mark is not covered by it', () => {
    const mark = write('one')
    ledger.change()
    ledger.durable(mark)
    expect(ledger.hasUnacknowledged).toBe(true)
  })

  test('the answer to a mark of an earlier line, or of nobody, says nothing', () => {
    const mark = write('one')
    ledger.begin()
    expect(ledger.durable(mark)).toBe(false)
    expect(ledger.durable(99)).toBe(false)
    expect(ledger.hasUnacknowledged).toBe(true)
  })

  test('after a return everything pending is in the step 2 and its mark covers it', () => {
    write('one')
    ledger.change()
    ledger.begin()
    ledger.send('step-2', bytes('all'))
    ledger.durable(ledger.mark())
    expect(ledger.hasUnacknowledged).toBe(false)
  })
})

describe('what is refused', () => {
  test('is named by its place on this line', () => {
    write('on the line before')
    ledger.begin()
    ledger.send('step-2', bytes('all'))
    write('one')
    expect(ledger.refuse(2)).toEqual({ kind: 'update', update: bytes('one') })
    expect(ledger.refuse(2)).toBe(null)
    expect(ledger.refuse(9)).toBe(null)
    expect(ledger.isRefused).toBe(true)
  })

  test('is not acknowledged by a mark behind it, nor is what came after', () => {
    write('bad')
    ledger.refuse(1)
    expect(ledger.durable(write('good'))).toBe(false)
    expect([ledger.isRefused, ledger.hasUnacknowledged]).toEqual([true, true])
  })

  test('is settled by a later step 2 that is taken, which holds the same', () => {
    write('bad')
    ledger.refuse(1)
    ledger.send('step-2', bytes('all'))
    expect(ledger.durable(ledger.mark())).toBe(true)
    expect([ledger.isRefused, ledger.hasUnacknowledged]).toEqual([false, false])
  })

  test('stays so when the step 2 is refused as well', () => {
    write('bad')
    ledger.refuse(1)
    ledger.begin()
    ledger.send('step-2', bytes('all'))
    const mark = ledger.mark()
    ledger.refuse(1)
    expect(ledger.durable(mark)).toBe(false)
    expect([ledger.isRefused, ledger.hasUnacknowledged]).toEqual([true, true])
  })

  test('a frame too large to be sent counts as refused and not as a frame', () => {
    ledger.change()
    ledger.withhold()
    expect(ledger.durable(ledger.mark())).toBe(false)
    write('one')
    expect(ledger.refuse(1)).toEqual({ kind: 'update', update: bytes('one') })
  })
})
