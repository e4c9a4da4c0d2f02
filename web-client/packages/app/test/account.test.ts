// @vitest-environment happy-dom
import { beforeEach, expect, test } from 'vitest'
import { chooseDevice, device, factsOf, keptStatements, remember, rememberedUser, storeOf } from '../src/account.ts'
import type { Statement, User } from '../src/api.ts'
import type { AccountStore } from '@plenary/provider/store'

const ana: User = { id: 'u1', name: 'Ana', email: 'ana@ngo.example', administrator: false }

const statement: Statement = {
  id: 's1',
  title: 'Joint submission',
  kind: 'joint-submission',
  stage: 'draft',
  group: { id: 'g1', name: 'Coalition', role: 'drafter' },
  documents: { body: 'd1', comments: 'd2' },
  access: 'write',
}

beforeEach(() => localStorage.clear())

test('nothing is kept before somebody has said that this is their own computer', async () => {
  expect(device()).toBe('shared')
  remember(ana)
  expect(rememberedUser()).toBe(null)
  expect(await storeOf(ana)).toBe(null)
})

test('on an own computer the page knows without a line who works here', () => {
  chooseDevice('own')
  remember(ana)
  expect(rememberedUser()).toEqual(ana)
})

test('a computer that becomes shared no longer tells who was here', () => {
  chooseDevice('own')
  remember(ana)
  chooseDevice('shared')
  expect(rememberedUser()).toBe(null)
})

test('a kept document is listed without a line as it was listed with one', async () => {
  const { title, ...details } = factsOf(statement)
  const store = { documents: async () => [{ document: 'd1', title, details, openedAt: 0 }] } as unknown as AccountStore
  expect(await keptStatements(store)).toEqual([statement])
})

test('what another program kept under the account is no statement', async () => {
  const store = { documents: async () => [{ document: 'd9', title: '', details: {}, openedAt: 0 }] } as unknown as AccountStore
  expect(await keptStatements(store)).toEqual([])
})
