// Bundles the programs that are measured in processes of their own.

import { bundle } from '../scripts/bundle.mjs'

const made = new Map<string, Promise<string>>()

/**
 * Resolves with the path of a program for plain Node.js.
 *
 * @param entry A path from the root of the repository.
 */
export function program(entry: string): Promise<string> {
  // Bundled once, so that edits during a run do not change what it measures.
  const promise = made.get(entry) ?? bundle(entry)
  made.set(entry, promise)
  return promise
}
