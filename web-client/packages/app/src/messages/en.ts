// English: the table that the others follow.

import type { Kind, Role, Stage } from '../api.ts'
import { account } from './account/en.ts'
import { groupWords } from './groups/en.ts'

const stages: Record<Stage, string> = {
  'draft': 'Draft',
  'frozen': 'Frozen',
  'sign-on': 'Open for signing',
  'closed': 'Closed',
  'submitted': 'Submitted',
  'follow-up': 'Follow-up',
}

const roles: Record<Role, string> = {
  coordinator: 'Coordinator',
  drafter: 'Drafter',
  commenter: 'Commenter',
  observer: 'Observer',
}

const kinds: Record<Kind, string> = {
  'joint-submission': 'Joint submission',
  'oral-statement': 'Oral statement',
  'brief': 'Brief',
  'strategy': 'Strategy',
  'follow-up-plan': 'Follow-up plan',
  'note': 'Note',
}

export const en = {
  stages,
  roles,
  kinds,
  account,
  language: 'Language',
  skip: 'Skip to the content',
  loading: 'One moment…',
  tryAgain: 'Try again',
  cancel: 'Cancel',

  signIn: 'Sign in',
  email: 'E-mail',
  password: 'Password',
  linkTitle: 'Your sign-in link',
  linkExplained: 'This link signs you in, without a password.',
  linkInstead: (name: string) => `You are signed in as ${name} just now; that ends.`,
  shared: 'This is a shared computer',
  sharedExplained: 'Nothing you write is kept on it, so texts open with a connection only. Closing the browser signs you out.',
  ownExplained: 'Texts you open are kept on this computer, so that you can write without a connection.',
  wrongCredentials: 'This e-mail address and this password do not belong together.',
  linkInvalid: 'This sign-in link is not valid (any more). Ask for a new one.',
  tooManyTries: 'Too many tries. Wait a minute, then try again.',
  unreachable: 'The server cannot be reached. Look at your connection, then try again.',
  failed: 'That did not work. Try again in a moment.',
  notAllowed: 'You may not do this here, or what it is about is gone.',
  pageFailed: 'This page could not be loaded.',

  statements: 'Statements',
  myRole: (role: string) => `Your role here: ${role}`,
  noGroups: 'You are in no group yet. A coordinator can add you by your e-mail address.',
  noStatements: 'This group has no statement yet.',
  newStatement: 'New statement',
  newStatementIn: (group: string) => `New statement in ${group}`,
  title: 'Title',
  kind: 'Kind',
  begin: 'Begin',
  mayRead: 'You can read',
  mayWrite: 'You can write',
  kept: 'Kept on this device',
  unsaved: 'Has changes the server does not have yet',
  offline: 'No connection to the server.',
  offlineList: 'These are the statements kept on this device. What you write in them goes to the server when you are back.',
  offlineNone: 'No statement is kept on this device yet. Open one while you are connected.',
  missingTitle: 'Nothing here',
  missing: 'This page does not exist, or is not for you.',
  missingOffline: 'This statement is not kept on this device. It opens when you are connected again.',
  back: 'All statements',

  frozen: (stage: string) => `This statement is at the stage “${stage}”: its text is fixed.`,
  observing: 'You can read along here while others write.',
  loadingEditor: 'Opening the text…',
  editorFailed: 'The editor could not be loaded.',

  signedInAs: (name: string) => `Signed in as ${name}`,
  signOut: 'Sign out',
  signOutTitle: 'Sign out and lose work?',
  signOutLoses: 'The server does not have everything you wrote in:',
  signOutWarning: 'Signing out deletes what is kept on this device. Stay signed in until everything is saved, or copy it first.',
  signOutAnyway: 'Sign out and delete',
  stay: 'Stay signed in',
  leaveLoses: 'What you wrote is saved nowhere yet and would be lost. Leave all the same?',
  signInEnded: 'Your sign-in has ended. What you write stays here until you sign in again.',
  signedOutElsewhere: 'You were signed out in another tab.',
  otherAccount: 'Another account was signed in in this browser.',
  deleteBlocked: 'Another tab still holds data of yours. Close all tabs of this page.',

  newVersion: 'A new version is here.',
  reload: 'Reload',
  reloadWhenSaved: 'Reload when saved',
  notSavedYet: 'Not everything is saved yet. Try again when it is.',

  ...groupWords,
}

/** The words of the pages in one language. */
export type Messages = typeof en
