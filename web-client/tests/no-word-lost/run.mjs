// `node tests/no-word-lost/run.mjs --rounds 10000 --seed 1 [--binding linear] [--binding y-prosemirror]`
//
// Needs the server (PLENARY_BIN, or in the Cargo target folder) and `cargo build -p plenary-text --example read_bodies`.

import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { BINARY, World } from '../../../tests/interop/support/server.mjs'
import { load } from '../bundle.mjs'

const reader = process.env.PLENARY_READ_BODIES ?? join(dirname(BINARY), 'examples/read_bodies')
if (!existsSync(reader)) throw new Error(`not built: ${reader}`)
const { main } = await load('no-word-lost/main.ts')
process.exitCode = (await main(() => World.open(), reader)) ? 0 : 1
