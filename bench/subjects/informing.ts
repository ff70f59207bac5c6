// Measures from a leader's proclamation to its arrival at the observers.

import type { Informed } from './commands.js'
import { timeOfDay } from './protocol.js'

/**
 * Returns a function that proclaims, and resolves when all observers have the new name.
 *
 * @param hearing One for each observer, resolved when it has heard.
 */
export function informing(
  hearing: readonly Promise<unknown>[],
  proclaim: () => Promise<unknown>,
): () => Promise<Informed> {
  let firstAt: number | undefined
  const informed = hearing.map(async (heard) => {
    await heard
    firstAt ??= timeOfDay()
  })
  return async () => {
    const sentAt = timeOfDay()
    await proclaim()
    await Promise.all(informed)
    return { firstAt: (firstAt ?? NaN) - sentAt, lastAt: timeOfDay() - sentAt }
  }
}
