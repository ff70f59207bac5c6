// One direction of the line between a client and the test's etcd. It delivers messages in order: at
// once, later, or never.

import type { Clock } from '../base/clock.js'

/** A line that is `held` keeps messages until it is up again; a line that is `cut` loses them. */
export type LineState = 'up' | 'held' | 'cut'

interface QueuedMessage {
  readonly atMs: number
  readonly deliver: () => void
}

export class Lane {
  readonly #clock: Clock
  readonly #state: () => LineState
  readonly #queue: QueuedMessage[] = []
  #cancelTimer: (() => void) | undefined
  #isMute = false

  /**
   * @param state returns the state of the line that the lane is part of.
   */
  constructor(clock: Clock, state: () => LineState) {
    this.#clock = clock
    this.#state = state
  }

  put(delayMs: number, deliver: () => void): void {
    if (this.#isMute || this.#state() === 'cut') {
      // Messages after a lost one are lost too: they must not arrive without it.
      this.mute()
      return
    }
    // A message with less delay than the one before must not overtake it.
    const last = this.#queue.at(-1)?.atMs ?? -Infinity
    this.#queue.push({ atMs: Math.max(last, this.#clock.monotonicMs() + delayMs), deliver })
    this.deliverDue()
  }

  /** Loses all messages on the way and all later ones. */
  mute(): void {
    this.#isMute = true
    this.#queue.length = 0
    this.#cancelTimer?.()
  }

  /** Delivers the messages that are due. To be called when the line is up again. */
  deliverDue(): void {
    this.#cancelTimer?.()
    for (;;) {
      const [next] = this.#queue
      if (next === undefined || this.#state() !== 'up') return
      const leftMs = next.atMs - this.#clock.monotonicMs()
      if (leftMs > 0) {
        this.#cancelTimer = this.#clock.setTimer(leftMs, () => {
          this.deliverDue()
        })
        return
      }
      this.#queue.shift()
      next.deliver()
    }
  }
}
