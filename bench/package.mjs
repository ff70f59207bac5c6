// What it costs to have a package: its size on the disk with all that it needs, and the time that its import takes.
// It must not know what is in it.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const entry = { ours: join(root, 'dist', 'index.js'), etcd3: 'etcd3' }
const own = { ours: root, etcd3: packageDir('etcd3', root) }

/** @returns milliseconds, a cold process each time, the subjects in turn. */
export function measureImports(rounds) {
  const measured = { ours: [], etcd3: [] }
  for (let round = 0; round < rounds; round++) {
    for (const [subject, specifier] of Object.entries(entry)) {
      const script = `const at = performance.now(); await import(${JSON.stringify(specifier)}); console.log(performance.now() - at); process.exit()`
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ['--input-type=module', '-e', script],
        { cwd: root, encoding: 'utf8' },
      )
      const ms = Number(stdout)
      if (!(ms > 0)) throw new Error(`${subject} could not be imported: ${stderr}`)
      measured[subject].push(ms)
    }
  }
  return measured
}

/** @returns how many packages an installation brings, and how many bytes they have. */
export function measureSizes() {
  return Object.fromEntries(
    Object.entries(own).map(([subject, dir]) => {
      const dirs = installedWith(dir)
      // Of ours, what is packed; not what the repository holds besides.
      const ownBytes = subject === 'ours' ? packedBytes() : bytesIn(dir)
      const bytes = [...dirs].filter((each) => each !== dir).map((each) => bytesIn(each))
      return [subject, { packages: dirs.size, bytes: bytes.reduce((a, b) => a + b, ownBytes) }]
    }),
  )
}

/** The folders of a package and of everything that it depends on, as they are installed here. */
function installedWith(dir, found = new Set()) {
  if (found.has(dir)) return found
  found.add(dir)
  const { dependencies = {} } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8'))
  for (const name of Object.keys(dependencies)) installedWith(packageDir(name, dir), found)
  return found
}

function packageDir(name, from) {
  const paths = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  for (const path of paths) {
    const dir = join(path, name)
    if (statSync(join(dir, 'package.json'), { throwIfNoEntry: false })) return dir
  }
  throw new Error(`${name}, which ${from} depends on, is not installed`)
}

function bytesIn(dir) {
  return readdirSync(dir, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map((item) => {
      const path = join(dir, item.name)
      return item.isDirectory() ? bytesIn(path) : statSync(path).size
    })
    .reduce((a, b) => a + b, 0)
}

function packedBytes() {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  })
  return JSON.parse(stdout)[0].unpackedSize
}
