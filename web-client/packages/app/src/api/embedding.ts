// Sites that embed the editor: their public keys, and the groups that let them vouch for people.

import { call, type Role } from '../api.ts'

/** A site's public key. Times in milliseconds since 1970. */
export interface EmbedKey {
  id: string
  /** The site, whichever of its keys. */
  host: string
  issuer: string
  origins: string[]
  role: Role
  public_key: { kty: string; crv?: string }
  created: number
  /** When it ends, if another key follows it. */
  ends: number | null
}

export interface NewEmbedKey {
  issuer: string
  origins: string[]
  role: string
  /** The text of a PEM file, or a JSON Web Key. */
  public_key: unknown
  /** How long an earlier key of the site still counts, as `7d`; if not said, until it is revoked. */
  overlap?: string
}

/** Administrators only, as the two that follow. */
export const listEmbedKeys = async (): Promise<EmbedKey[]> => (await call<{ keys: EmbedKey[] }>('GET', '/api/v1/embed/keys')).keys

export const registerEmbedKey = (key: NewEmbedKey): Promise<EmbedKey> => call('POST', '/api/v1/embed/keys', key)

/** Live connections that rest on it are cut when this resolves. */
export const revokeEmbedKey = (key: string): Promise<void> => call('DELETE', `/api/v1/embed/keys/${encodeURIComponent(key)}`)

/** A group lets a site vouch for people. `statements` is `null` for all there are and will be. */
export interface EmbedGrant {
  host: string
  issuer: string
  role: Role
  statements: string[] | null
  created: number
}

const inGroup = (group: string) => `/api/v1/groups/${encodeURIComponent(group)}/embed-grants`

/** Coordinators only, as the two that follow. */
export const listEmbedGrants = async (group: string): Promise<EmbedGrant[]> =>
  (await call<{ grants: EmbedGrant[] }>('GET', inGroup(group))).grants

/** Takes the place of what the site was let do before. */
export const grantEmbedding = (group: string, issuer: string, role: string, statements: string[] | null): Promise<EmbedGrant> =>
  call('POST', inGroup(group), { issuer, role, ...(statements ? { statements } : {}) })

/** Live connections that rest on it are cut when this resolves. */
export const withdrawEmbedding = (group: string, host: string): Promise<void> =>
  call('DELETE', `${inGroup(group)}/${encodeURIComponent(host)}`)
