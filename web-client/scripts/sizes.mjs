// Fails the build when a file that people must load has outgrown its limit. `npm run build` ends with it.
import { readFileSync, readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const KB = 1000

/** What is loaded together, and how large it may be in all, compressed as servers do. `*` stands for a hash. */
const LIMITS = [
  // The provider, for applications that bring their own yjs and editor; and with its store, for those that work offline.
  [['packages/provider/dist/provider.js', 'packages/provider/dist/shared.js'], 12 * KB],
  [['packages/provider/dist/*.js'], 17 * KB],
  // The pages in the binary: signing in and the lists; and the editor, loaded when a text is opened.
  [['packages/app/dist/assets/index-*.js', 'packages/app/dist/assets/index-*.css'], 60 * KB],
  [['packages/app/dist/assets/editor-*.js'], 150 * KB],
  // The editor with yjs, the provider, its store and all languages in one module, for pages that have nothing.
  [['packages/embed/dist/plenary-editor.js'], 170 * KB],
]

const root = new URL('../', import.meta.url)
const size = file => gzipSync(readFileSync(new URL(file, root)), { level: 9 }).length

let isTooLarge = false
for (const [files, limit] of LIMITS) {
  const bytes = files.flatMap(matching).reduce((sum, file) => sum + size(file), 0)
  const verdict = bytes > limit ? 'TOO LARGE' : 'ok'
  isTooLarge ||= bytes > limit
  console.log(`${files.join(' + ')}: ${(bytes / KB).toFixed(1)} kB of ${limit / KB} kB, gzip -9: ${verdict}`)
}
if (isTooLarge) process.exit(1)

/** The files that a path with `*` in its name stands for; there has to be one. */
function matching(path) {
  if (!path.includes('*')) return [path]
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const [before, after] = path.slice(folder.length).split('*')
  const found = readdirSync(new URL(folder, root)).filter(name => name.startsWith(before) && name.endsWith(after))
  if (found.length === 0) throw new Error(`nothing matches ${path}`)
  return found.map(name => folder + name)
}
