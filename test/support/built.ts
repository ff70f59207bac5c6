// Finds the programs that scripts/go-programs.mjs builds, or its reason for not building them.

import { existsSync, readFileSync } from 'node:fs'

/** Returns why the program is missing; `undefined` when it is there. */
export function whyMissing(program: string): string | undefined {
  if (existsSync(program)) return undefined
  const reason = `${program}.missing`
  return existsSync(reason) ? readFileSync(reason, 'utf8') : 'run node scripts/go-programs.mjs'
}
