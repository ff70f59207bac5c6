// Programs that scripts/go-programs.mjs builds, or says why it could not. It must not know what they are.

import { existsSync, readFileSync } from 'node:fs'

/** Why there is no such program; `undefined` when there is. */
export function whyMissing(program: string): string | undefined {
  if (existsSync(program)) return undefined
  const reason = `${program}.missing`
  return existsSync(reason) ? readFileSync(reason, 'utf8') : 'run node scripts/go-programs.mjs'
}
