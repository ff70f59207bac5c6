// A clock whose timers wait while it is paused, like those of a suspended process: time goes on,
// but no timer fires.

import type { Clock } from '../base/clock.js'

export class PausableClock implements Clock {
  readonly #clock: Clock
  /** The timers that came due during the pause, in order. */
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
    /** A new function each time, because two timers may have the same callback. */
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

  /** Fires the timers that came due during the pause. */
  resume(): void {
    this.#isPaused = false
    for (const fire of [...this.#due]) {
      // A timer may have canceled a later one.
      if (this.#due.delete(fire)) fire()
    }
  }
}
