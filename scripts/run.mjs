// `node scripts/run.mjs ENTRY [ARG...]`: runs a TypeScript program of this repository from its
// root.
import { dirname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundle } from './bundle.mjs'

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))))
const [entry, ...args] = process.argv.slice(2)
if (entry === undefined) {
  console.error('usage: node scripts/run.mjs ENTRY [ARG...]')
  process.exit(2)
}
const program = await bundle(entry)
process.argv.splice(1, Infinity, program, ...args)
process.setSourceMapsEnabled(true)
await import(pathToFileURL(program).href)
