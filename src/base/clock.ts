// The clock that the library runs on, so that tests and simulations can hand in their own.

/** The time, as this library needs it. Tests and simulations hand in their own. */
export interface Clock {
  /** Milliseconds on a clock that never goes back and is never set. Its zero means nothing. */
  monotonicMs(): number
  /**
   * Milliseconds since 1970. People and NTP set this clock; it runs on while the host is suspended.
   */
  wallMs(): number
  /** Calls back once, not before `delayMs` have passed. The function it returns cancels that. */
  setTimer(delayMs: number, callback: () => void): () => void
}

/** Node.js fires a timer that is longer than this at once. */
export const maxTimerMs = 2 ** 31 - 1

/** The clocks of this host. */
export const systemClock: Clock = Object.freeze({
  // The same in all threads of a process, whereas performance.now() begins at 0 in each.
  monotonicMs() {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1e3 + nanoseconds / 1e6
  },
  wallMs: () => Date.now(),
  // Beyond 24.8 days a timer fires early. What depends on a longer time looks at the clock again.
  setTimer(delayMs: number, callback: () => void) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), maxTimerMs))
    return () => {
      clearTimeout(timer)
    }
  },
})

/** Resolves after `delayMs`. Rejects with `signal.reason` when the signal is aborted before. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason as Error)
      return
    }
    const abort = (): void => {
      cancel()
      reject(signal?.reason as Error)
    }
    const cancel = clock.setTimer(delayMs, () => {
      signal?.removeEventListener('abort', abort)
      resolve()
    })
    signal?.addEventListener('abort', abort, { once: true })
  })
}

/** Resolves with true after `delayMs`, and with false when the signal is aborted before. */
export function sleepUnlessAborted(
  clock: Clock,
  delayMs: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  return sleep(clock, delayMs, signal).then(
    () => true,
    () => false,
  )
}
