// Groups, and who is in them. Times in milliseconds since 1970.

import { call, type Role } from '../api.ts'

/** What something is called, by the tag of the language. */
export type Names = Readonly<Record<string, string>>

export type GroupKind = 'thematic' | 'country' | 'cohort'
export type Switch =
  | 'guests-draft'
  | 'commenters-read-history'
  | 'drafters-restore'
  | 'drafters-make-guest-links'
  | 'readers-export'

/** What is known about a group. `state`: two letters of ISO 3166-1. */
export interface GroupFacts {
  name: string
  kind: GroupKind
  state: string | null
  session: string | null
  themes: string[]
}

export interface GroupDetails extends GroupFacts {
  id: string
  visibility: 'members' | 'listed'
  status: 'active' | 'archived'
  switches: Switch[]
  created: number
}

const at = (group: string) => `/api/v1/groups/${encodeURIComponent(group)}`
const memberAt = (group: string, user: string) => `${at(group)}/members/${encodeURIComponent(user)}`

/** The caller's groups; all of them for an administrator, to whom they exist. */
export const listGroups = async (): Promise<GroupDetails[]> =>
  (await call<{ groups: GroupDetails[] }>('GET', '/api/v1/groups')).groups

export const showGroup = (group: string): Promise<GroupDetails> => call('GET', at(group))

/** Administrators only. */
export const createGroup = (facts: GroupFacts): Promise<GroupDetails> => call('POST', '/api/v1/groups', facts)

/** What is not said stays as it is. */
export const changeGroup = (
  group: string,
  change: Partial<Pick<GroupDetails, keyof GroupFacts | 'visibility' | 'status' | 'switches'>>,
): Promise<GroupDetails> => call('PATCH', at(group), change)

/** A group that wants to be found. */
export interface ListedGroup extends GroupFacts {
  id: string
  contact_person: { id: string; name: string } | null
}

/** Who is, or was, in a group. What the caller may not know is not there. */
export interface Person {
  id: string
  /** `null` for an account that is gone. */
  name: string | null
  email?: string
  organisation?: { id: string; names: Names; at_risk?: boolean }
}

export interface Member {
  user: Person
  role: Role
  contact_person: boolean
  since: number
}

/** A place somebody had until they were taken out, or left: then `ended_by` is they themselves. */
export interface PastMember extends Member {
  until: number
  ended_by: string
}

export const listMembers = async (group: string): Promise<Member[]> =>
  (await call<{ members: Member[] }>('GET', `${at(group)}/members`)).members

/** In the order of their going. */
export const listPastMembers = async (group: string): Promise<PastMember[]> =>
  (await call<{ members: PastMember[] }>('GET', `${at(group)}/members/past`)).members

/** Brings somebody with an account in. Status 422 `unknown-user` when nobody has the address. */
export const addMember = (group: string, email: string, role: Role): Promise<Member> =>
  call('POST', `${at(group)}/members`, { email, role })

/** Open texts follow before this resolves. */
export const giveRole = (group: string, user: string, role: Role): Promise<Member> =>
  call('PATCH', memberAt(group, user), { role })

/** Hands the contact person's mark over to another coordinator. */
export const makeContactPerson = (group: string, user: string): Promise<Member> =>
  call('PATCH', memberAt(group, user), { contact_person: true })

/** Takes somebody out, or leaves: their open texts are closed when this resolves. */
export const removeMember = (group: string, user: string): Promise<void> => call('DELETE', memberAt(group, user))
