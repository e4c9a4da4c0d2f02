import { afterEach, expect, test, vi } from 'vitest'
import { newestEntries } from '../src/api/audit.ts'
import type { GroupDetails } from '../src/api/groups.ts'
import type { Role } from '../src/api.ts'
import { nameIn, partsOf, stateName, statesIn } from '../src/parts/local.ts'
import type { Inside } from '../src/session.ts'
import { standingIn } from '../src/standing.ts'

afterEach(() => vi.unstubAllGlobals())

/** A log of so many entries, served as the server does; `asked` has the queries. */
function logOf(count: number): { asked: string[] } {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (path: string) => {
    const query = new URL(path, 'http://localhost').searchParams
    asked.push(query.toString())
    const after = Number(query.get('after'))
    const limit = Number(query.get('limit'))
    const entries = Array.from({ length: Math.max(0, Math.min(limit, count - after)) }, (_, i) => ({ seq: after + i + 1 }))
    const next = after + limit < count ? after + limit : null
    return Response.json({ entries, next, head: { seq: count, hash: '' } })
  })
  return { asked }
}

test('a log is read from its newest entry to its first, each once, however long it is', async () => {
  for (const count of [0, 1, 49, 50, 51, 100, 101, 260]) {
    logOf(count)
    const seen: number[] = []
    let page = await newestEntries('group', null)
    while (page.length > 0) {
      seen.push(...page.map(({ seq }) => seq))
      page = await newestEntries('group', seen.at(-1)!)
    }
    expect(seen, `${count} entries`).toEqual(Array.from({ length: count }, (_, i) => count - i))
  }
})

test('a log that is short is asked for once, and nothing is asked for before the first entry', async () => {
  const { asked } = logOf(50)
  await newestEntries('group', null)
  await newestEntries('group', 1)
  expect(asked).toEqual(['after=0&limit=50'])
})

const group: GroupDetails = {
  id: 'g', name: 'Group', kind: 'thematic', state: null, session: null, themes: [],
  visibility: 'members', status: 'active', switches: [], created: 0,
}

const who = (role: Role | null, administrator = false): Inside => ({
  is: 'inside',
  user: { id: 'u', name: 'Somebody', email: null, administrator },
  groups: role ? [{ id: 'g', name: 'Group', role }] : [],
  statements: [],
  isOffline: false,
})

test('what is offered in a group is what docs/permissions.md allows', () => {
  const offered = (here: Inside, changes: Partial<GroupDetails> = {}) => {
    const { manages, invitesAs, admitsAs, switches, readsLog } = standingIn(here, 'g', { ...group, ...changes })
    return { manages, invites: invitesAs.join(' '), admits: admitsAs.join(' '), switches, readsLog }
  }
  const nothing = { manages: false, invites: '', admits: '', switches: false, readsLog: false }
  const all = { manages: true, invites: 'drafter commenter observer coordinator', admits: 'commenter observer', switches: true, readsLog: true }
  expect(offered(who('coordinator'))).toEqual(all)
  expect(offered(who('coordinator'), { switches: ['guests-draft'] })).toEqual({ ...all, admits: 'drafter commenter observer' })
  expect(offered(who('coordinator'), { status: 'archived' })).toEqual({ ...all, invites: '', admits: '' })
  for (const role of ['drafter', 'commenter', 'observer'] as const) expect(offered(who(role)), role).toEqual(nothing)
  const mayAdmit: Partial<GroupDetails> = { switches: ['drafters-make-guest-links'] }
  expect(offered(who('drafter'), mayAdmit)).toEqual({ ...nothing, admits: 'commenter observer' })
  for (const role of ['commenter', 'observer'] as const) expect(offered(who(role), mayAdmit), role).toEqual(nothing)
  // An administrator brings people in, but no coordinator by an invitation, and neither switches rights nor reads the log.
  expect(offered(who(null, true))).toEqual({ ...nothing, manages: true, invites: 'drafter commenter observer' })
  expect(offered(who(null))).toEqual(nothing)
  expect(standingIn(who('coordinator'), 'g', null).invitesAs, 'while nothing is known of the group').toEqual([])
})

test('a name is the one in the language of the pages, or what there is', () => {
  const names = { 'en': 'Open Door', 'fr': 'Porte ouverte', 'zh-Hant': '開門' }
  expect(nameIn(names, 'fr')).toEqual({ name: 'Porte ouverte', language: 'fr' })
  expect(nameIn(names, 'zh')).toEqual({ name: '開門', language: 'zh-Hant' })
  expect(nameIn(names, 'ar')).toEqual({ name: 'Open Door', language: 'en' })
  expect(nameIn({ sw: 'Mlango Wazi' }, 'ar')).toEqual({ name: 'Mlango Wazi', language: 'sw' })
  expect(nameIn({}, 'ar').name).toBe('')
})

test('States are named, and in order, in each language; a code without a name stands for itself', () => {
  const states = statesIn('fr')
  expect(states).toHaveLength(195)
  expect(new Set(states.map(([, name]) => name)).size).toBe(195)
  expect(states.filter(([code, name]) => code === name)).toEqual([])
  const names = states.map(([, name]) => name)
  expect([...names].sort(new Intl.Collator('fr').compare)).toEqual(names)
  expect(stateName('XV', 'fr')).toBe('XV')
  expect(stateName('?', 'fr')).toBe('?')
  expect(statesIn('en', ['XV']).some(([code]) => code === 'XV')).toBe(true)
})

test('themes are what stands between commas, in Arabic, too', () => {
  expect(partsOf(' torture, ,freedom of association,')).toEqual(['torture', 'freedom of association'])
  expect(partsOf('التعذيب، السكن')).toEqual(['التعذيب', 'السكن'])
  expect(partsOf(' ')).toEqual([])
})
