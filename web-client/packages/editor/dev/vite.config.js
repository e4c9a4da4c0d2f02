import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const page = name => fileURLToPath(new URL(name, import.meta.url))

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // The fixture lies outside the workspace.
  server: { fs: { allow: [fileURLToPath(new URL('../../../..', import.meta.url))] } },
  build: {
    target: 'es2022',
    modulePreload: false,
    rolldownOptions: { input: [page('index.html'), page('laptop/index.html')] },
  },
})
