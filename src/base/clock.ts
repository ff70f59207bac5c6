// Time, as a thing that can be handed in. It must not know what is timed.

/** What this library needs of time. Tests and simulations hand in their own. */
export interface Clock {
  /** Milliseconds on a clock that never goes back and is never set. Its zero means nothing. */
  monotonicMs(): number
  /** Milliseconds since 1970 on the clock that people and NTP set, and that goes on while the machine is suspended. */
  wallMs(): number
  /** Calls back once, not before `delayMs` have passed; the function it returns calls it off. */
  setTimer(delayMs: number, callback: () => void): () => void
}

/** Beyond this, Node fires a timer at once; whoever waits longer looks at the clock again when it fires. */
const longestTimerMs = 2 ** 31 - 1

/** The clocks of this machine. */
export const systemClock: Clock = Object.freeze({
  // Of the machine, and so the same for all threads of a process; performance.now() begins anew in each.
  monotonicMs() {
    const [seconds, nanoseconds] = process.hrtime()
    return seconds * 1e3 + nanoseconds / 1e6
  },
  wallMs: () => Date.now(),
  setTimer(delayMs: number, callback: () => void) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), longestTimerMs))
    return () => {
      clearTimeout(timer)
    }
  },
})

/**
 * Waits; rejects with `signal.reason` when the signal is aborted first.
 */
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
