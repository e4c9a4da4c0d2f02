// Fails the build when a file that people must load has outgrown its limit. `npm run build` ends with it.
import { readFileSync, readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const KB = 1000
const PROVIDER = ['packages/provider/dist/provider.js', 'packages/provider/dist/shared.js']
const EDITOR = 'packages/embed/dist/plenary-editor.js'
const APP = 'packages/app/dist/assets'

/** What is loaded together, and how large it may be in all, compressed as servers do. `*` stands for a hash. */
const LIMITS = [
  // For applications that bring their own yjs and editor. Nothing is left out but yjs.
  { what: 'provider', files: PROVIDER, limit: 12 },
  { what: 'provider and the store on this device', files: [...PROVIDER, 'packages/provider/dist/store.js'], limit: 16 },
  // For pages that have nothing: the editor with yjs, the provider, its store and English words, in one module. Then all that is
  // ever loaded of it in English, which has in it what reads pasted HTML; and in whichever other language takes most.
  { what: 'editor, as it is loaded', files: [EDITOR], limit: 146 },
  { what: 'editor with everything, in English', files: [EDITOR, 'packages/embed/dist/paste.js'], limit: 150 },
  { what: 'editor with everything, in another language', files: [EDITOR, 'packages/embed/dist/paste.js'], limit: 154,
    andLargestOf: 'packages/embed/dist/languages/*' },
  // The pages in the binary: signing in and the lists; and what a text adds, loaded when one is opened.
  { what: 'pages', files: [`${APP}/index-*.js`, `${APP}/index-*.css`], limit: 60, andImports: true },
  { what: 'pages with a text', files: [`${APP}/editor-*.js`, `${APP}/sync-*.js`], limit: 150 },
]

const root = new URL('../', import.meta.url)
const size = file => gzipSync(readFileSync(new URL(file, root)), { level: 9 }).length

let isTooLarge = false
for (const { what, files, limit, andLargestOf, andImports } of LIMITS) {
  const largest = andLargestOf ? Math.max(...matching(andLargestOf).map(size)) : 0
  const found = files.flatMap(matching)
  const bytes = (andImports ? withImports(found) : found).reduce((sum, file) => sum + size(file), largest)
  const verdict = bytes > limit * KB ? 'TOO LARGE' : 'ok'
  isTooLarge ||= bytes > limit * KB
  console.log(`${what}: ${(bytes / KB).toFixed(1)} kB of ${limit} kB, gzip -9: ${verdict}`)
}
if (isTooLarge) process.exit(1)

/** The files, and all that a browser fetches because of them before they run. */
function withImports(files) {
  const all = new Set(files)
  // What is added while it goes on is gone through as well.
  for (const file of all) {
    if (!file.endsWith('.js')) continue
    const text = readFileSync(new URL(file, root), 'utf8')
    for (const [, name] of text.matchAll(/(?:\bfrom|\bimport) ?["']\.\/([^"']+)["']/g)) all.add(`${APP}/${name}`)
  }
  return [...all]
}

/** The files that a path with `*` in its name stands for; there has to be one. */
function matching(path) {
  if (!path.includes('*')) return [path]
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const [before, after] = path.slice(folder.length).split('*')
  const found = readdirSync(new URL(folder, root)).filter(name => name.startsWith(before) && name.endsWith(after))
  if (found.length === 0) throw new Error(`nothing matches ${path}`)
  return found.map(name => folder + name)
}
