// `npm test`: brings what the tests need, checks the code, runs the tests. What stands behind `--` goes to vitest.
// The last line says how many passed, failed and were skipped. With CI=true a skipped test counts as a failure.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

function run(command, args, env = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  return result.status ?? 1
}

function has(command) {
  return spawnSync(command, ['--help'], { stdio: 'ignore' }).error === undefined
}

/** Debian's etcd and openssl: without starting the service, as a test machine wants none. */
function bringTools() {
  const wanted = { etcd: 'etcd-server', etcdctl: 'etcd-client', openssl: 'openssl' }
  const missing = Object.keys(wanted).filter((command) => !has(command))
  if (missing.length === 0) return
  const packages = missing.map((command) => wanted[command])
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  if (process.getuid?.() !== 0 || !has('apt-get')) {
    console.error(
      `The tests need ${missing.join(', ')}. On Debian, as root: apt-get update && apt-get ${install.join(' ')}`,
    )
    process.exit(1)
  }
  // RUNLEVEL=1 keeps Debian's maintainer scripts from starting services.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  if (run('apt-get', ['update'], env) !== 0 || run('apt-get', install, env) !== 0) process.exit(1)
}

bringTools()
if (run('node', ['scripts/go-programs.mjs']) !== 0) process.exit(1)
const checked = run('npm', ['run', '--silent', 'check'])

const scratch = mkdtempSync(join(tmpdir(), 'etcd-elect-run-'))
const closingLine = join(scratch, 'closing-line')
let status = run('npx', ['--no-install', 'vitest', 'run', ...process.argv.slice(2)], {
  CLOSING_LINE_FILE: closingLine,
})
let line = '0 passed, 1 failed, 0 skipped'
try {
  line = readFileSync(closingLine, 'utf8')
} catch {
  console.error('the test run ended before it could count')
}
rmSync(scratch, { recursive: true, force: true })

if (checked !== 0) console.error('format, lint, type check or generated files failed: see above')
if (process.env.CI === 'true' && !line.endsWith(' 0 skipped')) {
  console.error('CI skips no test: see above for what was skipped and why')
  status = 1
}
console.log(line)
process.exit(status === 0 && checked === 0 ? 0 : 1)
