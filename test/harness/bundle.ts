// Bundles programs for plain Node, with the library as it is or without one of its safeguards.
// The bundler changes the library's source on its way into the bundle; the files stay as they are.

import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import * as esbuild from 'esbuild'
import { mutated, type Mutation } from './mutation.js'
import { readTree, type SourceTree } from './source-tree.js'

/** Where npm and vitest start their programs. */
const root = process.cwd()

/** Makes a directory for programs and logs. Programs find the dependencies from there. */
export function scratch(): string {
  return mkdtempSync(join(root, 'node_modules', '.harness-'))
}

/**
 * Returns the path of the bundle.
 *
 * @param program the path of its source from this folder, without the ending.
 */
export async function bundle(program: string, dir: string, mutant?: Mutation): Promise<string> {
  const suffix = mutant === undefined ? '' : `-${mutant.name}`
  const outfile = join(dir, `${basename(program)}${suffix}.mjs`)
  // A run keeps its first bundle, and one reading of the source: edits meanwhile do not matter.
  if (existsSync(outfile)) return outfile
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(root, 'test', 'harness', `${program}.ts`)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
    // A mutant that fails below must leave no file: the next caller would take it for a bundle.
    write: false,
    plugins: mutant === undefined ? [] : [mutating(mutant)],
  })
  for (const { path, contents } of outputFiles) writeFileSync(path, contents)
  return outfile
}

let source: SourceTree | undefined

function mutating(mutant: Mutation): esbuild.Plugin {
  source ??= readTree('src')
  const changed = mutated(source, mutant)
  const left = new Set(changed.keys())
  return {
    name: 'mutant',
    setup(build) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        const file = relative(root, path)
        const contents = changed.get(file)
        if (contents === undefined) return undefined
        left.delete(file)
        return { contents, loader: 'ts' }
      })
      build.onEnd(() => {
        if (left.size === 0) return
        throw new Error(`mutant ${mutant.name}: the program does not contain ${[...left].join()}`)
      })
    },
  }
}
