import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import { smaller } from '../../build/smaller.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** What is fetched later and imports something would bring this module a second time into pages that have it under another name. */
function laterAlone(): Plugin {
  return {
    name: 'plenary-later-alone',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === 'chunk' && !chunk.isEntry && chunk.imports.length > 0) this.error(`${chunk.fileName} is not alone`)
      }
    },
  }
}

// One module with everything in it, for pages that have no build: `<script type="module" src=".../embed/plenary-editor.js">`.
// Beside it what is fetched later: the words of each language but English, and what reads pasted HTML. These have no hashes in
// their names, because hosts keep copies of them, and import nothing.
export default defineConfig({
  plugins: [smaller(), laterAlone()],
  build: {
    target: 'es2022',
    lib: { entry: here('src/index.ts'), formats: ['es'], fileName: () => 'plenary-editor.js' },
    minify: true,
    rolldownOptions: { output: { minify: true, chunkFileNames: ({ name }) => (name === 'reader' ? 'paste.js' : 'languages/[name].js') } },
  },
  define: { 'process.env.NODE_ENV': '"production"' },
})
