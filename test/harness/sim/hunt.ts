// Plays schedules of a mutant until one shows what it must. It must not know who is told.

import type { JudgedBy } from '../mutants.js'
import { load } from './load.js'

/**
 * Takes one seed after the other. Returns how many schedules it took, or undefined when the mutant
 * survives as many as it may take.
 */
export async function hunt(
  mutant: JudgedBy<'sim'>,
  firstSeed: number,
): Promise<number | undefined> {
  const { simulate } = await load(mutant)
  const { within, shows, lockDelay } = mutant.sim
  const options = lockDelay === undefined ? {} : { lockDelay }
  for (let count = 1; count <= within; count++) {
    const { violations } = await simulate(firstSeed + count - 1, options)
    if (violations.some(({ rule }) => rule === shows)) return count
  }
  return undefined
}
