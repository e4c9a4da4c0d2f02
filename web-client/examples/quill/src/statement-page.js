// One statement: its text, who is here, and how things stand with the server.

import { QuillBinding } from 'y-quill'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import * as api from './api.js'
import { account, brand } from './brand.js'
import { watchConnection } from './connection.js'
import { element } from './element.js'
import { lockUnknown, showEmbeds } from './embeds.js'
import { Quill } from './formats.js'
import { bePresent } from './presence.js'
import { toolbar } from './toolbar.js'
import { KINDS, ROLES, STAGES, whyReadOnly } from './words.js'

// Stock y-websocket clients are not told when their role or the stage changes, so the page asks.
const ASK_AGAIN_MS = 20_000

export function statementPage({ me, statement, session, signOut }) {
  const { user } = me
  const doc = new Y.Doc()
  const text = doc.getText('body')
  const server = new URL('sync', location.href)
  server.protocol = server.protocol.replace('http', 'ws')
  server.hash = server.search = ''
  const provider = new WebsocketProvider(server.href, statement.documents.body, doc, {
    // Tabs of one browser get each other's words through the server too: what is shown is on its disk.
    disableBc: true,
  })
  const presence = bePresent(provider.awareness, user)

  const status = element('span', { class: 'connection', role: 'status' })
  const note = element('p', { class: 'note', hidden: true })
  const stage = element('span', { class: 'stage' })
  const tools = element('div', { class: 'tools' })
  const surface = element('div', { class: 'surface', 'data-kind': statement.kind })
  const loading = element('p', { class: 'loading' }, 'Fetching the text…')
  const notes = element('ol')
  const notesSection = element('section', { class: 'notes', hidden: true }, element('h2', {}, 'Notes'), notes)

  let editor
  let isOver = false
  let isLate = false

  const showAccess = () => {
    const why = whyReadOnly(statement)
    note.textContent = why ?? ''
    if (why && isLate) {
      note.append(' Your last words came after that and were not taken; they are in this page only. ', copyButton())
    }
    note.hidden = !why
    stage.textContent = STAGES[statement.stage] ?? statement.stage
    stage.dataset.stage = statement.stage
    if (editor) {
      const canWrite = !why && !isOver
      editor.quill.enable(canWrite)
      editor.quill.root.setAttribute('aria-readonly', String(!canWrite))
      tools.hidden = !canWrite
    }
  }

  const connection = watchConnection(provider, ({ state, text, isFinal }) => {
    status.textContent = text
    status.dataset.state = state
    if (isFinal && !isOver) {
      isOver = true
      showAccess()
      note.hidden = false
      note.replaceChildren(`${text} What is on this page stays here until you leave it. `, copyButton(), reloadButton())
    }
  })

  const copyButton = () =>
    element('button', { type: 'button', onclick: () => navigator.clipboard.writeText(text.toString()) }, 'Copy the text')
  const reloadButton = () =>
    element('button', { type: 'button', onclick: () => location.reload() }, 'Open again')

  async function ask() {
    if (isOver) return
    let now
    try {
      now = await api.me()
    } catch (error) {
      if (error.status === 401) connection.end('You are no longer signed in.')
      return
    }
    if (now.user.id !== user.id) return connection.end(`This browser is now signed in as ${now.user.name}.`)
    const found = now.statements.find(({ id }) => id === statement.id)
    if (!found) return connection.end('This statement is not here, or not for you.')
    const isFixedNow = statement.access === 'write' && found.access === 'read'
    statement = found
    showAccess()
    if (isFixedNow) await sayWhatCameTooLate().catch(() => {})
  }

  // Words typed after the text was fixed and before this page knew are in this page only. If the text is opened
  // again while the page is open, they go to the server then.
  async function sayWhatCameTooLate() {
    const onServer = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(await api.documentState(statement.documents.body)))
    const here = Y.decodeStateVector(Y.encodeStateVector(doc))
    isLate = [...here].some(([client, clock]) => clock > (onServer.get(client) ?? 0))
    showAccess()
  }

  // The editor is made when the text is here: an empty one would show a line that the text does not have.
  const open = isSynced => {
    if (!isSynced || editor) return
    loading.remove()
    editor = makeEditor({ surface, text, awareness: provider.awareness, title: statement.title })
    tools.append(toolbar(editor.quill, editor.undoManager))
    nameMovingCursors(provider.awareness, editor.quill.getModule('cursors'))
    const show = () => showEmbeds(editor.quill.root, doc, notes)
    editor.quill.on('text-change', show)
    doc.getMap('notes').observeDeep(show)
    doc.getMap('tables').observeDeep(show)
    surface.addEventListener('click', event => goToNote(event, notes))
    show()
    showAccess()
  }
  provider.on('sync', open)

  const timer = setInterval(ask, ASK_AGAIN_MS)
  const onVisible = () => document.visibilityState === 'visible' && ask()
  document.addEventListener('visibilitychange', onVisible)
  const onStatus = ({ status }) => status === 'connected' && editor && ask()
  provider.on('status', onStatus)
  const onSession = ({ data }) => {
    if (data.id === user.id) return
    connection.end(data.name ? `This browser is now signed in as ${data.name}.` : 'You are no longer signed in.')
  }
  session.addEventListener('message', onSession)
  const onLeave = event => {
    if (connection.hasUnsent()) event.preventDefault()
  }
  window.addEventListener('beforeunload', onLeave)

  showAccess()
  return {
    title: statement.title,
    element: element(
      'div',
      { class: 'page' },
      element(
        'header',
        { class: 'bar' },
        brand(),
        element(
          'div',
          { class: 'heading' },
          element('h1', { dir: 'auto' }, statement.title),
          element(
            'p',
            { class: 'facts' },
            stage,
            element('span', {}, KINDS[statement.kind] ?? statement.kind),
            element('span', { dir: 'auto' }, statement.group.name),
            element('span', {}, ROLES[statement.group.role] ?? statement.group.role),
          ),
        ),
        account({ me, signOut }),
      ),
      element('section', { class: 'strip', 'aria-label': 'Tools and people' }, tools, presence.element, status),
      element('main', { class: 'sheet' }, note, loading, surface, notesSection),
    ),
    close() {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', onVisible)
      session.removeEventListener('message', onSession)
      window.removeEventListener('beforeunload', onLeave)
      editor?.binding.destroy()
      provider.destroy()
      doc.destroy()
    },
  }
}

