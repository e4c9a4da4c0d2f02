// Who uses this browser, and what of theirs is on it.
//
// On one's own computer the account's name stays here, so that the page opens without a line; the texts are in the
// provider's `AccountStore`. On a shared computer nothing stays. The choice itself has to outlive the tab: a second tab shares
// the session, and must not keep what the first was told not to. When there is none, nothing is kept.

import type { Device, Group, Kind, Role, Stage, Statement, User } from './api.ts'
import type { AccountStore } from '@plenary/provider/store'

const DEVICE = 'plenary.device'
const USER = 'plenary.user'
const ENDING = 'plenary.sign-out'

/** What was chosen when somebody last signed in. */
export function device(): Device {
  return read(DEVICE) === 'own' ? 'own' : 'shared'
}

/** Whether anything was chosen in this browser yet. */
export const hasChosen = (): boolean => read(DEVICE) !== null

/** Notes the choice of somebody who has just signed in: until it is known who, nobody was here last. */
export function chooseDevice(device: Device): void {
  forgetUser()
  write(DEVICE, device)
}

/** Who was signed in last on their own computer: enough to open what is kept without a line. */
export function rememberedUser(): User | null {
  try {
    return device() === 'own' ? (JSON.parse(read(USER) ?? 'null') as User | null) : null
  } catch {
    return null
  }
}

/** Notes who is signed in. */
export function remember(user: User): void {
  if (device() === 'own') write(USER, JSON.stringify(user))
}

/** Forgets who was signed in. */
export const forgetUser = (): void => write(USER, null)

/** Whether a sign-out without a line still has to be told to the server, which alone can end the session. */
export const isSignOutPending = (): boolean => read(ENDING) !== null

/** Notes that it has to be, or that it was. */
export const setSignOutPending = (isPending: boolean): void => write(ENDING, isPending ? 'yes' : null)

let store: { user: string; opened: Promise<AccountStore> } | null = null

/** What `user` keeps on this device; `null` on a shared computer. */
export async function storeOf(user: User): Promise<AccountStore | null> {
  if (device() === 'shared') return null
  if (store?.user !== user.id) {
    // Loaded when needed: the sign-in page does without.
    const opened = import('@plenary/provider/store').then(({ AccountStore }) => AccountStore.open(user.id))
    store = { user: user.id, opened }
    opened.catch(() => (store = null))
  }
  return store.opened
}

/** Deletes everything of `user` on this device, in all tabs. Rejects when another tab does not let go. */
export async function deleteAll(user: User): Promise<void> {
  forgetUser()
  const open = await storeOf(user)
  store = null
  await open?.destroy()
}

/** What the list shows of a statement without a line, as `AccountStore.remember` takes it. */
export function factsOf({ id, title, kind, stage, group, access, documents }: Statement): { title: string; [detail: string]: string } {
  return {
    title,
    statement: id,
    kind,
    stage,
    group: group.id,
    groupName: group.name,
    role: group.role,
    access,
    comments: documents.comments,
  }
}

/** The statements that open without a line. */
export async function keptStatements(store: AccountStore): Promise<Statement[]> {
  const kept = await store.documents()
  return kept.flatMap(({ document, title, details }) => {
    const { statement, kind, stage, group, groupName, role, access, comments } = details
    if (!statement || !group) return []
    const ofGroup: Group = { id: group, name: groupName ?? '', role: role as Role }
    const documents = { body: document, comments: comments ?? '' }
    const may = access === 'write' ? 'write' : 'read'
    return { id: statement, title, kind: kind as Kind, stage: stage as Stage, group: ofGroup, documents, access: may }
  })
}

// Where a browser keeps nothing, the page works as on a shared computer.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}

function write(key: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(key)
    else localStorage.setItem(key, value)
  } catch {
    // Nothing is kept, then.
  }
}
