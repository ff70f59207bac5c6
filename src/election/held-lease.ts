// The lease that one candidate depends on at present.

import type { Lease, LeaseListener } from '../lease/lease.js'
import { encode } from './keys.js'

export class HeldLease {
  readonly #listener: LeaseListener
  #lease: Lease | undefined
  #unlisten: (() => void) | undefined
  #endDependence: (() => void) | undefined

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
  dependOn(term: string): void {
    this.#endDependence ??= this.#lease?.dependOn(encode(term))
  }

  stopDepending(): void {
    this.#endDependence?.()
    this.#endDependence = undefined
  }

  /** Listens no longer. What is known of the lease stays true until the next one. */
  letGo(): void {
    this.#unlisten?.()
    this.#unlisten = undefined
    this.stopDepending()
  }
}
