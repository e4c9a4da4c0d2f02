// What somebody is offered in a group. The server decides; this keeps the pages from offering what it would refuse:
// docs/permissions.md has the table.

import type { Role } from './api.ts'
import type { GroupDetails } from './api/groups.ts'
import type { Inside } from './session.ts'

export interface Standing {
  /** `null` for an administrator who is not in the group. */
  role: Role | null
  /** Members, roles and what is known about the group. */
  manages: boolean
  /** As what they may invite people; nothing where they may not. */
  invitesAs: readonly Role[]
  /** As what they may let guests in. */
  admitsAs: readonly Role[]
  /** Rights that can be switched on, who finds the group, and which sites vouch for people. */
  switches: boolean
  readsLog: boolean
}

/** `group`: `null` while it is not known, and then nothing is offered that hangs on it. */
export function standingIn({ groups, user }: Inside, id: string, group: GroupDetails | null): Standing {
  const role = groups.find(group => group.id === id)?.role ?? null
  const isActive = group?.status === 'active'
  const coordinates = role === 'coordinator'
  const manages = coordinates || user.administrator
  const all: readonly Role[] = ['drafter', 'commenter', 'observer']
  const invitesAs = !isActive || !manages ? [] : coordinates ? [...all, 'coordinator' as const] : all
  const admits = coordinates || (role === 'drafter' && group?.switches.includes('drafters-make-guest-links'))
  const asGuest = group?.switches.includes('guests-draft') ? all : all.slice(1)
  return {
    role,
    manages,
    invitesAs,
    admitsAs: isActive && admits ? asGuest : [],
    switches: coordinates,
    readsLog: coordinates,
  }
}
