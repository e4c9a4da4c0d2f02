// Invitations and links for guests, as whoever follows them sees them. Looking changes nothing.

import { call, type Device, type Role } from '../api.ts'

/** What an invitation offers. `expires`: milliseconds since 1970. */
export interface InvitationOffer {
  group: { id: string; name: string }
  role: Role
  /** `null` for the server's operator. */
  inviter: string | null
  is_for_one_address: boolean
  expires: number
}

/** Status 410 when it works no longer. */
export const lookAtInvitation = (secret: string): Promise<InvitationOffer> => call('POST', '/api/v1/invitations/look', { secret })

/** Who gets an account by accepting. */
export interface Newcomer {
  name: string
  email: string
  password: string
}

/** Whoever is signed in joins, or a newcomer, who is signed in by this; all of it happens or nothing. */
export const acceptInvitation = (secret: string, device: Device, newcomer: Newcomer | null): Promise<unknown> =>
  call('POST', '/api/v1/invitations/accept', { secret, device, ...(newcomer ? { newcomer } : {}) })

/** What a link for guests opens. `expires`: milliseconds since 1970. */
export interface GuestOffer {
  statement: { id: string; title: string }
  role: Role
  expires: number
}

/** Status 410 when it works no longer. */
export const lookAtGuestLink = (secret: string): Promise<GuestOffer> => call('POST', '/api/v1/guest-links/look', { secret })

/** Comes in as a guest; the cookie opens this one statement. Status 409 `signed-in` for somebody with an account. */
export const comeAsGuest = (secret: string, name: string, device: Device): Promise<unknown> =>
  call('POST', '/api/v1/guest-links/redeem', { secret, name, device })
