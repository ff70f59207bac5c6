import { configDefaults, defineConfig } from 'vitest/config'
import { ClosingLine } from './test/support/closing-line.js'

export default defineConfig({
  // Node 20 does not know `using`.
  esbuild: { target: 'es2023' },
  test: {
    include: ['test/**/*.test.ts'],
    // What is long runs when it is named: `npm run test:long` does so.
    exclude: [
      ...configDefaults.exclude,
      ...(process.argv.some((arg) => arg.includes('.long.')) ? [] : ['test/**/*.long.test.ts']),
    ],
    setupFiles: ['test/support/property-seed.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // On a machine that stalls, a test may take long and still be right.
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // A promise that nobody awaits must not pass unnoticed.
    dangerouslyIgnoreUnhandledErrors: false,
    reporters: ['default', new ClosingLine()],
  },
})
