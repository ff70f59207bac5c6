// Loads the simulation with the library as it is, or with a mutant.

import { rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { bundle, scratch } from '../bundle.js'
import type { Mutation } from '../mutation.js'
import type * as simulation from './simulate.js'

export async function load(mutant?: Mutation): Promise<typeof simulation> {
  const dir = scratch()
  try {
    const program = await bundle('sim/simulate', dir, mutant)
    return (await import(/* @vite-ignore */ pathToFileURL(program).href)) as typeof simulation
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}
