// One page of `tests/browser/old-laptop.mjs`: somebody who writes on a slow machine, or the two others who write
// meanwhile in a window of their own. What they write goes from window to window.
//
//   ?kind=ours|plain &role=typist|others|maker|keeper &kept
//
// `kept`: the typist opens what a keeper put into the browser's store, by y-indexeddb.

import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'

/** An editor to be measured. */
export interface Kind {
  /** The state of a document with a text of so many words. */
  make(words: number): Uint8Array
  mount(place: HTMLElement, doc: Y.Doc, awareness: Awareness): void
  /** Types a letter for somebody elsewhere and puts their cursor behind it. */
  type(doc: Y.Doc, awareness: Awareness, who: number, letter: string): void
}

const query = new URLSearchParams(location.search)
const kindName = query.get('kind') ?? 'ours'
const kind: Kind = kindName === 'ours' ? (await import('./ours.ts')).ours : (await import('./plain.ts')).plain

type Message = { update: Uint8Array } | { presence: Uint8Array }

class Replica {
  readonly doc: Y.Doc
  readonly awareness: Awareness

  constructor(doc: Y.Doc, channel: BroadcastChannel) {
    this.doc = doc
    this.awareness = new Awareness(doc)
    const send = (message: Message) => channel.postMessage(message)
    this.doc.on('update', (update: Uint8Array, origin: unknown) => origin !== 'channel' && send({ update }))
    this.awareness.on('update', ({ updated }: { updated: number[] }, origin: unknown) => {
      if (origin !== 'channel') send({ presence: encodeAwarenessUpdate(this.awareness, updated) })
    })
    channel.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      if ('update' in data) Y.applyUpdate(this.doc, data.update, 'channel')
      else applyAwarenessUpdate(this.awareness, data.presence, 'channel')
    })
  }
}

async function fetched(): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(`/${kindName}.bin`)).arrayBuffer())
}

function docOf(state: Uint8Array): Y.Doc {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, state)
  return doc
}

async function kept(): Promise<Y.Doc> {
  const { IndexeddbPersistence } = await import('y-indexeddb')
  const doc = new Y.Doc()
  await new IndexeddbPersistence(kindName, doc).whenSynced
  return doc
}

async function typist(): Promise<void> {
  const doc = query.has('kept') ? await kept() : docOf(await fetched())
  const { awareness } = new Replica(doc, new BroadcastChannel(kindName))
  awareness.setLocalStateField('user', { name: 'Ilse Marenko', color: '#0b6e5b' })
  kind.mount(document.querySelector('main') as HTMLElement, doc, awareness)
}

/** As somebody who had the text open before: what they had then is in the store. */
async function keeper(): Promise<void> {
  Y.applyUpdate(await kept(), await fetched())
  // Reading comes after what is being written.
  await kept()
  Object.assign(globalThis, { isKept: true })
}

async function others(): Promise<void> {
  const state = await fetched()
  const both = ['Safiya Orrin', 'Dario Pell'].map((name, who) => {
    const replica = new Replica(docOf(state), new BroadcastChannel(kindName))
    replica.awareness.setLocalStateField('user', { name, color: ['#9a3d12', '#5b4bb7'][who] })
    return replica
  })
  const words = 'while others write in the same text '
  let at = 0
  setInterval(() => {
    both.forEach(({ doc, awareness }, who) => kind.type(doc, awareness, who, words[at % words.length] as string))
    at++
  }, 170)
}

const role = query.get('role')
if (role === 'typist') await typist()
else if (role === 'others') await others()
else if (role === 'keeper') await keeper()
else Object.assign(globalThis, { made: [...kind.make(5600)] })
