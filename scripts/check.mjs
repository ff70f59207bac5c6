// `npm run check`: every check of the code, also after one has failed, so that one run tells all.
import { spawnSync } from 'node:child_process'

const scripts = [
  ...['format:check', 'lint', 'typecheck', 'check:house', 'gen:check', 'api:check'],
  // The pages say what their data says.
  ...['bench:check'],
]

const failed = scripts.filter((script) => {
  const { status } = spawnSync('npm', ['run', '--silent', script], { stdio: 'inherit' })
  return status !== 0
})
if (failed.length > 0) {
  console.error(`failed: ${failed.map((script) => `npm run ${script}`).join(', ')}`)
  process.exitCode = 1
}
