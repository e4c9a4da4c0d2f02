import { expect, test } from 'vitest'
import type { SaveState } from '@plenary/provider'
import { ar } from '../src/messages/ar.ts'
import { en } from '../src/messages/en.ts'
import { es } from '../src/messages/es.ts'
import { fr } from '../src/messages/fr.ts'
import { bannersFor, type Facts, statusFor } from '../src/situation.ts'

const calm: Facts = {
  line: 'connected',
  isAwayLong: false,
  isDeviceOffline: false,
  saveState: 'saved',
  pending: false,
  isShown: true,
  isSynced: true,
  mayWrite: true,
  access: 'write',
  keeps: true,
  trouble: null,
  denial: null,
  tokenTrouble: null,
  isToldAround: false,
  isStuck: false,
  isReplaced: false,
  replacedBy: null,
}
const away: Facts = { ...calm, line: 'disconnected', isAwayLong: true, isSynced: false, pending: true, saveState: 'on-this-device' }
const words = (facts: Facts) => bannersFor(facts, en).map(banner => banner.words)

test('every state of the words has words of its own, and only one of them says saved', () => {
  const states: SaveState[] = ['saved', 'saving', 'on-this-device', 'not-kept', 'refused', 'replaced', 'unconfirmed']
  const said = states.map(saveState => statusFor({ ...calm, pending: saveState !== 'saved', saveState }, en).words)
  expect(new Set(said).size).toBe(states.length)
  expect(said.filter(one => /^saved/i.test(one))).toEqual(['Saved'])
})

test('a text that is only being opened is not called saving', () => {
  expect(statusFor({ ...calm, saveState: 'saving', line: 'connecting' }, en).words).toBe('Opening…')
  expect(statusFor({ ...calm, saveState: 'saving', pending: true }, en).words).toBe('Saving…')
})

test('without a line, all being saved before, nobody is told that it is saved now', () => {
  const facts: Facts = { ...away, pending: false, saveState: 'saved' }
  expect(statusFor(facts, en)).toEqual({ words: en.noLine, tone: 'warn' })
})

test('nothing stands above the text while all is well', () => {
  expect(bannersFor(calm, en)).toEqual([])
})

test('a line that comes back at once is not spoken of', () => {
  expect(bannersFor({ ...away, isAwayLong: false }, en)).toEqual([])
})

test('without a line the banner says what becomes of the words, which depends on where they are kept', () => {
  expect(words(away)).toEqual([`${en.noLine} ${en.away.kept}`])
  expect(words({ ...away, keeps: false })).toEqual([`${en.noLine} ${en.away['not-kept']}`])
  expect(words({ ...away, isDeviceOffline: true })).toEqual([`${en.offline} ${en.away.kept}`])
  expect(words({ ...away, mayWrite: false })).toEqual([`${en.noLine} ${en.away.nothing}`])
  expect(words({ ...away, isShown: false })).toEqual([`${en.noLine} ${en.waitingForLine}`])
  expect(bannersFor(away, en)[0]).toMatchObject({ counts: true, action: { does: 'connect' } })
})

test('a sign-in that is missing is not called a missing line', () => {
  expect(words({ ...away, tokenTrouble: 'none' })).toEqual([en.signInNeeded])
  expect(words({ ...away, tokenTrouble: 'none', isToldAround: true })).toEqual([])
  expect(words({ ...away, tokenTrouble: 'failed' })).toEqual([`${en.tokenFailed} ${en.away.kept}`])
  // While the line lives, the words are still saved; but soon no longer.
  expect(words({ ...calm, tokenTrouble: 'none' })).toEqual([en.signInNeeded])
  expect(statusFor({ ...away, pending: false, saveState: 'saved', tokenTrouble: 'none' }, en).words).toBe(en.signedOut)
  expect(statusFor({ ...calm, tokenTrouble: 'none' }, en).words).toBe('Saved')
  // Nor is one that the server does not take.
  const rejected: Facts = { ...away, pending: false, denial: { reason: 'bad-token', isFinal: true } }
  expect(statusFor({ ...rejected, saveState: 'saved' }, en).words).toBe(en.signedOut)
  expect(statusFor({ ...rejected, saveState: 'saving', isShown: false }, en).words).toBe(en.signedOut)
})

test('a device that keeps nothing says so, even while there is a line', () => {
  expect(words({ ...calm, trouble: 'quota' })).toEqual([en.storageFull])
  expect(words({ ...calm, trouble: 'no-storage' })).toEqual([en.noStorage])
  expect(words({ ...calm, keeps: false, trouble: 'no-storage' })).toEqual([])
  expect(words({ ...away, trouble: 'quota' })).toEqual([`${en.noLine} ${en.away['not-kept']}`, en.storageFull])
})

test('whoever is not let in is told why, and that comes before the missing line', () => {
  const denied = (reason: string) => words({ ...away, denial: { reason, isFinal: true } })
  expect(denied('bad-token')).toEqual([en.signInNeeded])
  expect(denied('not-found')).toEqual([en.notFound])
  expect(denied('removed')).toEqual([en.removed])
  expect(denied('refused')).toEqual([en.denied])
})

test('a replaced text offers the new one and nothing else', () => {
  const facts: Facts = { ...away, isReplaced: true, replacedBy: 'd2', denial: { reason: 'replaced', isFinal: true } }
  expect(bannersFor(facts, en)).toMatchObject([{ words: en.replaced, action: { does: 'open-new', label: en.openNew } }])
})

test('where the new text is not known, nobody is promised it', () => {
  const facts: Facts = { ...away, isReplaced: true, denial: { reason: 'replaced', isFinal: true } }
  expect(bannersFor(facts, en)).toMatchObject([{ words: en.replacedUnknown, action: { does: 'open-new', label: en.lookAgain } }])
})

test('every language has all words, and none is left in English', () => {
  const flat = (table: object, path = ''): [string, unknown][] =>
    Object.entries(table).flatMap(([key, value]) =>
      typeof value === 'object' ? flat(value as object, `${path}${key}.`) : [[path + key, value] as [string, unknown]])
  const english = new Map(flat(en))
  for (const [language, table] of Object.entries({ ar, es, fr })) {
    const words = new Map(flat(table))
    expect([...words.keys()].sort(), language).toEqual([...english.keys()].sort())
    const same = [...words].filter(([key, value]) => typeof value === 'string' && value === english.get(key))
    expect(same, language).toEqual([])
  }
})

test('a text that holds what the server does not take can be left for what the server has', () => {
  const refused: Facts = { ...calm, pending: true, saveState: 'refused', isStuck: true }
  expect(bannersFor(refused, en).map(({ words, action }) => [words, action?.does])).toEqual([[en.stuck, 'start-afresh']])
  // For want of space there it is only asked again.
  expect(bannersFor({ ...refused, isStuck: false }, en)).toEqual([])
  // It came in after all.
  expect(bannersFor({ ...refused, saveState: 'saved' }, en)).toEqual([])
  expect(bannersFor({ ...refused, line: 'disconnected', isAwayLong: true }, en).map(({ key }) => key)).toEqual(['stuck', 'away'])
})
