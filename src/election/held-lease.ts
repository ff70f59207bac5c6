// The lease that one candidate depends on at present.

import type { Lease, LeaseListener } from '../lease/lease.js'
import { encode } from './keys.js'

export class HeldLease {
  readonly #listener: LeaseListener
  #lease: Lease | undefined
  #unlisten: (() => void) | undefined
  #unrely: (() => void) | undefined

  /** @param listener is told of the present lease only. */
  constructor(listener: LeaseListener) {
    this.#listener = listener
  }

  /** The present lease, or the last one once it is lost. */
  get lease(): Lease | undefined {
    return this.#lease
  }

  /** The present lease while it is not lost. */
  get alive(): Lease | undefined {
    return this.#lease?.loss === undefined ? this.#lease : undefined
  }

  hold(lease: Lease): void {
    if (this.#lease === lease) return
    this.letGo()
    this.#lease = lease
    this.#unlisten = lease.listen(this.#listener)
  }

  /** From now on the lease lives by confirmed renewals only; reads of this key may confirm them. */
  relyOn(term: string): void {
    this.#unrely ??= this.#lease?.rely(encode(term))
  }

  stopRelying(): void {
    this.#unrely?.()
    this.#unrely = undefined
  }

  /** Listens no longer. What is known of the lease stays true until the next one. */
  letGo(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
    this.stopRelying()
  }
}
