// Builds the Go programs that tests use, where Go is present: the etcds of
// test/support/etcd-versions.json, once, into the user's cache directory; and our own peer
// (test/etcd/interop/go) into .cache. When a build fails, its tests are skipped; they read the
// reason from a file beside the program's place.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { homedir, setPriority, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'etcd-elect')
const versions = /** @type {Readonly<Record<string, string>>} */ (
  JSON.parse(readFileSync(join(root, 'test/support/etcd-versions.json'), 'utf8'))
)

/**
 * etcd's own entry points; each program only calls one.
 *
 * @typedef {{ readonly path: string, readonly call: string }} EntryPoint
 * @type {Readonly<Record<string, EntryPoint>>}
 */
const entryPoints = {
  etcd: { path: 'go.etcd.io/etcd/server/v3/etcdmain', call: 'etcdmain.Main(os.Args)' },
  etcdctl: { path: 'go.etcd.io/etcd/etcdctl/v3/ctlv3', call: 'ctlv3.MustStart()' },
}

/**
 * @param {string} cwd
 * @param {string[]} args
 */
function go(cwd, ...args) {
  const env = { ...process.env, CGO_ENABLED: '0' }
  const { status, stderr } = spawnSync('go', args, { cwd, env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`go ${args.join(' ')}: ${stderr.trim().split('\n').at(-1)}`)
}

/**
 * @param {string} source
 * @param {string} program
 */
function compile(source, program) {
  go(source, 'build', '-trimpath', '-ldflags=-s -w', '-o', program, '.')
}

/**
 * @param {string} name
 * @param {EntryPoint} entryPoint
 * @param {string} version
 * @param {string} program
 */
function compileEntryPoint(name, { path, call }, version, program) {
  const source = mkdtempSync(join(tmpdir(), 'etcd-elect-build-'))
  try {
    const imports = [...(call.includes('os.') ? ['os'] : []), path].map((each) => `"${each}"`)
    writeFileSync(
      join(source, 'main.go'),
      `package main\nimport (\n${imports.join('\n')}\n)\nfunc main() { ${call} }\n`,
    )
    go(source, 'mod', 'init', `etcd-elect/${name}`)
    go(source, 'get', `${path}@v${version}`)
    compile(source, program)
  } finally {
    rmSync(source, { recursive: true, force: true })
  }
}

const withoutGo = spawnSync('go', ['version']).error !== undefined
if (withoutGo) console.log("no Go here: only Debian's etcd is tested, and no Go program beside us")

/**
 * Makes a program so that a run at the same time sees a complete one or none.
 *
 * @param {string} program
 * @param {(program: string) => void} make
 */
function attempt(program, make) {
  const fresh = `${program}.${process.pid}`
  const reason = `${program}.missing`
  mkdirSync(dirname(program), { recursive: true })
  try {
    if (withoutGo) throw new Error('Go is not installed here')
    make(fresh)
    renameSync(fresh, program)
    rmSync(reason, { force: true })
  } catch (error) {
    const { message } = /** @type {Error} */ (error)
    rmSync(program, { force: true })
    writeFileSync(reason, message)
    if (!withoutGo) {
      console.error(`not built, and what needs it is skipped: ${program}: ${message}`)
    }
  }
}

// These builds are less urgent than whatever runs beside them.
setPriority(10)
for (const version of Object.values(versions)) {
  for (const [name, entryPoint] of Object.entries(entryPoints)) {
    const program = join(cache, `etcd-${version}`, name)
    if (existsSync(program)) continue
    attempt(program, (fresh) => {
      console.log(`building ${name} ${version}, once`)
      compileEntryPoint(name, entryPoint, version, fresh)
    })
  }
}
attempt(join(root, '.cache/go-peer'), (fresh) => {
  compile(join(root, 'test/etcd/interop/go'), fresh)
})
