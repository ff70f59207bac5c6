// Work that comes in heaps, done a few milliseconds at a time, so that the event loop comes to its other duties in between:
// renewals of leases, other people's requests. It must not know what the work is.

import type { Clock } from './clock.js'

/** Of each turn of the event loop. */
const mostMs = 10

/** Taken when this file is loaded: a test framework that puts its own in the place of Node's must not stop our work. */
export const nextTurn = setImmediate

export class TimeSlices {
  readonly #clock: Clock
  readonly #step: () => boolean
  /** When the work of this turn began. */
  #beganAtMs: number | undefined
  #working = false
  #left = false

  /** @param step does a little, and tells whether there is more to do. */
  constructor(clock: Clock, step: () => boolean) {
    this.#clock = clock
    this.#step = step
  }

  /** There is work: it is begun at once, unless this turn has had its share. */
  run(): void {
    if (this.#working) return
    if (this.#beganAtMs === undefined) {
      this.#beganAtMs = this.#clock.monotonicMs()
      nextTurn(() => {
        this.#beganAtMs = undefined
        if (this.#left) this.run()
      })
    }
    this.#working = true
    this.#left = true
    try {
      const endsAtMs = this.#beganAtMs + mostMs
      while (this.#left && this.#clock.monotonicMs() < endsAtMs) this.#left = this.#step()
    } finally {
      this.#working = false
    }
  }
}
