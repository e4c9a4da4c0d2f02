import { describe, expect, test } from 'vitest'
import type { Connection, LineListener } from '../src/connection.ts'
import type { Message } from '../src/messages.ts'
import { Stage, settle } from './support/fakes.ts'

/** Writes down what it is told. */
class Told implements LineListener {
  readonly log: string[] = []
  lineOpening(): void { this.log.push('opening') }
  lineOpened(): void { this.log.push('opened') }
  lineLost(event: CloseEvent | null): void { this.log.push(`lost ${event?.code ?? 'by us'}`) }
  lineFailed(): void { this.log.push('failed') }
  received(message: Message): void { this.log.push(message.type) }
  nudged(): void { this.log.push('nudged') }
}

function attached(stage = new Stage()): { stage: Stage, connection: Connection, told: Told } {
  const connection = stage.connection()
  const told = new Told()
  connection.attach('doc', told)
  return { stage, connection, told }
}

test('a line opens for the first document and closes after the last', () => {
  const { stage, connection, told } = attached()
  expect(stage.socket.url).toBe('wss://plenary.example.org/sync')
  stage.socket.open()
  const other = new Told()
  connection.attach('other', other)
  expect(other.log).toEqual(['opening', 'opened'])
  connection.detach('doc', told)
  expect(stage.socket.isClosed).toBe(false)
  connection.detach('other', other)
  expect(stage.socket.isClosed).toBe(true)
  expect(stage.sockets).toHaveLength(1)
})

test('a message reaches the document it is about, and no other', () => {
  const { stage, connection, told } = attached()
  const other = new Told()
  connection.attach('other', other)
  stage.socket.open()
  stage.socket.say('other', { type: 'notice', text: 'hello' })
  stage.socket.say('nobody', { type: 'notice', text: 'hello' })
  expect([told.log.includes('notice'), other.log.includes('notice')]).toEqual([false, true])
})

describe('a line that is lost', () => {
  test('is tried again, later each time', async () => {
    const { stage, connection } = attached()
    for (const wait of [1_000, 2_000, 4_000]) {
      stage.socket.lose()
      expect(connection.retryAt).toBe(stage.clock.now() + wait)
      const { length } = stage.sockets
      await stage.clock.pass(wait - 1)
      expect(stage.sockets).toHaveLength(length)
      await stage.clock.pass(1)
      expect(stage.sockets).toHaveLength(length + 1)
    }
  })

  test('is tried at once when the network is back, when the page is seen again, or when asked', () => {
    for (const nudge of [
      (stage: Stage) => stage.page.tell('online'),
      (stage: Stage) => stage.page.tell('visible'),
      (_: Stage, connection: Connection) => connection.nudge(),
    ]) {
      const { stage, connection } = attached()
      stage.socket.lose()
      nudge(stage, connection)
      expect(stage.sockets).toHaveLength(2)
    }
  })

  test('that was sent into the dark is sent again when the network is back', async () => {
    const { stage } = attached()
    await stage.clock.pass(10_000)
    stage.page.tell('online')
    expect([stage.sockets.length, stage.sockets[0]!.isClosed]).toEqual([2, true])
    stage.socket.open()
    await stage.clock.pass(10_000)
    expect(stage.socket.isClosed).toBe(false)
  })

  test('is not tried when nobody wants it any more', async () => {
    const { stage, connection, told } = attached()
    stage.socket.lose()
    connection.detach('doc', told)
    await stage.clock.pass(60_000)
    stage.page.tell('online')
    expect(stage.sockets).toHaveLength(1)
  })

  test('tells its documents with what code, and speaks no more', () => {
    const { stage, told } = attached()
    stage.socket.open()
    const first = stage.socket
    first.lose(1012)
    first.say('doc', { type: 'notice', text: 'late' })
    expect(told.log).toEqual(['opening', 'opened', 'lost 1012'])
  })
})

describe('a dead line', () => {
  test('is noticed after 35 s of silence; the filler keeps it', async () => {
    const { stage, told } = attached()
    stage.socket.open()
    for (let i = 0; i < 4; i++) {
      await stage.clock.pass(25_000)
      stage.socket.sayBytes(Uint8Array.of(0, 1, 1, 0))
    }
    expect(told.log).toEqual(['opening', 'opened'])
    await stage.clock.pass(34_999)
    expect(stage.socket.isClosed).toBe(false)
    await stage.clock.pass(1)
    expect(stage.sockets[0]!.isClosed).toBe(true)
    expect(told.log).toContain('lost by us')
  })

  test('is noticed at once after the device has slept', () => {
    const { stage } = attached()
    stage.socket.open()
    stage.clock.sleep(3_600_000)
    stage.page.tell('visible')
    expect(stage.sockets[0]!.isClosed).toBe(true)
    expect(stage.sockets).toHaveLength(2)
  })

  test('is asked for a sign of life when the network changes, and given up after 5 s', async () => {
    for (const answers of [true, false]) {
      const { stage, connection } = attached()
      stage.socket.open()
      connection.answersPings = true
      stage.page.tell('offline')
      expect(stage.socket.take()).toEqual([{ type: 'ping' }])
      if (answers) stage.socket.sayBytes(Uint8Array.of(10))
      await stage.clock.pass(5_000)
      expect(stage.sockets[0]!.isClosed).toBe(!answers)
    }
  })

  test('is not asked by a ping unless this server has shown that it answers', async () => {
    const { stage, connection } = attached()
    stage.socket.open()
    connection.answersPings = true
    stage.socket.lose()
    await stage.clock.pass(1_000)
    stage.socket.open()
    stage.page.tell('visible')
    await stage.clock.pass(5_000)
    expect([stage.socket.take(), stage.socket.isClosed]).toEqual([[], false])
  })

  test('that never opens is given up after 20 s', async () => {
    const { stage, told } = attached()
    await stage.clock.pass(20_000)
    expect(stage.socket.isClosed).toBe(true)
    expect(told.log).toEqual(['opening', 'lost by us'])
  })
})

test('a ping is answered', () => {
  const { stage } = attached()
  stage.socket.open()
  stage.socket.sayBytes(Uint8Array.of(9))
  expect(stage.socket.take()).toEqual([{ type: 'pong' }])
})

test('what cannot be read ends the line, and the next is not hurried', async () => {
  const { stage, connection } = attached()
  stage.socket.open()
  connection.wasOfUse()
  stage.socket.sayBytes(Uint8Array.of(3, 100))
  expect(stage.socket.isClosed).toBe(true)
  expect(connection.retryAt).toBe(stage.clock.now() + 30_000)
})

test('a page that may not open sockets tries on, as if there were no network', async () => {
  const stage = new Stage()
  stage.isForbidden = true
  const { told } = attached(stage)
  stage.isForbidden = false
  await stage.clock.pass(1_000)
  expect(stage.sockets).toHaveLength(1)
  expect(told.log).toEqual(['opening', 'lost by us', 'opening'])
})

test('after its end nothing of the page reaches it', async () => {
  const { stage, connection, told } = attached()
  connection.destroy()
  await settle()
  expect(told.log).toEqual(['opening', 'lost by us'])
  expect(stage.page.listeners).toBe(0)
  expect(stage.socket.isClosed).toBe(true)
})
