// Measures what a package costs: its size on the disk with all dependencies, and the time of its
// import.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { PackageCosts, Size } from './result.js'
import { root } from './root.js'

interface Manifest {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** What is imported, and where the package is. */
const subjects = [
  { subject: 'ours', specifier: join(root, 'dist', 'index.js'), dir: root },
  { subject: 'etcd3', specifier: 'etcd3', dir: packageDir('etcd3', root) },
]

export function measurePackages(rounds: number): PackageCosts {
  return { imports: measureImports(rounds), sizes: measureSizes() }
}

/** Of one that is installed here. */
export function versionOfPackage(name: string): string {
  return manifestIn(packageDir(name, root)).version
}

/** Returns milliseconds: a new process for each import, the subjects in turn. */
function measureImports(rounds: number): PackageCosts['imports'] {
  const measured = new Map<string, number[]>(subjects.map(({ subject }) => [subject, []]))
  for (let round = 0; round < rounds; round++) {
    for (const { subject, specifier } of subjects) {
      const script =
        `const at = performance.now(); await import(${JSON.stringify(specifier)}); ` +
        'console.log(performance.now() - at); process.exit()'
      const { stdout, stderr } = spawnSync(
        process.execPath,
        ['--input-type=module', '-e', script],
        { cwd: root, encoding: 'utf8' },
      )
      const ms = Number(stdout)
      if (!(ms > 0)) throw new Error(`${subject} could not be imported: ${stderr}`)
      measured.get(subject)?.push(ms)
    }
  }
  return Object.fromEntries(measured)
}

/** Returns how many packages an installation brings, and how many bytes they have. */
function measureSizes(): PackageCosts['sizes'] {
  return Object.fromEntries(subjects.map(({ subject, dir }) => [subject, sizeOf(dir)]))
}

function sizeOf(dir: string): Size {
  const dirs = installedWith(dir)
  // Of our package, only what is packed counts.
  const ownBytes = dir === root ? packedBytes() : bytesIn(dir)
  const others = [...dirs].filter((each) => each !== dir).map((each) => bytesIn(each))
  return { packages: dirs.size, bytes: others.reduce((a, b) => a + b, ownBytes) }
}

/** The folders of a package and of everything that it depends on, as they are installed here. */
function installedWith(dir: string, found = new Set<string>()): Set<string> {
  if (found.has(dir)) return found
  found.add(dir)
  for (const name of Object.keys(manifestIn(dir).dependencies ?? {})) {
    installedWith(packageDir(name, dir), found)
  }
  return found
}

function manifestIn(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Manifest
}

function packageDir(name: string, from: string): string {
  const paths = createRequire(join(from, 'package.json')).resolve.paths(name) ?? []
  for (const path of paths) {
    const dir = join(path, name)
    if (statSync(join(dir, 'package.json'), { throwIfNoEntry: false })) return dir
  }
  throw new Error(`${name}, which ${from} depends on, is not installed`)
}

function bytesIn(dir: string): number {
  return readdirSync(dir, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .map((item) => {
      const path = join(dir, item.name)
      return item.isDirectory() ? bytesIn(path) : statSync(path).size
    })
    .reduce((a, b) => a + b, 0)
}

function packedBytes(): number {
  const { stdout } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  })
  const [packed] = JSON.parse(stdout) as { readonly unpackedSize: number }[]
  return packed?.unpackedSize ?? NaN
}
