// What stands in place of the page when a link of ours was followed: what the link is for, and the press that uses it. Looking
// at it changes nothing. Links to sign in with are the form's own; see `plenary-app.ts`.

import { html, type TemplateResult } from 'lit'
import type { Messages } from './messages/en.ts'
import type { LinkKind } from './router.ts'
import type { Inside } from './session.ts'

/** All that an arrival may lean on. A new one with each change of anything in it. */
export interface Arriving {
  messages: Messages
  /** Of the link. */
  secret: string
  /** Who is signed in already. */
  here: Inside | null
  /** Somebody has come in, or who is in has changed: the link stays. */
  changed: () => Promise<void>
  /** The link has done what it is for, or is of no use: on to `path`, for whoever is in now. */
  leave: (path?: string) => Promise<void>
  signOut: () => Promise<void>
}

/** One kind of link. */
export interface Arrival {
  title(messages: Messages): string
  render(arriving: Arriving): TemplateResult
  /** Fetches its code: few people come this way. */
  load: () => Promise<unknown>
}

export const arrivals: Record<Exclude<LinkKind, 'sign-in'>, Arrival> = {
  invitation: {
    title: ({ account }) => account.invitationTitle,
    load: () => import('./pages/invitation.ts'),
    render: arriving => html`<plenary-invitation .messages=${arriving.messages} .arriving=${arriving}></plenary-invitation>`,
  },
  guest: {
    title: ({ account }) => account.guestTitle,
    load: () => import('./pages/guest.ts'),
    render: arriving => html`<plenary-guest .messages=${arriving.messages} .arriving=${arriving}></plenary-guest>`,
  },
  reset: {
    title: ({ account }) => account.resetTitle,
    load: () => import('./pages/reset.ts'),
    render: arriving => html`<plenary-reset .messages=${arriving.messages} .arriving=${arriving}></plenary-reset>`,
  },
}
