// The first state of a document over HTTP, where it is compressed; over the socket it is not.

import { Alarm } from './clock.ts'
import type { Connection } from './connection.ts'

/** How long the answer, or the next part of it, may take. */
export const PROGRESS_WITHIN_MS = 8_000

/** A document's durable state as one Yjs v1 update, or `null` where it is not to be had this way. */
export async function fetchFirstState(connection: Connection, document: string): Promise<Uint8Array | null> {
  const { fetch, server, token, clock } = connection
  if (fetch === null) return null
  const aborter = new AbortController()
  const alarm = new Alarm(clock, () => aborter.abort())
  const progress = (): void => alarm.set(clock.now() + PROGRESS_WITHIN_MS)
  // Also what never settles by itself must not keep the socket waiting.
  const orAborted = <T>(promise: Promise<T>): Promise<T> =>
    Promise.race([
      promise,
      new Promise<never>((_, reject) => aborter.signal.addEventListener('abort', () => reject(aborter.signal.reason))),
    ])
  try {
    progress()
    const given = await orAborted(Promise.resolve(typeof token === 'string' ? token : token(document, 'state')))
    const response = await orAborted(fetch(`${server}/api/v1/documents/${encodeURIComponent(document)}/state`, {
      headers: given === '' ? {} : { authorization: `Bearer ${given}` },
      signal: aborter.signal,
    }))
    const isState = response.ok && response.headers.get('content-type') === 'application/octet-stream'
    if (!isState || response.body === null) return null
    const parts: Uint8Array[] = []
    const reader = response.body.getReader()
    for (;;) {
      progress()
      const { done, value } = await orAborted(reader.read())
      if (done) return joined(parts)
      parts.push(value)
    }
  } catch {
    return null
  } finally {
    alarm.set(null)
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
