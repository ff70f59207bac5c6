// Makes a new leader wait until no former leader can believe in its term, and looks again then.

import type { Clock } from '../base/clock.js'
import type { Lease } from '../lease/lease.js'
import type { RosterSubscription } from './roster-feed.js'

export class LockDelay {
  readonly #clock: Clock
  readonly #clockDrift: number
  #cancelTimer: (() => void) | undefined

  constructor(clock: Clock, clockDrift: number) {
    this.#clock = clock
    this.#clockDrift = clockDrift
  }

  /**
   * Whether the candidate with this token has to wait. If it is known for how long, calls
   * `lookAgain` then.
   *
   * @param fencingToken undefined when the candidate has no key.
   */
  holdsBack(
    fencingToken: bigint | undefined,
    lease: Lease,
    subscription: RosterSubscription,
    lookAgain: () => void,
  ): boolean {
    this.cancel()
    if (fencingToken === undefined) return true
    const nowMs = this.#clock.monotonicMs()
    const formerLeaders = subscription.formerLeaders()
    const delayMs = formerLeaders.delayMs(fencingToken, lease.ttlS, this.#clockDrift, nowMs)
    if (delayMs === Infinity) return true
    formerLeaders.learn(fencingToken, lease.ttlS)
    if (delayMs > 0) this.#cancelTimer = this.#clock.setTimer(delayMs, lookAgain)
    return delayMs > 0
  }

  cancel(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }
}
