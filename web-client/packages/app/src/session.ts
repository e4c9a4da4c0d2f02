// Who is signed in, what they may open, and what of it is on this device. One for the page; it tells of each change by the
// event `change` and knows nothing of how it is shown.

import type { PlenaryEditor } from '@plenary/embed'
import type { AccountStore } from '@plenary/provider/store'
import * as account from './account.ts'
import { ApiError, type Group, type Me, me, signOut, type Statement, type User } from './api.ts'
import type { Link } from './router.ts'

/** Somebody is signed in; `isOffline`: the server cannot be reached, and what is listed is what this device keeps. */
export interface Inside {
  is: 'inside'
  user: User
  groups: Group[]
  statements: Statement[]
  isOffline: boolean
}

/** How things stand. */
export type Here =
  | { is: 'starting' }
  /** Nobody is signed in. */
  | { is: 'outside' }
  /** Somebody is, but can do nothing before they have set up a second factor. */
  | { is: 'owing' }
  /** The server cannot be reached and nothing is known here. */
  | { is: 'nowhere' }
  | Inside

/** Why an open text can no longer be written: somebody signed out, or in as somebody else, in another tab. */
export type Ended = 'signed-out' | 'other-account'

/** The text that is open. It is not taken away from the person who writes in it, whatever becomes of the sign-in. */
export interface OpenText {
  readonly statement: Statement
  /** `null` while it is being fetched. */
  readonly editor: PlenaryEditor | null
}

// Without a line, or with one that lies, the browser does not always tell when it is back.
const ASK_AGAIN_MS = 20_000
// How long a sign-out waits for the last words to be saved.
const FLUSH_MS = 4_000

// How long marks in the list may wait for what is kept here.
const LOOK_WITHIN_MS = 2_000

const NOTHING_KEPT: ReadonlySet<string> = new Set()

const groupsOf = (statements: Statement[]): Group[] => [...new Map(statements.map(({ group }) => [group.id, group])).values()]

/** See the top of this file. */
export class Session extends EventTarget {
  here: Here = { is: 'starting' }
  /** A link that was followed and stands in place of the page, whoever is here, until it has been used or left. */
  link: Link | null = null
  /** What the person keeps on this device; `null` on a shared computer. */
  store: AccountStore | null = null
  /** Body documents on this device; `null` where nothing is to be kept, or while it is not known. */
  kept: ReadonlySet<string> | null = null
  /** Body documents with changes that the server does not have. */
  unsaved: ReadonlySet<string> = NOTHING_KEPT
  ended: Ended | null = null
  /** The session has ended under an open text. */
  isSignInNeeded = false
  /** The server has begun to ask for a second factor, under an open text. */
  isSecondFactorNeeded = false
  /** Something of a person who signed out could not be deleted yet. */
  isLeftBehind = false

  readonly #openText: () => OpenText | null
  // Tabs of one browser share one session; a change of person in one is news to the others.
  readonly #tabs = new BroadcastChannel('plenary-session')
  #asking: Promise<void> | null = null
  /** Raised whenever somebody comes or goes: what was asked before then is not answered by what is found. */
  #comings = 0

  constructor(openText: () => OpenText | null) {
    super()
    this.#openText = openText
  }

