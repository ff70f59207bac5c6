// Generates src/etcd/wire/gen from proto/. With --check it writes nothing, and fails when the
// committed files are stale.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const committed = join(root, 'src/etcd/wire/gen')

/** @param {string} into */
function generate(into) {
  const template = JSON.stringify({
    version: 'v2',
    plugins: [
      {
        local: 'protoc-gen-es',
        out: into,
        opt: ['target=ts', 'import_extension=js'],
      },
    ],
  })
  execFileSync('npx', ['--no-install', 'buf', 'generate', '--template', template], {
    cwd: root,
    stdio: 'inherit',
  })
}

/** @param {string} dir */
function contents(dir) {
  return new Map(readdirSync(dir).map((file) => [file, readFileSync(join(dir, file), 'utf8')]))
}

if (process.argv.includes('--check')) {
  const scratch = mkdtempSync(join(tmpdir(), 'etcd-elect-gen-'))
  try {
    generate(scratch)
    const fresh = contents(scratch)
    const old = contents(committed)
    const stale = [...new Set([...fresh.keys(), ...old.keys()])].filter(
      (file) => fresh.get(file) !== old.get(file),
    )
    if (stale.length > 0) {
      console.error(
        `src/etcd/wire/gen is not what proto/ gives (${stale.join(', ')}): run 'npm run gen'`,
      )
      process.exitCode = 1
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
} else {
  rmSync(committed, { recursive: true, force: true })
  generate(committed)
}
