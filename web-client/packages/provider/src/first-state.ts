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
  const { signal } = aborter
  const alarm = new Alarm(clock, () => aborter.abort())
  const progress = (): void => alarm.set(clock.now() + PROGRESS_WITHIN_MS)
  const read = async (): Promise<Uint8Array | null> => {
    const given = typeof token === 'string' ? token : await token(document, 'state')
    if (typeof given !== 'string') return null
    const headers: Record<string, string> = given === '' ? {} : { authorization: `Bearer ${given}` }
    const url = `${server}/api/v1/documents/${encodeURIComponent(document)}/state`
    const { ok, headers: answered, body } = await fetch(url, { headers, signal })
    if (!ok || answered.get('content-type') !== 'application/octet-stream' || body === null) return null
    const parts: Uint8Array<ArrayBuffer>[] = []
    const reader = body.getReader()
    for (;;) {
      progress()
      const { done, value } = await reader.read()
      if (done) return new Uint8Array(await new Blob(parts).arrayBuffer())
      parts.push(value)
    }
  }
  try {
    progress()
    // Also what never settles by itself must not keep the socket waiting.
    return await Promise.race([read(), new Promise<null>(resolve => { signal.onabort = () => resolve(null) })])
  } catch {
    return null
  } finally {
    alarm.set(null)
  }
}
