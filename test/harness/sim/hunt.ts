// Plays schedules of a mutant until one finds what it must find.

import type { JudgedBy } from '../mutants.js'
import { load } from './load.js'

/**
 * Plays one seed after the other. Returns the number of schedules until the mutant was caught, or
 * undefined when it survives all that it may take.
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
