// Bundles the command `elect` from src/cli into one folder: the starter, the command in pieces that
// are loaded on demand, the keeper of `elect run`, and the man page. The argument parser is
// bundled, so that the package does not depend on it; grpc-js stays where npm puts it.
import { build } from 'esbuild'
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** @param {string} outdir Two levels below the folder with package.json, as dist/cli is. */
export async function buildCli(outdir) {
  await build({
    absWorkingDir: root,
    entryPoints: {
      main: 'src/cli/main.ts',
      'program/keeper': 'src/cli/run/keeper/program/keeper.ts',
      // Where src/guardian/spawn.ts looks for it.
      'program/guardian': 'src/guardian/program/guardian.ts',
      man: 'src/cli/definition/man-page.ts',
    },
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: ['@grpc/grpc-js'],
    // Bundled CommonJS code may require() modules of Node.js.
    banner: {
      js: "import { createRequire as requireFor } from 'node:module'; const require = requireFor(import.meta.url);",
    },
    chunkNames: '[name]-[hash]',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'inline',
    logLevel: 'warning',
  })
  copyFileSync(join(root, 'src/cli/elect.js'), join(outdir, 'elect.js'))
  chmodSync(join(outdir, 'elect.js'), 0o755)
  const man = pathToFileURL(join(outdir, 'man.js')).href
  const { manPage } = /** @type {typeof import('../src/cli/definition/man-page.js')} */ (
    await import(man)
  )
  writeFileSync(join(outdir, 'elect.1'), manPage)
  rmSync(join(outdir, 'man.js'))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildCli(join(root, 'dist', 'cli'))
}
