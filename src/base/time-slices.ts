// Runs long work in slices of a few milliseconds, so that the event loop can serve lease renewals
// and other requests in between.

import type { Clock } from './clock.js'

/** How much of each turn of the event loop the work may take. */
const maxTurnMs = 10

/** Taken at load time: a test framework that replaces `setImmediate` must not stop the work. */
export const nextTurn = setImmediate

export class TimeSlices {
  readonly #clock: Clock
  readonly #step: () => boolean
  /** When the work of this turn began; undefined when none did. */
  #beganAtMs: number | undefined
  #isWorking = false
  #hasMore = false

  /** @param step does a little of the work, and returns whether there is more. */
  constructor(clock: Clock, step: () => boolean) {
    this.#clock = clock
    this.#step = step
  }

  /** Starts the work at once or, when this turn has had its share, in the next turn. */
  run(): void {
    if (this.#isWorking) return
    if (this.#beganAtMs === undefined) {
      this.#beganAtMs = this.#clock.monotonicMs()
      nextTurn(() => {
        this.#beganAtMs = undefined
        if (this.#hasMore) this.run()
      })
    }
    this.#isWorking = true
    this.#hasMore = true
    try {
      const endsAtMs = this.#beganAtMs + maxTurnMs
      while (this.#hasMore && this.#clock.monotonicMs() < endsAtMs) this.#hasMore = this.#step()
    } finally {
      this.#isWorking = false
    }
  }
}
