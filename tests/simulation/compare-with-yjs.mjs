// Gives what `adversarial --accepted FILE` wrote to yjs itself, update by update: after each the same text as yrs had;
// at the end the same text and notes, also in a copy that yjs loads from the whole state, and nothing pending.
// Usage: node compare-with-yjs.mjs FILE
import { createReadStream } from 'node:fs'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'

const require = createRequire(new URL('../interop/package.json', import.meta.url))
const Y = require('yjs')

/** FNV-1a over UTF-16. */
function hash (text) {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

const sorted = (notes) => JSON.stringify(Object.fromEntries(Object.entries(notes).sort()))

let passed = 0
let failed = 0
let documents = 0

/** What yjs reads otherwise, if anything. */
function difference ({ start, steps, state, text, notes }) {
  const doc = new Y.Doc()
  const body = doc.getText('body')
  Y.applyUpdate(doc, Buffer.from(start, 'hex'))
  for (const [update, expected, isForged] of steps) {
    Y.applyUpdate(doc, Buffer.from(update, 'hex'))
    if (hash(body.toString()) !== expected) return `another text after ${update}: ${JSON.stringify(body.toString())}`
    passed += isForged
  }
  const loaded = new Y.Doc()
  Y.applyUpdate(loaded, Buffer.from(state, 'hex'))
  for (const [copy, called] of [[doc, 'the live copy'], [loaded, 'the copy loaded from the state']]) {
    if (copy.store.pendingStructs !== null || copy.store.pendingDs !== null) return `something waits in ${called}`
    const read = copy.getText('body').toString()
    if (read !== text) return `${called} is ${JSON.stringify(read)}, not ${JSON.stringify(text)}`
    const readNotes = sorted(copy.getMap('notes').toJSON())
    if (readNotes !== sorted(notes)) return `the notes of ${called} are ${readNotes}, not ${sorted(notes)}`
  }
}

for await (const line of createInterface({ input: createReadStream(process.argv[2]) })) {
  const told = JSON.parse(line)
  documents += 1
  const differs = difference(told)
  if (differs !== undefined) {
    failed += 1
    if (failed <= 10) console.log(`document ${told.seed}: ${differs}`)
  }
}
console.log(`yjs ${require('yjs/package.json').version}: ${passed} forged updates on ${documents} documents read as yrs does, ${failed} documents differ`)
process.exit(passed > 0 && failed === 0 ? 0 : 1)
