// Makes the programs that are measured, for processes of their own. It must not know what they do.

import { bundle } from '../scripts/bundle.mjs'

const made = new Map<string, Promise<string>>()

/**
 * Resolves with the path of a program for plain Node.js.
 *
 * @param entry A path from the root of the repository.
 */
export function program(entry: string): Promise<string> {
  // Made once, so that what is edited meanwhile does not change what a run is about.
  const promise = made.get(entry) ?? bundle(entry)
  made.set(entry, promise)
  return promise
}
