// `npm run measure:paused-leader -- [rounds]`: for how long two candidates lead at once when the member that leads etcd is
// paused for about a TTL and resumes, by etcd version, without and with `lockDelay`. It is TypeScript that does it.
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const { module } = await runnerImport('./test/faults/paused-leader.ts', {
  configFile: false,
  logLevel: 'error',
  // Node 20 does not know `using`.
  esbuild: { target: 'es2023' },
})
await module.measurePausedLeader(Number(process.argv[2] ?? 5))
