import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import { smaller } from '../../build/smaller.ts'
import { addresses } from './src/router.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * Tells the service worker which files make up the page, at which addresses it is, and under which version to keep it.
 *
 * With `PLENARY_SERVICE_WORKER=off` the build has one that removes itself and all it kept: the way out, should a worker
 * ever stand between people and their texts.
 */
function offlineStart(): Plugin {
  return {
    name: 'plenary-offline-start',
    enforce: 'post',
    apply: 'build',
    generateBundle(_options, bundle) {
      const worker = bundle['sw.js']
      if (worker?.type !== 'chunk') this.error('the service worker is missing')
      if (process.env.PLENARY_SERVICE_WORKER === 'off') {
        worker.code = readFileSync(here('src/service-worker-off.js'), 'utf8')
        return
      }
      const built = Object.keys(bundle).filter(name => !['sw.js', 'index.html', 'licences.txt'].includes(name) && !name.startsWith('embed/'))
      const files = ['/', ...[...built, ...readdirSync(here('public'))].sort().map(name => `/${name}`)]
      // The page itself and what has no hash in its name count by their content.
      const version = createHash('sha256').update(JSON.stringify(files))
      for (const name of readdirSync(here('public')).sort()) version.update(readFileSync(here(`public/${name}`)))
      const page = bundle['index.html']
      if (page?.type === 'asset') version.update(page.source)
      worker.code = worker.code
        .replace(/\b__FILES__\b/, () => JSON.stringify(files))
        .replace(/\b__ADDRESSES__\b/, () => JSON.stringify(addresses))
        .replace(/\b__VERSION__\b/, JSON.stringify(version.digest('hex').slice(0, 12)))
    },
  }
}

/** Puts the editor for other sites beside the page, as the server has both. Built before, by packages/embed. */
function editorForOtherSites(): Plugin {
  const built = here('../embed/dist/')
  return {
    name: 'plenary-editor-for-other-sites',
    apply: 'build',
    generateBundle() {
      for (const file of readdirSync(built, { recursive: true, withFileTypes: true })) {
        if (!file.isFile()) continue
        const path = join(file.parentPath, file.name)
        this.emitFile({ type: 'asset', fileName: `embed/${relative(built, path).replaceAll(sep, '/')}`, source: readFileSync(path) })
      }
    },
  }
}

const server = process.env.PLENARY_SERVER ?? 'http://127.0.0.1:4600'

export default defineConfig({
  plugins: [smaller(), editorForOtherSites(), offlineStart()],
  build: {
    target: 'es2022',
    // Every file is a file: a strict content security policy has no room for inlined ones.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: here('index.html'), sw: here('src/service-worker.ts') },
      output: {
        entryFileNames: chunk => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
        // By name, for `scripts/sizes.mjs` and for people who look at what is loaded.
        codeSplitting: {
          // Otherwise what the shell needs as well would be drawn into the editor.
          includeDependenciesRecursively: false,
          groups: [
            { name: 'sync', test: /node_modules\/(yjs|lib0|y-protocols|isomorphic\.js)\/|packages\/provider\/|build\/quiet-/ },
            // But for what the shell has as well, and what is fetched by itself: words, what reads pasted HTML, what draws a
            // secret as a picture.
            { name: 'editor', test: /node_modules\/(?!@?lit|lean-qr)|packages\/(text|editor|embed)\/src\/(?!tokens|languages|paste\/|messages\/(?!en))/ },
          ],
        },
      },
    },
  },
  server: {
    // As `just dev` tells the server: it takes no other address for its own.
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    // The name that was asked for goes on to the server: it answers no pages but those it takes for its own.
    proxy: { '/api': { target: server }, '/sync': { target: server, ws: true } },
  },
})
