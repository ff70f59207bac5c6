// Makes a program for plain Node.js of one that is written in TypeScript. It must not know what the
// program does.
//
// The packages that it imports stay where npm puts them, and etcd-elect, imported by its name, is
// what is built in dist/, untouched.
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/**
 * Resolves with the path of the program. It is the same for each run, so that none leaves anything
 * behind.
 *
 * @param {string} entry A path from the root of the repository, which is the current directory.
 */
export async function bundle(entry) {
  // Within the repository, where packages and this one are found by their names.
  const name = entry.replaceAll(/[^\w.]+/g, '-').replace(/\.ts$/, '')
  const program = join(process.cwd(), '.cache', 'run', `${name}.mjs`)
  // Another run at the same time finds a whole program, its own or ours.
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
