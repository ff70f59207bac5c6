// A clock whose timers wait while it is paused, as those of a process that is stopped: time goes on, nothing happens.
// It must not know what is timed.

import type { Clock } from '../base/clock.js'

export class PausableClock implements Clock {
  readonly #clock: Clock
  /** What fell due while it was paused, in order. */
  readonly #due = new Set<() => void>()
  #isPaused = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  wallMs(): number {
    return this.#clock.wallMs()
  }

  setTimer(delayMs: number, callback: () => void): () => void {
    /** Its own function each time, for two timers may call back the same one. */
    const fire = (): void => {
      callback()
    }
    const cancel = this.#clock.setTimer(delayMs, () => {
      if (this.#isPaused) this.#due.add(fire)
      else fire()
    })
    return () => {
      cancel()
      this.#due.delete(fire)
    }
  }

  pause(): void {
    this.#isPaused = true
  }

  /** What has fallen due happens now. */
  resume(): void {
    this.#isPaused = false
    for (const fire of [...this.#due]) {
      // One may have called off another.
      if (this.#due.delete(fire)) fire()
    }
  }
}
