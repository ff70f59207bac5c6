// Ends leases when their time is over, with one timer for all of them. It must not know what ending one means.

import type { Clock } from '../base/clock.js'
import type { Lessor } from './lessor.js'

export class Expiry {
  readonly #clock: Clock
  readonly #lessor: Lessor
  readonly #end: (lease: bigint) => void
  #timer: { readonly atMs: number; readonly cancel: () => void } | undefined
  #isClosed = false

  constructor(clock: Clock, lessor: Lessor, end: (lease: bigint) => void) {
    this.#clock = clock
    this.#lessor = lessor
    this.#end = end
  }

  /** A lease was granted. That it is renewed need not be told: the timer then comes early, and is set anew. */
  expect(lease: bigint): void {
    this.#wake(this.#lessor.remainingMs(lease))
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #wake(inMs: number): void {
    if (this.#isClosed || inMs === Infinity) return
    const atMs = this.#clock.monotonicMs() + inMs
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return
    this.#timer?.cancel()
    const cancel = this.#clock.setTimer(inMs, () => {
      this.#timer = undefined
      for (const lease of this.#lessor.expired()) this.#end(lease)
      this.#wake(this.#lessor.firstEndsInMs())
    })
    this.#timer = { atMs, cancel }
  }
}
