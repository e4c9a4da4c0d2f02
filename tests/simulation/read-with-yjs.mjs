// Reads the final states that `simulate --states DIR` wrote with yjs itself: the same text, and nothing pending.
// Usage: node read-with-yjs.mjs DIR
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(new URL('../interop/package.json', import.meta.url))
const Y = require('yjs')

const dir = process.argv[2]
let passed = 0
let failed = 0
for (const name of readdirSync(dir).filter((name) => name.endsWith('.update'))) {
  const state = readFileSync(join(dir, name))
  const text = readFileSync(join(dir, name.replace('.update', '.txt')), 'utf8')
  const doc = new Y.Doc()
  Y.applyUpdate(doc, state)
  const isWhole = doc.store.pendingStructs === null && doc.store.pendingDs === null
  if (isWhole && doc.getText('body').toString() === text) {
    passed += 1
  } else {
    failed += 1
    console.log(`seed ${name}: yjs reads another text`)
  }
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(passed > 0 && failed === 0 ? 0 : 1)