  /** Looks who is here, and from now on stays up to date. `link`: that was followed to come here. */
  async begin(link: Link | null): Promise<void> {
    this.link = link
    this.#tabs.addEventListener('message', ({ data }) => this.#heard(data as string | null))
    const ask = () => void this.ask()
    addEventListener('online', ask)
    document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && ask())
    const isOffline = () => this.here.is === 'inside' && this.here.isOffline
    setInterval(() => isOffline() && document.visibilityState === 'visible' && ask(), ASK_AGAIN_MS)
    await this.ask()
  }

  /** A link was followed: it is used when the person says so. */
  meetLink(link: Link): void {
    this.link = link
    this.#changed()
  }

  /** A sign-in link was of no use: there are other ways in. */
  failLink(): void {
    this.link = { kind: 'sign-in', secret: '' }
    this.#changed()
  }

  /** The link has done what it is for, or is left. */
  forgetLink(): void {
    this.link = null
    this.#changed()
  }

  /**
   * Asks the server who is here and what they see; several calls at once are one. Resolves when that is known, for whoever came
   * last: an answer that somebody's coming or going overtook is not taken, and it asks again.
   */
  ask(): Promise<void> {
    this.#asking ??= this.#askNow().finally(() => {
      this.#asking = null
      this.#changed()
    })
    return this.#asking
  }

  /** Somebody has just signed in, or may have. */
  async signedIn(): Promise<void> {
    this.#comings += 1
    // Until the server has said who it is, nothing of whoever was here before is offered to them: a text of that person would open
    // with their copy, and in the wrong name. An open one stays, and what a link is for stays in sight.
    if (this.link === null && !this.#openText()) {
      this.here = { is: 'starting' }
      this.store = null
    }
    this.#changed()
    await this.ask()
    if (!this.ended) this.#openText()?.editor?.connect()
  }

  /**
   * Signs out and deletes what is kept here. `isSure` is asked first when that would lose work, with the titles of the
   * statements it is in. Resolves to whether it was done.
   */
  async signOut(isSure: (titles: string[]) => Promise<boolean>): Promise<boolean> {
    const { here } = this
    if (here.is !== 'inside' && here.is !== 'owing') return false
    // Who owes a second factor is not told by the server; what is kept here is that of whoever was here last.
    const user = here.is === 'inside' ? here.user : account.rememberedUser()
    const store = this.store ?? (user && (await account.storeOf(user).catch(() => null)))
    const text = this.#openText()
    const editor = text?.editor ?? null
    // Nothing is waited for that cannot come.
    const isSaved = editor === null || (await editor.flush(editor.isAway ? 0 : FLUSH_MS)) === 'saved'
    const unsaved = (await store?.unsaved().catch(() => [])) ?? []
    const titles = new Map(unsaved.map(({ document, title }) => [document, title]))
    if (!isSaved && editor?.hasUnsavedWork && text) titles.set(text.statement.documents.body, text.statement.title)
    if (titles.size > 0 && !(await isSure([...titles.values()]))) return false
    editor?.destroy()
    this.#comings += 1
    this.isLeftBehind = false
    if (user) await account.deleteAll(user).catch(() => (this.isLeftBehind = true))
    account.setSignOutPending(true)
    this.store = null
    this.here = { is: 'outside' }
    this.#tabs.postMessage(null)
    this.#changed()
    // Without a line the server is told as soon as there is one, before anything else.
    void signOut().then(
      () => account.setSignOutPending(false),
      (error: ApiError) => !error.isAway && account.setSignOutPending(false),
    )
    return true
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'))
  }

  async #askNow(): Promise<void> {
    let asOf = -1
    while (asOf !== this.#comings && !this.ended) {
      asOf = this.#comings
      const settle = await this.#find(() => asOf === this.#comings)
      if (asOf === this.#comings) settle()
    }
  }

  /** Asks who is here, and resolves to what there is to do about that, if it is so still. */
  async #find(isStill: () => boolean): Promise<() => void> {
    let found: Me
    try {
      if (account.isSignOutPending()) {
        await signOut().catch(error => {
          if (!(error instanceof ApiError) || error.isAway) throw error
        })
        account.setSignOutPending(false)
      }
      found = await me()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.isAway) return this.#findWithoutLine()
      return () => this.#stayOutside(error.code === 'second-factor-required')
    }
    if (this.#isOther(found.user)) return () => this.#end('other-account')
    // What is kept here of somebody who has left is not opened again.
    const store = isStill() ? await account.storeOf(found.user).catch(() => null) : null
    return () => this.#welcome(found, store)
  }

  #welcome(found: Me, store: AccountStore | null): void {
    if (this.#isOther(found.user)) return this.#end('other-account')
    this.isSignInNeeded = false
    this.isSecondFactorNeeded = false
    account.remember(found.user)
    this.#tabs.postMessage(found.user.id)
    this.store = store
    const text = this.#openText()
    // Whoever lost access keeps the page with their words until they leave it.
    const isLost = text !== null && !found.statements.some(({ id }) => id === text.statement.id)
    if (isLost && text.editor?.hasUnsavedWork) found.statements.push({ ...text.statement, access: 'read' })
    // A guest is in no group, and is not told what it is called.
    const groups = found.user.guest ? groupsOf(found.statements) : found.groups
    this.here = { is: 'inside', user: found.user, groups, statements: found.statements, isOffline: false }
    this.#lookAtDeviceSoon()
  }

  /** A text is open in the name of somebody else. */
  #isOther(user: User): boolean {
    return this.here.is === 'inside' && this.here.user.id !== user.id && this.#openText() !== null
  }

  #stayOutside(isOwing: boolean): void {
    if (this.here.is === 'inside' && this.#openText()) {
      this.isSignInNeeded = !isOwing
      this.isSecondFactorNeeded = isOwing
    } else {
      this.here = { is: isOwing ? 'owing' : 'outside' }
      this.store = null
    }
  }

  async #findWithoutLine(): Promise<() => void> {
    const { here } = this
    if (here.is === 'inside') return () => void (this.here = { ...here, isOffline: true })
    const user = account.isSignOutPending() ? null : account.rememberedUser()
    const store = user && (await account.storeOf(user).catch(() => null))
    const statements = store ? await account.keptStatements(store).catch(() => []) : []
    if (!user || !store) return () => void (this.here = { is: 'nowhere' })
    return () => {
      this.store = store
      this.here = { is: 'inside', user, groups: groupsOf(statements), statements, isOffline: true }
      this.#lookAtDeviceSoon()
    }
  }

  // It reads all that is kept: a text that is being opened comes first.
  #lookAtDeviceSoon(): void {
    if (typeof requestIdleCallback === 'function') requestIdleCallback(() => void this.#lookAtDevice(), { timeout: LOOK_WITHIN_MS })
    else void this.#lookAtDevice()
  }

  async #lookAtDevice(): Promise<void> {
    const { store } = this
    // No storage here: nothing is kept, and the editor says so where it matters.
    const found = store && (await Promise.all([store.documents(), store.unsaved()]).catch(() => null))
    const ids = (some: { document: string }[]) => new Set(some.map(({ document }) => document))
    this.kept = found && ids(found[0])
    this.unsaved = found ? ids(found[1]) : NOTHING_KEPT
    this.#changed()
  }

  /** `user`: who is signed in in another tab, `null` for nobody. */
  #heard(user: string | null): void {
    const known = this.here.is === 'inside' ? this.here.user.id : null
    if (this.link !== null) {
      // Who is here is said beside what the link is for.
      if (user === known) return
      this.#comings += 1
      void this.ask()
    } else if (known !== null && known !== user) {
      if (this.#openText()) this.#end(user === null ? 'signed-out' : 'other-account')
      else location.reload()
    } else if (user !== null && (this.isSignInNeeded || this.isSecondFactorNeeded)) {
      // In again, in another tab.
      void this.signedIn()
    } else if (user !== null && (this.here.is === 'outside' || this.here.is === 'owing')) {
      void this.signedIn()
    }
  }

  #end(ended: Ended): void {
    this.ended = ended
    this.isSignInNeeded = false
    this.isSecondFactorNeeded = false
    this.#changed()
  }
}
