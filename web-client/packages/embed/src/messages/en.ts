// English: the table that the others follow.

import type { SaveState } from '@plenary/provider'

/** What people are told about their words: always true, and short enough to stay in sight. */
const saveStates: Record<SaveState, string> = {
  'saved': 'Saved',
  'saving': 'Saving…',
  'on-this-device': 'Kept on this device only',
  'not-kept': 'NOT kept: leave this page open',
  'refused': 'Refused: here is your text',
  'replaced': 'This text was replaced',
  'unconfirmed': 'Sent; this server does not confirm',
}

/** What a person can do while there is no line, by what becomes of their words meanwhile. */
const away: Record<'kept' | 'not-kept' | 'nothing', string> = {
  'kept': 'What you write is kept on this device and goes to the server when the connection is back.',
  'not-kept': 'What you write is in this page only: leave it open until the connection is back.',
  'nothing': 'You can go on reading.',
}

const draftReasons: Record<'refused' | 'replaced' | 'removed', string> = {
  refused: 'The server did not take this text of yours.',
  replaced: 'You wrote this in the text that was replaced.',
  removed: 'You wrote this before you lost access.',
}

const mergeKinds: Record<'paragraph-removed' | 'words-moved' | 'words-removed' | 'footnote-removed', string> = {
  'paragraph-removed': 'Others removed the paragraph in which you wrote.',
  'words-moved': 'Your words now stand apart from the text you wrote them in.',
  'words-removed': 'Others deleted words of yours.',
  'footnote-removed': 'Others removed the footnote in which you wrote.',
}

export const en = {
  saveStates,
  opening: 'Opening…',
  reading: 'Up to date',

  noLine: 'No connection to the server.',
  offline: 'This device is offline.',
  away,
  retryIn: (seconds: string) => `Next try in ${seconds} s.`,
  retrying: 'Connecting…',
  retryNow: 'Try now',
  waitingForLine: 'This text is not on this device. It opens when the connection is back.',
  noStorage: 'This browser keeps nothing on this device (private window, or storage is forbidden).',
  storageFull: 'This device has no space left to keep the text. Free some, or stay connected.',
  storageGone: 'What was kept on this device is no longer kept, because you signed out or storage was cleared.',

  signInNeeded: 'Your sign-in has ended. Sign in again; what you wrote stays here.',
  signedOut: 'Not signed in',
  tokenFailed: 'This page could not show the server who you are.',
  notFound: 'This text is not here, or not for you.',
  removed: 'You no longer have access to this text.',
  denied: 'The server does not let this page in.',
  tryAgain: 'Try again',

  replaced: 'This text was replaced by another version. What you see here no longer changes.',
  replacedUnknown: 'This text was replaced by another one; which one, this page was not told. What you see here no longer changes.',
  openNew: 'Open the new version',
  lookAgain: 'Look again',
  stuck: 'What you see here holds text that the server did not take; it is kept as yours below.',
  startAfresh: 'Go on with the server’s text',

  draftsTitle: 'Text of yours that is not in the document',
  draftReasons,
  copy: 'Copy',
  copied: 'Copied',
  download: 'Download',
  insert: 'Insert at the cursor',
  inserted: 'Inserted: it is in the text now.',
  discard: 'Discard',
  discardReally: 'Really discard?',

  mergeTitle: 'While you were away, others changed text you had worked on',
  mergeKinds,
  mergeMoved: 'It stands elsewhere in the text now.',
  yourWords: 'Your words:',
  paragraphBefore: 'The paragraph as it was:',
  show: 'Show in the text',
  dismiss: 'Close',
}

/** The words of the element in one language. */
export type Messages = typeof en
