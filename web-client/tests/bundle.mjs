// Runs TypeScript in Node: bundles it, and loads the bundle.

import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'

const here = dirname(fileURLToPath(import.meta.url))

/** The exports of `entry`, a path beside this file. */
export async function load(entry) {
  // Under the packages' own folder, so that the bundle and they share one Yjs.
  const folder = join(here, '../node_modules/.cache/tests')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${process.pid}.mjs`)
  const bundle = await rolldown({ input: join(here, entry), external: /^[^./]/, platform: 'node' })
  await bundle.write({ file, format: 'esm' })
  const exports = await import(pathToFileURL(file).href)
  rmSync(file)
  return exports
}
