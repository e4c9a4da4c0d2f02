// Tabs that type, close and crash on a device whose disk fills, whose connections break and whose storage is cleared.

import { expect, test } from 'vitest'
import type { IndexedDocumentStore } from '../../src/store/indexed-document-store.ts'
import { randomFrom } from '../random.ts'
import { Device, type Tab } from './device.ts'

const SEEDS = 20
const STEPS = 40

test('what an append promised is there when the document is opened again, whatever went wrong', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await simulate(seed)
}, 60_000)

async function simulate(seed: number): Promise<void> {
  const random = randomFrom(seed)
  const pick = <T>(from: T[]): T => from[Math.floor(random() * from.length)]!
  const device = new Device()
  const promised = new Map<string, Tab>()
  const tabs = new Set<Tab>()
  let words = 0

  const open = async () => void tabs.add(await device.tab())
  const type = (tab: Tab) => {
    const word = `w${++words}.`
    void tab.type(word).then(error => error === null && promised.set(word, tab))
  }
  const settle = () => Promise.all([...tabs].map(tab => (tab.store as IndexedDocumentStore).settled()))

  await open()
  for (let step = 0; step < STEPS; step++) {
    const chance = random()
    if (chance < 0.6) type(pick([...tabs]))
    else if (chance < 0.68) await settle()
    else if (chance < 0.74 && tabs.size < 3 && device.fault === null) await open()
    else if (chance < 0.8 && tabs.size > 1) {
      const tab = pick([...tabs])
      await (tab.store as IndexedDocumentStore).settled()
      // A tab that said its words are not kept takes them along; so they were no promise.
      if ((tab.troubles.at(-1) ?? null) !== null) {
        for (const [word, by] of promised) if (by === tab) promised.delete(word)
      }
      await tab.store.close()
      tabs.delete(tab)
    } else if (chance < 0.86) device.fault = pick(['quota', 'abort', null, null])
    else if (chance < 0.92) device.loseConnections()
    else if (chance < 0.96) {
      // What tabs that are gone wrote is gone with the storage, unless another tab has it.
      for (const [word, by] of promised) if (!tabs.has(by)) promised.delete(word)
      await device.clear()
      await settle()
    }
  }
  device.fault = null
  for (const tab of tabs) type(tab)
  await settle()

  const again = await device.tab()
  for (const word of promised.keys()) expect(again.text, `seed ${seed}`).toContain(word)
  for (const tab of tabs) {
    expect(tab.troubles.at(-1) ?? null, `seed ${seed}`).toBeNull()
    for (const word of tab.text.match(/w\d+\./g) ?? []) expect(again.text, `seed ${seed}`).toContain(word)
  }
  for (const { account } of [...tabs, again]) await account.close()
}
