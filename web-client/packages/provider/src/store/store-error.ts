/**
 * Why nothing could be read or kept on this device.
 *
 * - `no-storage`: this browser gives none here (private window of some browsers, storage forbidden, sandboxed page)
 * - `quota`: the disk or this site's share of it is full
 * - `blocked`: the database did not open in time, because another tab does not let go of it
 * - `newer`: a later version of this program has written here; reload the page
 * - `unreadable`: a row is damaged or of a form this version does not know; nothing was deleted
 * - `closed`: this store was closed, or its account signed out, here or in another tab
 * - `aborted`: the browser gave up the write for a reason of its own, twice in a row
 */
export type StoreErrorCode = 'no-storage' | 'quota' | 'blocked' | 'newer' | 'unreadable' | 'closed' | 'aborted'

/** What every method of a store rejects with; `cause` is the browser's own error, where there was one. */
export class StoreError extends Error {
  readonly code: StoreErrorCode

  constructor(code: StoreErrorCode, cause?: unknown) {
    super(`the store on this device: ${code}`, { cause })
    this.name = 'StoreError'
    this.code = code
  }
}

/** What a browser's error means here; `otherwise`: what one means that has no meaning of its own. */
export function storeErrorFrom(cause: unknown, otherwise: StoreErrorCode = 'aborted'): StoreError {
  if (cause instanceof StoreError) return cause
  const { name } = (cause ?? {}) as { name?: unknown }
  return new StoreError(name === 'QuotaExceededError' ? 'quota' : name === 'VersionError' ? 'newer' : otherwise, cause)
}
