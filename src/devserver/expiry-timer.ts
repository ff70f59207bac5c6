// Ends leases when their TTL is over, with one timer for all of them.

import type { Clock } from '../base/clock.js'
import type { Lessor } from './lessor.js'

export class ExpiryTimer {
  readonly #clock: Clock
  readonly #lessor: Lessor
  readonly #endLease: (lease: bigint) => void
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined
  #isClosed = false

  constructor(clock: Clock, lessor: Lessor, end: (lease: bigint) => void) {
    this.#clock = clock
    this.#lessor = lessor
    this.#endLease = end
  }

  /**
   * To be called when a lease is granted. Renewals need no call: the timer then fires early and is
   * set again.
   */
  schedule(lease: bigint): void {
    this.#setTimer(this.#lessor.remainingMs(lease))
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #setTimer(delayMs: number): void {
    if (this.#isClosed || delayMs === Infinity) return
    const atMs = this.#clock.monotonicMs() + delayMs
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return
    this.#timer?.cancel()
    const cancel = this.#clock.setTimer(delayMs, () => {
      this.#timer = undefined
      for (const lease of this.#lessor.expired()) this.#endLease(lease)
      this.#setTimer(this.#lessor.nextExpiryInMs())
    })
    this.#timer = { atMs, cancel }
  }
}
