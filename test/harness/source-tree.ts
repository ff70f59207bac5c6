// Parses the source of the library.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

export type SourceTree = readonly ts.SourceFile[]

/** Parses all TypeScript files under a folder. */
export function readTree(folder: string): SourceTree {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .map((path) => parsed(path, readFileSync(path, 'utf8')))
}

export function parsed(path: string, text: string): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
}
