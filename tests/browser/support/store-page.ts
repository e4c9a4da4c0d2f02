// The page of the store's tests: documents of accounts, kept by the store alone, without a server.

import * as Y from 'yjs'
import { AccountStore } from '../../../web-client/packages/provider/src/store/account-store.ts'
import { StoreError } from '../../../web-client/packages/provider/src/store/store-error.ts'

const accounts = new Map<string, AccountStore>()

function account(name: string): AccountStore {
  const known = accounts.get(name) ?? AccountStore.open(name)
  accounts.set(name, known)
  return known
}

const codeOf = (error: unknown) => (error instanceof StoreError ? error.code : String(error))

async function open(name: string, document: string) {
  const doc = new Y.Doc()
  const body = doc.getText('body')
  const store = account(name).document(document)
  const troubles: (string | null)[] = []
  const appends: Promise<unknown>[] = []
  store.onTrouble(trouble => troubles.push(trouble?.code ?? null))
  store.onUpdate(update => Y.applyUpdate(doc, update, store))
  doc.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin !== store) appends.push(store.append(update).then(() => null, codeOf))
  })
  const loadFailed = await store.load(() => Y.encodeStateAsUpdate(doc)).then(({ updates }) => {
    for (const update of updates) Y.applyUpdate(doc, update, store)
    return null
  }, codeOf)
  return {
    loadFailed,
    troubles,
    text: () => body.toString(),
    /** Types at the end; resolves to null or the code of the failure. */
    type(words: string) {
      body.insert(body.length, words)
      return appends.at(-1)
    },
    /** Types what no database can compress. */
    typeNoise(length: number) {
      const noise = Array.from({ length }, () => String.fromCharCode(33 + Math.floor(90 * Math.random()))).join('')
      body.insert(body.length, noise)
      return appends.at(-1)
    },
    acknowledge: () => store.acknowledge(Y.encodeSnapshot(Y.snapshot(doc))),
    close: () => store.close(),
    stateBytes: () => Y.encodeStateAsUpdate(doc).length,
    /** Writes a document of about `words` words, as people do: words at a cursor that moves, and some taken back. */
    async draft(edits: number, lengthMax: number) {
      let cursor = 0
      for (let edit = 0; edit < edits; edit++) {
        if (edit % 50 === 0) cursor = Math.floor((body.length * ((edit * 7919) % 100)) / 100)
        cursor = Math.min(cursor, body.length)
        if (body.length > lengthMax || edit % 9 === 8) {
          const length = Math.min(4, cursor)
          cursor -= length
          body.delete(cursor, length)
        } else {
          body.insert(cursor, 'word ')
          cursor += 5
        }
        // Several edits fall into one write, as when others type too.
        if (edit % 4 === 0) await appends.at(-1)
      }
      return Promise.all(appends).then(ends => ends.filter(end => end !== null).length)
    },
  }
}

/** Rows and their bytes, counted past the store. */
async function rows(name: string) {
  const request = indexedDB.open(`plenary:${name}`)
  // Looking must not make a database where there is none.
  request.onupgradeneeded = () => request.transaction!.abort()
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  let [count, bytes] = [0, 0]
  for (const store of database.objectStoreNames) {
    await new Promise<void>(resolve => {
      const cursor = database.transaction(store).objectStore(store).openCursor()
      cursor.onsuccess = () => {
        if (cursor.result === null) return resolve()
        count += 1
        bytes += cursor.result.value instanceof Uint8Array ? cursor.result.value.length : JSON.stringify(cursor.result.value).length
        cursor.result.continue()
      }
    })
  }
  database.close()
  return { count, bytes }
}

const opened: Record<string, Awaited<ReturnType<typeof open>>> = {}
Object.assign(window, { plenary: { account, open, rows, codeOf, opened } })
