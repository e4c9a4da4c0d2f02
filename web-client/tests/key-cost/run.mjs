// `node tests/key-cost/run.mjs`: what a key costs in a long text, beside y-prosemirror. Drawing is not in it.

import { load } from '../bundle.mjs'

const { main } = await load('key-cost/main.ts')
main()
