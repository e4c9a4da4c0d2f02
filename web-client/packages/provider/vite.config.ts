import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { smaller } from '../../build/smaller.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

// Two modules beside the application's own yjs: two copies of yjs in a page break each
// other. What both modules need is a third.
export default defineConfig({
  plugins: [smaller()],
  build: {
    target: 'es2022',
    lib: {
      entry: { provider: here('src/index.ts'), store: here('src/store/account-store.ts') },
      formats: ['es'],
    },
    minify: true,
    rolldownOptions: {
      external: ['yjs'],
      output: { minify: true, entryFileNames: '[name].js', chunkFileNames: 'shared.js' },
    },
  },
})
