// What is put on an old laptop, and how it is timed there: the same for every editor.

import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as Y from 'yjs'

const WEB_CLIENT = fileURLToPath(new URL('../../../web-client/', import.meta.url))

/**
 * Runs in a page before anything of it. `openedMs`: when a long text that can be typed in had been painted. `times`: of
 * each key, from its event to the end of the frame that shows it. Milliseconds of the clock on the wall.
 */
export function watchText() {
  const LINES_MIN = 100
  // One channel for all: a new one would cost a slow page more than a millisecond of what is measured.
  const { port1, port2 } = new MessageChannel()
  const waiting = []
  port1.onmessage = () => waiting.shift()(performance.now())
  const afterFrame = done => {
    waiting.push(done)
    port2.postMessage(null)
  }
  const isThere = () =>
    [...document.querySelectorAll('.ProseMirror')].some(text => text.isContentEditable && text.childElementCount > LINES_MIN)
  const look = () => {
    if (isThere()) afterFrame(at => (globalThis.openedMs = at))
    else requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
  globalThis.times = []
  const onKey = event => requestAnimationFrame(() => afterFrame(at => globalThis.times.push(at - event.timeStamp)))
  addEventListener('keydown', onKey, true)
}

/** Makes the text of `doc` what `state` says, as a co-author who pastes it would. */
export function pasteState(doc, state) {
  const source = new Y.Doc()
  Y.applyUpdate(source, state)
  doc.transact(() => {
    const body = doc.getText('body')
    body.delete(0, body.length)
    for (const [id, note] of source.getMap('notes')) doc.getMap('notes').set(id, note.clone())
    for (const [id, table] of source.getMap('tables')) doc.getMap('tables').set(id, table.clone())
    body.applyDelta(source.getText('body').toDelta(), { sanitize: false })
  })
}

/** Types a letter at `part` of the text, or goes on where this one typed before, and shows their cursor there. */
export function typeLetter({ doc, provider: { awareness } }, part, letter) {
  const text = doc.getText('body')
  const { cursor } = awareness.getLocalState() ?? {}
  const place = cursor && Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(cursor.head), doc)
  const index = place?.index ?? Math.floor(text.length * part)
  text.insert(index, letter)
  const at = Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index + 1))
  awareness.setLocalStateField('cursor', { anchor: at, head: at })
}

/** Runs in a page: whether it has put anything of a text into its store. */
export async function hasKept() {
  for (const { name } of await indexedDB.databases()) {
    const count = await new Promise(done => {
      const opening = indexedDB.open(name)
      opening.onerror = () => done(0)
      opening.onsuccess = () => {
        const database = opening.result
        if (!database.objectStoreNames.contains('updates')) return database.close(), done(0)
        const counting = database.transaction('updates').objectStore('updates').count()
        counting.onsuccess = () => (database.close(), done(counting.result))
        counting.onerror = () => (database.close(), done(0))
      }
    })
    if (count > 0) return true
  }
  return false
}

/**
 * The pages as the sources have them, built anew, on a server of its own in front of the demo's: for whoever works on
 * them and would not wait for the binary.
 */
export async function serveFreshPages(demo) {
  const vite = await import(pathToFileURL(createRequire(join(WEB_CLIENT, 'package.json')).resolve('vite')))
  const outDir = mkdtempSync(join(tmpdir(), 'plenary-pages-'))
  const root = join(WEB_CLIENT, 'packages/app')
  const common = { root, configFile: join(root, 'vite.config.ts'), logLevel: 'error' }
  await vite.build({ ...common, build: { outDir, emptyOutDir: true } })
  const proxy = { '/api': { target: demo.address }, '/sync': { target: demo.address, ws: true } }
  const server = await vite.preview({ ...common, build: { outDir }, preview: { host: '127.0.0.1', port: 4710, proxy } })
  const origin = `http://127.0.0.1:${server.httpServer.address().port}`
  return {
    origin,
    async stop() {
      server.httpServer.closeAllConnections?.()
      await server.close()
      rmSync(outDir, { recursive: true, force: true })
    },
  }
}

/** The value below which `part` of `values` is. */
export function share(values, part) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
}