function makeEditor({ surface, text, awareness, title }) {
  // Before the binding's own observer, so that Quill has a blot for whatever arrives.
  text.observe(event => lockUnknown(event.delta))
  lockUnknown(text.toDelta())
  let undoManager
  const undo = () => (undoManager.undo(), false)
  const redo = () => (undoManager.redo(), false)
  const quill = new Quill(surface, {
    modules: {
      // The binding moves the cursors of others itself, by what they point at; moving them twice goes astray.
      cursors: { transformOnTextChange: false },
      // Quill's own would take back what others wrote.
      history: { maxStack: 0 },
      // Nothing but text comes in by dropping or pasting.
      uploader: { handler() {} },
      keyboard: {
        bindings: {
          // Tab moves on to the next control, as everywhere; lines are indented by Ctrl ] and Ctrl [.
          tab: null,
          'remove tab': null,
          indent: null,
          outdent: null,
          deeper: { key: ']', shortKey: true, handler: () => (quill.format('indent', '+1', 'user'), false) },
          shallower: { key: '[', shortKey: true, handler: () => (quill.format('indent', '-1', 'user'), false) },
          undo: { key: 'z', shortKey: true, shiftKey: false, handler: undo },
          redo: { key: 'z', shortKey: true, shiftKey: true, handler: redo },
          'redo too': { key: 'y', shortKey: true, handler: redo },
        },
      },
    },
  })
  quill.root.setAttribute('role', 'textbox')
  quill.root.setAttribute('aria-multiline', 'true')
  quill.root.setAttribute('aria-label', title)
  quill.root.setAttribute('spellcheck', 'true')
  const binding = new QuillBinding(text, quill, awareness)
  undoManager = new Y.UndoManager(text, { trackedOrigins: new Set([binding]) })
  return { quill, binding, undoManager }
}

// A name stays a moment when its cursor has moved, then leaves the line above readable again.
const NAME_SHOWN_MS = 4_000

function nameMovingCursors(awareness, cursors) {
  const hiding = new Map()
  awareness.on('change', ({ added, updated }) => {
    for (const client of [...added, ...updated]) {
      const id = String(client)
      clearTimeout(hiding.get(id))
      cursors.toggleFlag(id, true)
      hiding.set(id, setTimeout(() => cursors.toggleFlag(id, false), NAME_SHOWN_MS))
    }
  })
}

function goToNote(event, notes) {
  const number = event.target.closest?.('.footnote')
  const note = number && [...notes.children].find(item => item.dataset.note === number.dataset.footnote)
  if (!note) return
  note.scrollIntoView({ block: 'center' })
  note.focus({ preventScroll: true })
}
