import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { smaller } from '../../build/smaller.ts'

// One module with everything in it, for pages that have no build: `<script type="module" src=".../embed/plenary-editor.js">`.
export default defineConfig({
  plugins: [smaller()],
  build: {
    target: 'es2022',
    lib: {
      entry: fileURLToPath(new URL('src/index.ts', import.meta.url)),
      formats: ['es'],
      fileName: () => 'plenary-editor.js',
    },
    minify: true,
    rolldownOptions: { output: { codeSplitting: false, minify: true } },
  },
  define: { 'process.env.NODE_ENV': '"production"' },
})
