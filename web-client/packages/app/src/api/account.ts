// Signing in, and what concerns one's own account.

import { call, type Device, type User } from '../api.ts'
import { deviceName } from '../device-name.ts'

/** Somebody is in. `must_enrol`: they can do nothing but set up a second factor. */
export interface SignedIn {
  user: User
  must_enrol: boolean
}

/** The first step is done: a code is asked for, within `expires_in_ms`. The secret opens nothing and is kept nowhere. */
export interface HalfSignedIn {
  half_session: string
  expires_in_ms: number
}

const named = () => ({ device_name: deviceName(navigator.userAgent) })

/** Signs in; the session comes as a cookie. */
export const signIn = (email: string, password: string, device: Device): Promise<SignedIn | HalfSignedIn> =>
  call('POST', '/api/v1/session', { email, password, device, ...named() })

/** Signs in with the secret of a sign-in link. */
export const signInByLink = (secret: string, device: Device): Promise<SignedIn | HalfSignedIn> =>
  call('POST', '/api/v1/session/link', { secret, device, ...named() })

/** The second step. Status 401: `wrong-code`, or `wrong-credentials` when it has to begin from the first one. */
export const showCode = (halfSession: string, code: string): Promise<SignedIn> =>
  call('POST', '/api/v1/session/second-factor', { half_session: halfSession, code })

/** A sign-in in a browser. Times in milliseconds since 1970. */
export interface OpenSession {
  id: string
  /** It is this one. */
  present: boolean
  created: number
  last_used: number
  by: 'password' | 'link'
  /** A code was shown, too. */
  second_factor: boolean
  device: Device
  device_name: string | null
}

/** Where one is signed in. */
export const openSessions = async (): Promise<OpenSession[]> =>
  (await call<{ sessions: OpenSession[] }>('GET', '/api/v1/me/sessions')).sessions

/** Ends one; what it had open is closed when this resolves. */
export const endSession = (id: string): Promise<void> => call('DELETE', `/api/v1/me/sessions/${encodeURIComponent(id)}`)

/** Ends all but this one. */
export const endOtherSessions = (): Promise<void> => call('DELETE', '/api/v1/me/sessions')

/** Sets the password; all other sign-ins end. `present` is not asked of somebody who came by a link. */
export const changePassword = (present: string | null, wanted: string): Promise<void> =>
  call('PUT', '/api/v1/me/password', { ...(present === null ? {} : { present }), new: wanted })

/** Sets a password by the secret of a reset link; all sign-ins of the account end. Status 401 when the link is over. */
export const resetPassword = (secret: string, wanted: string): Promise<void> =>
  call('POST', '/api/v1/password-reset', { secret, new: wanted })

/** How things stand with one's second factor. `since`: milliseconds since 1970. */
export interface SecondFactor {
  on: boolean
  since: number | null
  recovery_codes_left: number
  /** The server asks this person for one. */
  required: boolean
}

export const secondFactor = (): Promise<SecondFactor> => call('GET', '/api/v1/me/second-factor')

/** That it is the account's owner who asks. */
export type Proof = { password: string } | { code: string }

/** What a second factor is set up with, shown once. */
export interface Enrolment {
  /** Base32. */
  secret: string
  /** `otpauth://totp/...` */
  uri: string
}

/** Begins to set it up. Status 403 `proof-needed` without a proof, unless one has just signed in. */
export const beginSecondFactor = (proof: Proof | null): Promise<Enrolment> => call('POST', '/api/v1/me/second-factor', proof ?? {})

interface RecoveryCodes {
  recovery_codes: string[]
}

/** Turns it on by its first code and resolves to the recovery codes, which are shown this once. All other sign-ins end. */
export const confirmSecondFactor = async (code: string): Promise<string[]> =>
  (await call<RecoveryCodes>('POST', '/api/v1/me/second-factor/confirm', { code })).recovery_codes

/** Turns it off. All other sign-ins end. */
export const turnOffSecondFactor = (proof: Proof): Promise<unknown> => call('POST', '/api/v1/me/second-factor/off', proof)

/** Fresh recovery codes, shown this once; those of before end. */
export const renewRecoveryCodes = async (proof: Proof): Promise<string[]> =>
  (await call<RecoveryCodes>('POST', '/api/v1/me/second-factor/recovery-codes', proof)).recovery_codes
