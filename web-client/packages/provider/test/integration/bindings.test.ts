// @vitest-environment happy-dom
/// <reference types="node" />
// The bindings people use with y-websocket, unchanged, on our provider and a real server.
import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { Schema } from 'prosemirror-model'
import { EditorState as ProseMirrorState } from 'prosemirror-state'
import { EditorView as ProseMirrorView } from 'prosemirror-view'
import Quill from 'quill'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { yCollab } from 'y-codemirror.next'
import { initProseMirrorDoc, yCursorPlugin, ySyncPlugin, yUndoPlugin } from 'y-prosemirror'
import { QuillBinding } from 'y-quill'
import { converged, openClient, openWorld, type Client, type World } from './support/client.ts'

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 })

const schema = new Schema({
  nodes: {
    doc: { content: 'paragraph+' },
    paragraph: { content: 'text*', toDOM: () => ['p', 0] },
    text: {},
  },
})

let world: World
beforeAll(async () => { world = await openWorld() })
afterAll(() => world?.stop())

/** Two people in one document, as the body of a statement or as one of any kind. */
async function pair(): Promise<[Client, Client]> {
  const document = await world.newDocument()
  const open = (name: string) => {
    const client = openClient(world.server.address, {
      document,
      token: world.token(name),
      // The page of these tests is of no origin that the server knows.
      fetch: () => Promise.reject(new Error('another origin')),
    })
    client.provider.awareness.setLocalStateField('user', { name, color: '#aa0000' })
    return client
  }
  const clients = [open('ana'), open('ben')] as [Client, Client]
  await Promise.all(clients.map(client => client.synced()))
  return clients
}

function element(): HTMLElement {
  const host = document.createElement('div')
  document.body.append(host)
  onTestFinished(() => host.remove())
  return host
}

/** Whoever has put a cursor somewhere is seen by the other with a name. */
const seesCursorOf = (one: Client, other: Client) => one.until('sees the other', () => {
  const state = one.provider.awareness.getStates().get(other.doc.clientID)
  return state?.cursor && state.user.name
})

test('y-quill', async () => {
  const [ana, ben] = await pair()
  const [anas, bens] = [ana, ben].map(({ doc, provider }) => {
    const quill = new Quill(element())
    const binding = new QuillBinding(doc.getText('body'), quill, provider.awareness)
    onTestFinished(() => binding.destroy())
    return quill
  }) as [Quill, Quill]
  anas.insertText(0, 'Joint statement', { bold: true }, 'user')
  await ben.reads('Joint statement')
  bens.formatLine(0, 1, 'header', 1, 'user')
  await ana.until('a heading', () => anas.getFormat(0, 1).header === 1)
  await converged(ana, ben)
  expect(anas.getContents()).toEqual(bens.getContents())
  await Promise.all([ana.saved(), ben.saved()])
})

test('y-prosemirror', async () => {
  const [ana, ben] = await pair()
  const [anas, bens] = [ana, ben].map(({ doc, provider }) => {
    const type = doc.getXmlFragment('prosemirror')
    const { doc: start, mapping } = initProseMirrorDoc(type, schema)
    const view = new ProseMirrorView(element(), {
      state: ProseMirrorState.create({
        doc: start,
        schema,
        plugins: [ySyncPlugin(type, { mapping }), yCursorPlugin(provider.awareness), yUndoPlugin()],
      }),
    })
    onTestFinished(() => view.destroy())
    return view
  }) as [ProseMirrorView, ProseMirrorView]
  anas.dispatch(anas.state.tr.insert(0, schema.node('paragraph', null, [schema.text('We, the undersigned')])))
  await ben.until('the words', () => bens.state.doc.textContent === 'We, the undersigned')
  bens.dispatch(bens.state.tr.insertText(' organisations', bens.state.doc.content.size - 1))
  await ana.until('both', () => anas.state.doc.textContent === 'We, the undersigned organisations')
  await Promise.all([ana.saved(), ben.saved()])
  expect(anas.state.doc.toJSON()).toEqual(bens.state.doc.toJSON())
})

test('y-codemirror.next', async () => {
  const [ana, ben] = await pair()
  const [anas, bens] = [ana, ben].map(({ doc, provider }) => {
    const text = doc.getText('markdown')
    const view = new EditorView({
      parent: element(),
      state: EditorState.create({ doc: text.toString(), extensions: [yCollab(text, provider.awareness)] }),
    })
    onTestFinished(() => view.destroy())
    return view
  }) as [EditorView, EditorView]
  anas.dispatch({ changes: { from: 0, insert: '# Joint statement' } })
  await ben.until('the words', () => bens.state.doc.toString() === '# Joint statement')
  bens.dispatch({ changes: { from: 0, to: 1, insert: '##' } })
  await ana.until('the change', () => anas.state.doc.toString() === '## Joint statement')
  await Promise.all([ana.saved(), ben.saved()])
})

test('an application written for y-websocket finds what it looks for', async () => {
  const [ana, ben] = await pair()
  const { provider } = ana
  expect([provider.wsconnected, provider.wsconnecting, provider.shouldConnect, provider.synced])
    .toEqual([true, false, true, true])
  expect([provider.doc, provider.roomname]).toEqual([ana.doc, provider.document])
  const told: unknown[] = []
  provider.on('status', event => told.push(event))
  provider.on('sync', isSynced => told.push(isSynced))
  provider.on('connection-close', event => told.push(event))
  provider.disconnect()
  expect(told).toEqual([{ status: 'disconnected' }, false, null])
  expect(provider.shouldConnect).toBe(false)
  told.length = 0
  provider.connect()
  await ana.synced()
  expect(told).toEqual([{ status: 'connecting' }, { status: 'connected' }, true])
  ana.provider.awareness.setLocalStateField('cursor', { anchor: null, head: null })
  await seesCursorOf(ben, ana)
})
