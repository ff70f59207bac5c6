import type { Attempt } from './result.js'

/** Resolves with what it gives, or with why it failed: the others are measured all the same. */
export async function attempt<T extends object>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return await work()
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) }
  }
}
