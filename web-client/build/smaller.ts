import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

/** Leaves out what people would load for nothing: see quiet-logging.js, and the indentation of style sheets in scripts. */
export function smaller(): Plugin {
  return {
    name: 'plenary-smaller',
    enforce: 'pre',
    apply: 'build',
    config: () => ({
      resolve: { alias: { 'lib0/logging': fileURLToPath(new URL('quiet-logging.js', import.meta.url)) } },
    }),
    transform(code, id) {
      if (!/\/packages\/\w+\/src\/.*\.ts$/.test(id) || !code.includes('css`')) return null
      // Our style sheets have no white space that matters, inside of strings either.
      const shorter = code.replaceAll(/\bcss`[^`]*`/g, sheet => sheet.replaceAll(/\/\*.*?\*\//gs, '').replaceAll(/\s+/g, ' '))
      return { code: shorter, map: null }
    },
  }
}
