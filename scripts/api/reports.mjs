// The reports of a package: what each of its entry points exports. Needs no build.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { extract } from './extractor.mjs'
import { page } from './page.mjs'
import { valuesOf } from './values.mjs'

/** Resolves with what each file of api/ should hold, by its name. */
export async function reports(root) {
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  // Within the package, for declarations import what it depends on.
  const scratch = mkdtempSync(join(cache, 'api-'))
  try {
    emitDeclarations(root, scratch)
    const entries = entryPoints(root, scratch)
    const extracted = extract(root, scratch, entries)
    const made = entries.map(async ({ file, specifier, source }) => {
      const values = await valuesOf(source)
      return [file, await page(specifier, extracted.get(file), values, join(root, 'api', file))]
    })
    return new Map(await Promise.all(made))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function emitDeclarations(root, into) {
  const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
  // Not checked, which takes most of the time: `npm run typecheck` does that.
  const flags = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--noCheck']
  const options = { cwd: root, stdio: 'inherit' }
  execFileSync(process.execPath, [tsc, ...flags, '--outDir', into], options)
}

function entryPoints(root, scratch) {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return Object.entries(exports)
    .filter(([, { types }]) => types !== undefined)
    .map(([path, { types }]) => {
      const declarations = types.replace('./dist/', '')
      return {
        specifier: path.replace('.', name),
        file: `${path === '.' ? name : path.replace('./', '')}.api.md`,
        declarations: join(scratch, declarations),
        source: join(root, 'src', declarations.replace('.d.ts', '.ts')),
      }
    })
}
