// `npm run test:sim`: runs the simulation, which is TypeScript. Options are passed on.
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
await runnerImport('./test/sim/main.ts', {
  configFile: false,
  logLevel: 'error',
  // Node 20 does not know `using`.
  esbuild: { target: 'es2023' },
})
