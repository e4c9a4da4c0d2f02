// What was changed about people, rights and stages.

import { call } from '../api.ts'

/** One entry. `from`, `to`: a role or a stage; `about`: ids by what they are of. */
export interface AuditEntry {
  seq: number
  /** Milliseconds since 1970. */
  at: number
  actor: { kind: 'user' | 'administrator' | 'operator' | 'guest' | 'embedded' | 'server'; user: string }
  action: string
  about?: { user?: string; group?: string; statement?: string; organisation?: string }
  from?: string
  to?: string
}

interface AuditPage {
  entries: AuditEntry[]
  next: number | null
  head: { seq: number }
}

/** How many entries are fetched at a time. */
const PAGE = 50

/**
 * The newest entries of a log before the entry `before`, newest first; `before` is `null` for the very newest. `group`: whose
 * log; `null`: the instance's.
 */
export async function newestEntries(group: string | null, before: number | null): Promise<AuditEntry[]> {
  const log = group === null ? '/api/v1/audit' : `/api/v1/groups/${encodeURIComponent(group)}/audit`
  // The server counts from the oldest on and says with each answer where the log ends.
  const ask = (after: number, limit: number) => call<AuditPage>('GET', `${log}?after=${after}&limit=${limit}`)
  if (before === null) {
    const { entries, next, head } = await ask(0, PAGE)
    return (next === null ? entries : (await ask(head.seq - PAGE, PAGE)).entries).reverse()
  }
  const count = Math.min(PAGE, before - 1)
  return count < 1 ? [] : (await ask(before - 1 - count, count)).entries.reverse()
}
