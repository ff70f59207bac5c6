// The way between one client and the test's etcd, and one direction on it. What is put in comes out in order: at once,
// later, or never. It must not know what is carried.

import type { Clock } from '../base/clock.js'

/** What a line does with what is put in. `held` keeps it until the line is up again, `cut` loses it. */
export type LineState = 'up' | 'held' | 'cut'

interface Waiting {
  readonly atMs: number
  readonly deliver: () => void
}

/** One direction. */
export class Lane {
  readonly #clock: Clock
  readonly #state: () => LineState
  readonly #waiting: Waiting[] = []
  #cancelTimer: (() => void) | undefined
  #isMute = false

  /**
   * @param state of the line that this is a part of.
   */
  constructor(clock: Clock, state: () => LineState) {
    this.#clock = clock
    this.#state = state
  }

  put(delayMs: number, deliver: () => void): void {
    if (this.#isMute || this.#state() === 'cut') {
      // What went missing on the way cannot be followed by what came after it.
      this.mute()
      return
    }
    // What has less delay than that before it does not overtake it.
    const last = this.#waiting.at(-1)?.atMs ?? -Infinity
    this.#waiting.push({ atMs: Math.max(last, this.#clock.monotonicMs() + delayMs), deliver })
    this.pump()
  }

  /** Loses what is on the way and all that is put in from now on. */
  mute(): void {
    this.#isMute = true
    this.#waiting.length = 0
    this.#cancelTimer?.()
  }

  /** Delivers what is due. To be called when the line is up again. */
  pump(): void {
    this.#cancelTimer?.()
    for (;;) {
      const [next] = this.#waiting
      if (next === undefined || this.#state() !== 'up') return
      const leftMs = next.atMs - this.#clock.monotonicMs()
      if (leftMs > 0) {
        this.#cancelTimer = this.#clock.setTimer(leftMs, () => {
          this.pump()
        })
        return
      }
      this.#waiting.shift()
      next.deliver()
    }
  }
}
