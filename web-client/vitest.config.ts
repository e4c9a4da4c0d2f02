import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts'],
    // One process for each file would cost more than the tests.
    pool: 'threads',
    // Nothing here is to be quick but where a test says so; on a busy machine properties of many cases take their time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
