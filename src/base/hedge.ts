// Asks for the same again, beside what was asked before, when no answer comes in time: the first answer counts.
// It must not know what is asked, nor of whom.

import type { Clock } from './clock.js'

export interface HedgeOptions {
  /** For how long one asking is waited for before there is another beside it. */
  readonly patienceMs: number
  /** How often is asked at most. */
  readonly most: number
  /** Called before each asking but the first. */
  readonly another: () => void
}

/**
 * @param ask is given a signal that tells that its answer is not needed any more.
 * @throws what the last one to fail failed with, once all that were asked have.
 */
export async function hedged<T>(
  clock: Clock,
  ask: (signal: AbortSignal) => Promise<T>,
  { patienceMs, most, another }: HedgeOptions,
): Promise<T> {
  const over = new AbortController()
  let cancel = (): void => undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      let [asked, failed] = [0, 0]
      const askOnce = (): void => {
        asked += 1
        if (asked < most) {
          cancel = clock.setTimer(patienceMs, () => {
            another()
            askOnce()
          })
        }
        ask(over.signal).then(resolve, (error: unknown) => {
          failed += 1
          if (failed === asked) reject(error instanceof Error ? error : new Error(String(error)))
        })
      }
      askOnce()
    })
  } finally {
    cancel()
    over.abort()
  }
}
