import type { Attempt } from './result.js'

/** Resolves with the result, or with why the work failed: the other measurements go on. */
export async function attempt<T extends object>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return await work()
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) }
  }
}
