import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts'],
    // One process for each file would cost more than the tests.
    pool: 'threads',
  },
})
