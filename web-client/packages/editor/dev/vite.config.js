import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  // The fixture lies outside the workspace.
  server: { fs: { allow: [fileURLToPath(new URL('../../../..', import.meta.url))] } },
  build: { target: 'es2022', modulePreload: false },
})
