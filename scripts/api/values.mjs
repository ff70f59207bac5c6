// Lists what a module exports at run time. Declarations do not show it: a class exported by `export
// type` looks like any other.
import { build } from 'esbuild'

/**
 * Resolves with the set of names.
 *
 * @param {string} source
 */
export async function valuesOf(source) {
  const { metafile } = await build({
    entryPoints: [source],
    outdir: '.',
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  return new Set(output?.exports)
}
