// Makes programs that plain Node runs of the subjects, with the library as it is or with one of its safeguards switched
// off. The library itself knows nothing of that: its source is changed on the way into the bundle.

import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import * as esbuild from 'esbuild'
import type { Mutant } from './mutants.js'

/** Where npm and vitest start their programs. */
const root = process.cwd()

/** Returns the path of the program. It lies within the repository, where it finds its dependencies. */
export async function bundle(subject: string, dir: string, mutant?: Mutant): Promise<string> {
  const outfile = join(dir, `${subject}${mutant === undefined ? '' : `-${mutant.name}`}.mjs`)
  // Made once, so that what is edited meanwhile does not change what a run is about.
  if (existsSync(outfile)) return outfile
  await esbuild.build({
    entryPoints: [join(root, 'test', 'harness', 'faults', 'subjects', `${subject}.ts`)],
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
  return outfile
}

/** A directory for programs and logs. */
export function scratch(): string {
  return mkdtempSync(join(root, 'node_modules', '.faults-'))
}

function mutating(mutant: Mutant): esbuild.Plugin {
  return {
    name: 'mutant',
    setup(build) {
      let changed = 0
      build.onLoad({ filter: /src\/.*\.ts$/ }, ({ path }) => {
        const file = relative(root, path)
        let contents = readFileSync(path, 'utf8')
        for (const change of mutant.changes.filter((one) => one.file === file)) {
          if (contents.split(change.from).length !== 2) {
            throw new Error(`${mutant.name}: expected once in ${file}: ${change.from}`)
          }
          contents = contents.replace(change.from, () => change.to)
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
