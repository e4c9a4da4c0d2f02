// Who works on what.

import { call, type Kind } from '../api.ts'
import type { ListedGroup, Names } from './groups.ts'

/** What somebody works on, or plans to. `states`: two letters of ISO 3166-1 each. */
export interface InterestEntry {
  states: string[]
  themes: string[]
  /** What is to come of it. */
  product: Kind | null
  note: string | null
  visibility: 'hidden' | 'shown'
}

export interface Interest extends InterestEntry {
  id: string
  owner:
    | { organisation: { id: string; names: Names; country: string | null } }
    | { user: { id: string; name: string } }
  /** Milliseconds since 1970. */
  changed: number
}

/** What is looked for; all that is not empty must fit. */
export interface Sought {
  state: string
  theme: string
  text: string
}

const query = (sought: Sought) =>
  new URLSearchParams(Object.entries(sought).filter(([, value]) => value !== '')).toString()

/** Across groups; `more`: there are more than these. */
export const searchInterests = (sought: Sought): Promise<{ interests: Interest[]; more: boolean }> =>
  call('GET', `/api/v1/interests?${query(sought)}`)

/** Groups that want to be found. */
export const searchGroups = async (sought: Sought): Promise<ListedGroup[]> =>
  (await call<{ groups: ListedGroup[] }>('GET', `/api/v1/groups/listed?${query(sought)}`)).groups

/** One's own and one's organisation's, the hidden ones, too. */
export const ownInterests = async (): Promise<Interest[]> =>
  (await call<{ interests: Interest[] }>('GET', '/api/v1/interests/mine')).interests

const at = (interest: string) => `/api/v1/interests/${encodeURIComponent(interest)}`

/** `organisation`: whose it is to be; `null`: one's own. */
export const writeInterest = (entry: InterestEntry, organisation: string | null): Promise<{ id: string }> =>
  call('POST', '/api/v1/interests', organisation === null ? { entry } : { organisation, entry })

/** All of it anew. */
export const rewriteInterest = (interest: string, entry: InterestEntry): Promise<{ id: string }> =>
  call('PUT', at(interest), entry)

export const deleteInterest = (interest: string): Promise<void> => call('DELETE', at(interest))
