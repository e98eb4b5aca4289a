import { defineConfig } from 'vitest/config'

// CI names a file for the counts of a run; a person reads the default reporter.
const report = process.env.VITEST_JSON

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: ['test/support/postgres-folder.ts'],
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
  },
})
