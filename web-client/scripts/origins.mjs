// Fails the build when something in it names another origin: pages of ours ask nobody but the server they are from.
import { readFileSync, readdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Addresses that nothing is ever loaded from, and why they are there. */
const NAMES = [
  // Names of XML vocabularies.
  'http://www.w3.org/',
  // Said in errors: what to read when a page has yjs twice, or a schema does not work.
  'https://github.com/yjs/yjs/issues/438',
  'https://prosemirror.net/docs/guide/#generatable',
  // Looked for in what is pasted, to leave it out.
  'https://www.google.com/url?',
]

const root = fileURLToPath(new URL('../packages/', import.meta.url))
const READ = ['.js', '.css', '.html', '.svg', '.webmanifest']

let isClean = true
for (const built of ['provider', 'embed', 'app']) {
  for (const file of readdirSync(join(root, built, 'dist'), { recursive: true })) {
    if (!READ.includes(extname(file))) continue
    const text = readFileSync(join(root, built, 'dist', file), 'utf8')
    // Also what begins with the origin left out, where it would be taken for an address.
    const found = [...text.matchAll(/\b(?:https?|wss?):\/\/[\w[][^\s"'`)<]*|\b(?:src|href)=["']?\/\/[^\s"'`]+|url\(["']?\/\/[^\s"'`)]+/g)]
    for (const [address] of found.filter(([address]) => !NAMES.some(name => address.startsWith(name)))) {
      console.error(`${built}/dist/${file} names another origin: ${address}`)
      isClean = false
    }
    // Modules come from beside the one that asks for them; only the provider leaves its yjs to the application.
    for (const [, , from] of text.matchAll(/\b(?:from|import)\s*\(?\s*(["'`])([^"'`]+)\1/g)) {
      if (/^\.{0,2}\//.test(from) || (built === 'provider' && from === 'yjs') || !extname(file).endsWith('.js')) continue
      console.error(`${built}/dist/${file} imports ${from}`)
      isClean = false
    }
  }
}
if (!isClean) process.exit(1)
console.log('no other origin is asked')
