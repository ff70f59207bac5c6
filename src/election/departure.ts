// Those who wait until a candidacy is known to be gone, and what they are told.
// It must not know how a key is removed.

import { TimeoutError } from '../base/errors.js'
import type { LeaseLoss } from '../lease/lease.js'

interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

export class Departure {
  readonly #election: string
  #waiters: Waiter[] = []

  constructor(election: string) {
    this.#election = election
  }

  wait(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  succeeded(): void {
    for (const waiter of this.#take()) waiter.resolve()
  }

  failed(error: unknown): void {
    for (const waiter of this.#take()) waiter.reject(error)
  }

  /** The key goes with its lease; whether that has happened yet is another question. */
  lostLease(loss: LeaseLoss, givenBack: () => Promise<void>): void {
    switch (loss) {
      case 'revoked':
        this.succeeded()
        return
      case 'expired':
        this.failed(
          new TimeoutError(
            `etcd did not confirm in time that '${this.#election}' was left: the key goes when etcd can be reached again, or when the TTL has passed`,
          ),
        )
        return
      case 'closed': {
        const waiters = this.#take()
        givenBack().then(
          () => {
            for (const waiter of waiters) waiter.resolve()
          },
          (error: unknown) => {
            for (const waiter of waiters) waiter.reject(error)
          },
        )
        return
      }
    }
    loss satisfies never
  }

  #take(): Waiter[] {
    const waiters = this.#waiters
    this.#waiters = []
    return waiters
  }
}
