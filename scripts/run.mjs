// `node scripts/run.mjs ENTRY [ARG...]`: runs a program of this repository that is written in
// TypeScript, from the root of it, with the arguments. It must not know which program.
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
