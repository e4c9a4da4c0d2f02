// How things stand between a text, this device and the server, in words. From facts alone, so that every case can be
// tested; the facts are gathered in `plenary-editor.ts`.

import type { Status } from '@plenary/editor'
import type { Access, SaveState, Status as LineStatus, StoreErrorCode, TokenTrouble } from '@plenary/provider'
import type { Messages } from './messages/en.ts'

/** All that the words depend on. */
export interface Facts {
  line: LineStatus
  /** There has been no line for long enough to speak of it. */
  isAwayLong: boolean
  /** The device itself says that it has no network. */
  isDeviceOffline: boolean
  saveState: SaveState
  /** There are changes the server has not confirmed. */
  pending: boolean
  /** The text is shown. */
  isShown: boolean
  /** Everything the server had is in the text. */
  isSynced: boolean
  mayWrite: boolean
  access: Access | null
  /** Whether this device is to keep the text, and what keeps it from doing so. */
  keeps: boolean
  trouble: StoreErrorCode | null
  /** Why the server does not let this page in; `null` while it does. */
  denial: { reason: string; isFinal: boolean } | null
  /** Why there is nothing to show the server; `null` while there is. */
  tokenTrouble: TokenTrouble | null
  /** The page around says itself that a sign-in is needed. */
  isToldAround: boolean
  /** The server did not take something that is in the text, and will not take it later by itself for want of space. */
  isStuck: boolean
  isReplaced: boolean
  /** The document in its place, where that is known. */
  replacedBy: string | null
}

/** What a banner offers to do. */
export type BannerAction = 'connect' | 'open-new' | 'start-afresh'

/** Something a person ought to know and can do something about. The text goes on below it. */
export interface Banner {
  /** Changes when it is another message: then it is read out again. */
  key: string
  tone: 'warn' | 'bad'
  words: string
  action: { does: BannerAction; label: string } | null
  /** Say when the next try is. */
  counts: boolean
}

/** What the status line says at all times. */
export function statusFor(facts: Facts, messages: Messages): Status {
  const { saveState, pending, isSynced, mayWrite, line } = facts
  const away = facts.tokenTrouble || isRejected(facts) ? messages.signedOut : messages.noLine
  if (saveState === 'saving' && !pending) {
    return { words: line === 'disconnected' && facts.isAwayLong ? away : messages.opening, tone: 'busy' }
  }
  if (saveState === 'saved' && !isSynced && line === 'disconnected' && facts.isAwayLong) {
    return { words: away, tone: 'warn' }
  }
  if (saveState === 'saved' && !mayWrite) return { words: messages.reading, tone: 'good' }
  return { words: messages.saveStates[saveState], tone: tones[saveState] }
}

const tones: Record<SaveState, Status['tone']> = {
  'saved': 'good',
  'saving': 'busy',
  'on-this-device': 'warn',
  'not-kept': 'bad',
  'refused': 'bad',
  'replaced': 'bad',
  'unconfirmed': 'busy',
}

/** What stands above the text; the most pressing first. */
export function bannersFor(facts: Facts, messages: Messages): Banner[] {
  const banners: Banner[] = []
  const add = (key: string, tone: Banner['tone'], words: string, action: Banner['action'] = null, counts = false) =>
    banners.push({ key, tone, words, action, counts })
  const again = { does: 'connect', label: messages.tryAgain } as const

  if (facts.isReplaced) {
    const { replaced, replacedUnknown, openNew, lookAgain } = messages
    const isKnown = facts.replacedBy !== null
    add('replaced', 'bad', isKnown ? replaced : replacedUnknown, { does: 'open-new', label: isKnown ? openNew : lookAgain })
    return banners
  }
  if (facts.isStuck && facts.saveState === 'refused') {
    add('stuck', 'bad', messages.stuck, { does: 'start-afresh', label: messages.startAfresh })
  }
  const needsSignIn = facts.tokenTrouble === 'none' || isRejected(facts)
  if (needsSignIn) {
    if (!facts.isToldAround) add('sign-in', 'bad', messages.signInNeeded, again)
  } else if (facts.denial) {
    const { reason, isFinal } = facts.denial
    if (reason === 'not-found') add(reason, 'bad', messages.notFound, again)
    else if (reason === 'removed') add(reason, 'bad', messages.removed, again)
    else if (isFinal) add('denied', 'bad', messages.denied, again)
  }
  if (facts.line !== 'connected' && facts.isAwayLong && banners.every(({ key }) => key === 'stuck') && !needsSignIn) {
    const line = facts.tokenTrouble ? messages.tokenFailed : messages.noLine
    const why = facts.isDeviceOffline ? messages.offline : line
    const now = { does: 'connect', label: messages.retryNow } as const
    add('away', 'warn', `${why} ${whatBecomes(facts, messages)}`, now, true)
  }
  if (facts.keeps && facts.trouble) add(`store-${facts.trouble}`, 'warn', storageWords(facts.trouble, messages))
  return banners
}

/** Whether another credential would help. */
export function isSignInNeeded(reason: string): boolean {
  return reason === 'bad-token' || reason === 'expired'
}

const isRejected = ({ denial }: Facts): boolean => denial !== null && isSignInNeeded(denial.reason)

function whatBecomes(facts: Facts, messages: Messages): string {
  if (!facts.isShown) return messages.waitingForLine
  if (!facts.mayWrite) return messages.away.nothing
  return facts.keeps && !facts.trouble ? messages.away.kept : messages.away['not-kept']
}

function storageWords(trouble: StoreErrorCode, messages: Messages): string {
  if (trouble === 'quota') return messages.storageFull
  return trouble === 'closed' ? messages.storageGone : messages.noStorage
}
