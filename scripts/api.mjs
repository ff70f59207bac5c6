// Writes api/: what the entry points of the package in the working directory export. With --check
// it writes nothing: it shows how api/ differs from the code, and fails if it does.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { reports } from './api/reports.mjs'

const folder = 'api'

function committed() {
  const files = existsSync(folder) ? readdirSync(folder) : []
  return new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
}

/** @param {ReadonlyMap<string, string>} fresh */
function write(fresh) {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [file, text] of fresh) writeFileSync(join(folder, file), text)
}

/**
 * Shows the changes from the committed file to `text`; undefined: the file should not be there.
 *
 * @param {string} file
 * @param {string | undefined} text
 */
function difference(file, text = '') {
  const path = join(folder, file)
  const old = existsSync(path) ? path : '/dev/null'
  const labels = ['--label', path, '--label', 'what src/ exports']
  const args = ['-u', ...labels, old, '-']
  const { error, stdout } = spawnSync('diff', args, { input: text, encoding: 'utf8' })
  return error === undefined ? stdout : `${path} differs, and there is no diff to show how\n`
}

/** @param {ReadonlyMap<string, string>} fresh */
function check(fresh) {
  const old = committed()
  const files = [...new Set([...old.keys(), ...fresh.keys()])].sort()
  const stale = files.filter((file) => fresh.get(file) !== old.get(file))
  if (stale.length === 0) return
  for (const file of stale) process.stderr.write(difference(file, fresh.get(file)))
  console.error("api/ is not what src/ exports: if that is meant to change, run 'npm run api'")
  process.exitCode = 1
}

const fresh = await reports(process.cwd())
if (process.argv.includes('--check')) check(fresh)
else write(fresh)
