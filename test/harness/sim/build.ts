// Bundles the simulation with the library as it is, or with one of its safeguards switched off, for Node to load. The
// library itself knows nothing of that: its source is changed on the way into the bundle.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as esbuild from 'esbuild'
import type { Mutant } from './mutants.js'
import type * as simulation from './simulate.js'

/** Where npm and vitest start their programs. */
const root = process.cwd()

export async function load(mutant?: Mutant): Promise<typeof simulation> {
  // Within the repository, where it finds its dependencies.
  const dir = mkdtempSync(join(root, 'node_modules', '.sim-'))
  try {
    const outfile = join(dir, 'simulate.mjs')
    await esbuild.build({
      entryPoints: [join(root, 'test', 'harness', 'sim', 'simulate.ts')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      packages: 'external',
      sourcemap: 'inline',
      logLevel: 'error',
      plugins: mutant === undefined ? [] : [mutating(mutant)],
    })
    return (await import(/* @vite-ignore */ pathToFileURL(outfile).href)) as typeof simulation
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function mutating(mutant: Mutant): esbuild.Plugin {
  return {
    name: 'mutant',
    setup(build) {
      let changed = 0
      build.onLoad({ filter: /src\/.*\.ts$/ }, ({ path }) => {
        const file = relative(root, path)
        let contents = readFileSync(path, 'utf8')
        for (const { from, to } of mutant.changes.filter((change) => change.file === file)) {
          if (contents.split(from).length !== 2) {
            throw new Error(`${mutant.name}: expected once in ${file}: ${from}`)
          }
          contents = contents.replace(from, () => to)
          changed += 1
        }
        return { contents, loader: 'ts' }
      })
      build.onEnd(() => {
        if (changed !== mutant.changes.length) throw new Error(`${mutant.name}: changed too little`)
      })
    },
  }
}
