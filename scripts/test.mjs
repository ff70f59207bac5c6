// `npm test`: installs what the tests need, checks the code, and runs the tests. Arguments behind
// `--` go to vitest; with a file or a folder among them, only that runs, without the checks. The
// last line counts passed, failed and skipped tests. With CI=true a skipped test is a failure.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { has, install, mayInstall } from './debian.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/**
 * Resolves with the exit code.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>}
 */
function run(command, args, env = {}) {
  const child = spawn(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(error.message)
      resolve(1)
    })
    child.once('exit', (code) => {
      resolve(code ?? 1)
    })
  })
}

async function bringTools() {
  const packages = { etcd: 'etcd-server', etcdctl: 'etcd-client', openssl: 'openssl' }
  const missing = Object.entries(packages).filter(([command]) => !has(command))
  if (missing.length === 0) return
  const wanted = missing.map(([, name]) => name)
  if (!mayInstall()) {
    console.error(
      `The tests need ${missing.map(([command]) => command).join(', ')}: on Debian, run ` +
        `'apt-get update && apt-get install ${wanted.join(' ')}' as root.`,
    )
    process.exit(1)
  }
  const code = await install(wanted)
  if (code !== 0) process.exit(code)
}

/**
 * Resolves with the exit code of the tests and the line that counts them.
 *
 * @param {readonly string[]} args
 */
async function runTests(args) {
  const scratch = mkdtempSync(join(tmpdir(), 'etcd-elect-run-'))
  const file = join(scratch, 'closing-line')
  try {
    const code = await run('npx', ['--no-install', 'vitest', 'run', ...args], {
      CLOSING_LINE_FILE: file,
    })
    return { code, line: readFileSync(file, 'utf8') }
  } catch (error) {
    const { message } = /** @type {Error} */ (error)
    console.error(`the test run ended before it could count: ${message}`)
    return { code: 1, line: '0 passed, 1 failed, 0 skipped' }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

const args = process.argv.slice(2)
const named = args.filter((arg) => !arg.startsWith('-'))
// Unit tests and scenarios need no etcd, so none is built for them.
const areUnitTests = named.length > 0 && named.every((arg) => /\btest\/(unit|scenario)\b/.test(arg))
if (!areUnitTests) await bringTools()
const [checks] = await Promise.all([
  named.length === 0 ? run('npm', ['run', '--silent', 'check']) : 0,
  areUnitTests ? 0 : run('node', ['scripts/go-programs.mjs']),
])
const { code, line } = await runTests(args)
if (checks !== 0) console.error('a check of the code failed: see above')
const skipped = process.env['CI'] === 'true' && !line.endsWith(' 0 skipped')
if (skipped) console.error('CI skips no test: see above for what was skipped and why')
console.log(line)
process.exit(code === 0 && checks === 0 && !skipped ? 0 : 1)
