// Builds the package as users get it into a folder of its own, apart from builds of dist/ at the
// same time.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './pages.js'

export interface InstalledPackage {
  /** Programs in here can import the package by its name. */
  readonly dir: string
  /** The package itself. */
  readonly packageDir: string
  remove(): void
}

export function installPackage(): InstalledPackage {
  // Below the root, so that the package finds its dependencies.
  mkdirSync(join(root, '.cache'), { recursive: true })
  const dir = mkdtempSync(join(root, '.cache', 'docs-'))
  const remove = (): void => {
    rmSync(dir, { recursive: true, force: true })
  }
  const packageDir = join(dir, 'node_modules', 'etcd-elect')
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const args = ['-p', 'tsconfig.build.json', '--outDir', join(packageDir, 'dist')]
    // Type errors do not matter here: `npm run typecheck` finds them.
    const { stdout } = spawnSync(process.execPath, [tsc, ...args], { cwd: root, encoding: 'utf8' })
    if (!existsSync(join(packageDir, 'dist', 'index.js'))) throw new Error(stdout)
    cpSync(join(root, 'package.json'), join(packageDir, 'package.json'))
    // Without a package.json here, a program would belong to this repository's package, and import
    // its dist/.
    writeFileSync(join(dir, 'package.json'), '{ "type": "module" }')
  } catch (error) {
    remove()
    throw error
  }
  return { dir, packageDir, remove }
}
