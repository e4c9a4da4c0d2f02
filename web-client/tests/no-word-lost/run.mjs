// `node tests/no-word-lost/run.mjs --rounds 10000 --seed 1 [--binding linear] [--binding y-prosemirror]`
//
// Needs the server (PLENARY_BIN, or in the Cargo target folder) and `cargo build -p plenary-text --example read_bodies`.

import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'
import { BINARY, World } from '../../../tests/interop/support/server.mjs'

const here = dirname(fileURLToPath(import.meta.url))
// Under the packages' own folder, so that the bundle and they share one Yjs.
const output = join(here, '../../node_modules/.cache/no-word-lost')
mkdirSync(output, { recursive: true })
const bundle = await rolldown({ input: join(here, 'main.ts'), external: /^[^./]/, platform: 'node' })
const file = join(output, `main-${process.pid}.mjs`)
await bundle.write({ file, format: 'esm' })
const { main } = await import(pathToFileURL(file).href)
rmSync(file)

const reader = process.env.PLENARY_READ_BODIES ?? join(dirname(BINARY), 'examples/read_bodies')
if (!existsSync(reader)) throw new Error(`not built: ${reader}`)
process.exitCode = (await main(() => World.open(), reader)) ? 0 : 1
