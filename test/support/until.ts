// Waits for a condition.

/**
 * Polls every 10 ms until the condition holds; a condition that throws does not hold yet. Rejects
 * after `timeoutMs`, with `what` in the message.
 */
export async function until(
  condition: () => unknown,
  { what, timeoutMs = 30_000 }: { what: string; timeoutMs?: number },
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      if ((await condition()) as boolean) return
      last = undefined
    } catch (error) {
      last = error
    }
    if (performance.now() > giveUpAt) {
      throw new Error(`waited ${String(timeoutMs)} ms in vain for ${what}`, { cause: last })
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
