// Builds the newer etcds of test/support/etcd-versions.json from their Go modules, where Go is present, once.
// They are kept in the user's cache directory. Where Go is missing nothing is built, and their tests say that they are
// skipped.
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
import { homedir, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'etcd-elect')
const versions = JSON.parse(readFileSync(join(root, 'test/support/etcd-versions.json'), 'utf8'))

const programs = {
  etcd: {
    import: 'go.etcd.io/etcd/server/v3/etcdmain',
    main: 'etcdmain.Main(os.Args)',
  },
  etcdctl: {
    import: 'go.etcd.io/etcd/etcdctl/v3/ctlv3',
    main: 'ctlv3.MustStart()',
  },
}

function go(cwd, ...args) {
  const result = spawnSync('go', args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, CGO_ENABLED: '0' },
  })
  if (result.status !== 0) throw new Error(`go ${args.join(' ')}: ${result.stderr}`)
}

/** A program of ours around etcd's own entry point. */
function build(program, version, into) {
  const { import: path, main } = programs[program]
  const dir = mkdtempSync(join(tmpdir(), 'etcd-elect-build-'))
  try {
    const imports = main.includes('os.') ? `"os"\n\n\t"${path}"` : `"${path}"`
    writeFileSync(
      join(dir, 'main.go'),
      `package main\n\nimport (\n\t${imports}\n)\n\nfunc main() {\n\t${main}\n}\n`,
    )
    go(dir, 'mod', 'init', 'etcd-elect/etcd')
    go(dir, 'get', `${path}@v${version}`)
    go(dir, 'build', '-trimpath', '-ldflags=-s -w', '-o', program, '.')
    mkdirSync(into, { recursive: true })
    // Copied beside and renamed, so that a run at the same time sees a whole program or none.
    const fresh = join(into, `${program}.${process.pid}`)
    spawnSync('cp', [join(dir, program), fresh])
    renameSync(fresh, join(into, program))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

if (spawnSync('go', ['version']).status !== 0) {
  console.log("no Go here: only Debian's etcd is tested")
  process.exit(0)
}
for (const version of Object.values(versions)) {
  const into = join(cache, `etcd-${version}`)
  for (const program of Object.keys(programs)) {
    if (existsSync(join(into, program))) continue
    console.log(`building ${program} ${version}`)
    try {
      build(program, version, into)
    } catch (error) {
      console.error(
        `${program} ${version} could not be built, and its tests are skipped: ${error.message}`,
      )
    }
  }
}
