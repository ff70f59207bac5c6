// The reports of a package: what each of its entry points exports. Needs no build.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { extract } from './extractor.mjs'
import { page } from './page.mjs'
import { valuesOf } from './values.mjs'

/**
 * @typedef {object} EntryPoint
 * @property {string} specifier what users import
 * @property {string} file the name of its report
 * @property {string} declarations
 * @property {string} source
 */

/**
 * Resolves with what each file of api/ should hold, by its name.
 *
 * @param {string} root
 * @returns {Promise<Map<string, string>>}
 */
export async function reports(root) {
  const cache = join(root, '.cache')
  mkdirSync(cache, { recursive: true })
  // Inside the package, because declarations import its dependencies.
  const scratch = mkdtempSync(join(cache, 'api-'))
  try {
    emitDeclarations(root, scratch)
    const entries = entryPoints(root, scratch)
    const extracted = extract(root, scratch, entries)
    const made = entries.map(async ({ file, specifier, source }) => {
      const values = await valuesOf(source)
      const text = extracted.get(file) ?? ''
      return /** @type {const} */ ([
        file,
        await page(specifier, text, values, join(root, 'api', file)),
      ])
    })
    return new Map(await Promise.all(made))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

/**
 * @param {string} root
 * @param {string} into
 */
function emitDeclarations(root, into) {
  const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
  // Skips the type check, which takes most of the time: `npm run typecheck` does it.
  const flags = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--noCheck']
  execFileSync(process.execPath, [tsc, ...flags, '--outDir', into], { cwd: root, stdio: 'inherit' })
}

/**
 * @param {string} root
 * @param {string} scratch
 * @returns {EntryPoint[]}
 */
function entryPoints(root, scratch) {
  /** @type {{ name: string, exports: Record<string, { types?: string }> }} */
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return Object.entries(exports)
    .filter(([, { types }]) => types !== undefined)
    .map(([path, { types = '' }]) => {
      const declarations = types.replace('./dist/', '')
      return {
        specifier: path.replace('.', name),
        file: `${path === '.' ? name : path.replace('./', '')}.api.md`,
        declarations: join(scratch, declarations),
        source: join(root, 'src', declarations.replace('.d.ts', '.ts')),
      }
    })
}
