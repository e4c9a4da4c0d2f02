// The golden frames mean what they say to lib0, as they do to the Rust codec.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { it } from 'node:test'
import { meaning, unhex } from '../support/codec.mjs'

const FRAMES = new URL('../../fixtures/frames/', import.meta.url)

for (const file of readdirSync(FRAMES)) {
  it(`${file} reads as it says`, () => {
    for (const { name, dialect, hex, meaning: said } of JSON.parse(readFileSync(new URL(file, FRAMES), 'utf8')).frames) {
      assert.deepEqual(meaning(dialect, unhex(hex)), said, name)
    }
  })
}
