// Sends the same request again, beside the earlier ones, when no answer comes in time. The first
// answer counts.

import type { Clock } from './clock.js'

export interface HedgeOptions {
  /** How long to wait for an answer before the next attempt, in milliseconds. */
  readonly patienceMs: number
  readonly maxAttempts: number
  /** Called before each attempt but the first. */
  readonly beforeNext: () => void
}

/**
 * @param ask makes one attempt. Its signal is aborted when the answer is no longer needed.
 * @throws the error of the attempt that failed last, once every attempt that was made has failed.
 */
export async function hedge<T>(
  clock: Clock,
  ask: (signal: AbortSignal) => Promise<T>,
  { patienceMs, maxAttempts, beforeNext }: HedgeOptions,
): Promise<T> {
  const over = new AbortController()
  let cancel = (): void => undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      let [attempts, failures] = [0, 0]
      const askOnce = (): void => {
        attempts += 1
        if (attempts < maxAttempts) {
          cancel = clock.setTimer(patienceMs, () => {
            beforeNext()
            askOnce()
          })
        }
        ask(over.signal).then(resolve, (error: unknown) => {
          failures += 1
          if (failures === attempts)
            reject(error instanceof Error ? error : new Error(String(error)))
        })
      }
      askOnce()
    })
  } finally {
    cancel()
    over.abort()
  }
}
