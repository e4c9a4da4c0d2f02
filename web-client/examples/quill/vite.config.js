import { defineConfig } from 'vite'

export default defineConfig({
  // Relative, so that the page can live below any path.
  base: './',
  build: {
    target: 'es2022',
    // Every file is a file: a strict content security policy has no room for inlined ones.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
})
