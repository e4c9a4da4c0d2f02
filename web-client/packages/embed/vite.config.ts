import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import { smaller } from '../../build/smaller.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Words that import something would bring this module a second time into pages that have it under another name. */
function wordsAlone(): Plugin {
  return {
    name: 'plenary-words-alone',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type === 'chunk' && !chunk.isEntry && chunk.imports.length > 0) this.error(`${chunk.fileName} is not alone`)
      }
    },
  }
}

// One module with everything in it, for pages that have no build: `<script type="module" src=".../embed/plenary-editor.js">`.
// Beside it, in a folder, the words of each language but English. They have no hashes in their names, because hosts keep
// copies of them, and import nothing.
export default defineConfig({
  plugins: [smaller(), wordsAlone()],
  build: {
    target: 'es2022',
    lib: { entry: here('src/index.ts'), formats: ['es'], fileName: () => 'plenary-editor.js' },
    minify: true,
    rolldownOptions: { output: { minify: true, chunkFileNames: 'languages/[name].js' } },
  },
  define: { 'process.env.NODE_ENV': '"production"' },
})
