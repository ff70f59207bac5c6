// Bundles a TypeScript program for plain Node.js.
//
// Imported packages stay where npm puts them; `etcd-elect` is the build in dist/, untouched.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Resolves with the path of the program: the same for each run, so that runs leave nothing behind.
 *
 * @param {string} entry A path from the root of the repository, which is the current directory.
 */
export async function bundle(entry) {
  // Inside the repository, so that imports by package name work, ours included.
  const name = entry.replaceAll(/[^\w.]+/g, '-').replace(/\.ts$/, '')
  const program = join(process.cwd(), '.cache', 'run', `${name}.mjs`)
  // A run at the same time finds a complete program, its own or this one.
  const fresh = `${program}.${process.pid}`
  await build({
    entryPoints: [entry],
    outfile: fresh,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: 'inline',
    // The paths in tsconfig.json are for types: they lead to src/.
    tsconfigRaw: {},
    logLevel: 'error',
  })
  renameSync(fresh, program)
  return program
}
