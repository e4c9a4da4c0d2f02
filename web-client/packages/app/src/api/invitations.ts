// Invitations into groups and links for guests, as those see them who make them. Times in milliseconds since 1970.

import { call, type Role } from '../api.ts'

/** `void`: whoever made it may no longer give its role. */
export type LinkState = 'open' | 'used-up' | 'expired' | 'void'

interface Counted {
  id: string
  role: Role
  created: number
  expires: number
  uses_max: number
  uses: number
  state: LinkState
}

export interface Invitation extends Counted {
  /** `name` is `null` for the server's operator. */
  inviter: { id: string; name: string | null }
  /** Only for whoever has this address. */
  email: string | null
}

export interface GuestLink extends Counted {
  creator: { id: string; name: string | null }
  guests: { id: string; name: string; since: number }[]
}

/** Where the page finds it, behind the address of this server. Not shown again. */
interface Made {
  path: string
}

/** What one is made for. `expires`: a number and `h` or `d`. */
export interface Terms {
  role: Role
  uses: number
  expires: string
}

const inGroup = (group: string) => `/api/v1/groups/${encodeURIComponent(group)}/invitations`
const inStatement = (statement: string) => `/api/v1/statements/${encodeURIComponent(statement)}/guest-links`

export const listInvitations = async (group: string): Promise<Invitation[]> =>
  (await call<{ invitations: Invitation[] }>('GET', inGroup(group))).invitations

/** `email`: it is for this address only; `null`: for whoever has the link. */
export const invite = (group: string, terms: Terms, email: string | null): Promise<Invitation & Made> =>
  call('POST', inGroup(group), email === null ? terms : { ...terms, email })

export const revokeInvitation = (group: string, invitation: string): Promise<void> =>
  call('DELETE', `${inGroup(group)}/${encodeURIComponent(invitation)}`)

/** All of them for those who manage members, one's own for others who may make them. */
export const listGuestLinks = async (statement: string): Promise<GuestLink[]> =>
  (await call<{ links: GuestLink[] }>('GET', inStatement(statement))).links

export const createGuestLink = (statement: string, terms: Terms): Promise<GuestLink & Made> =>
  call('POST', inStatement(statement), terms)

/** Its guests are out when this resolves. */
export const revokeGuestLink = (statement: string, link: string): Promise<void> =>
  call('DELETE', `${inStatement(statement)}/${encodeURIComponent(link)}`)
