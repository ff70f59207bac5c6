// The callers that wait until a candidacy is known to be gone, and what they are told.

import { ClosedError, TimeoutError } from '../base/errors.js'
import type { LeaseLoss } from '../lease/lease.js'

interface Waiter {
  resolve(): void
  reject(error: unknown): void
}

export class LeaveWaiters {
  readonly #election: string
  #waiters: Waiter[] = []
  /** The client was closed: no further attempt to remove the key follows. */
  #closed: ClosedError | undefined

  constructor(election: string) {
    this.#election = election
  }

  /**
   * Resolves when the key is gone. Rejects when one attempt to remove it failed; the caller may
   * wait again for the attempts that follow.
   */
  wait(): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  succeeded(): void {
    for (const waiter of this.#take()) waiter.resolve()
  }

  failed(error: unknown): void {
    if (error instanceof ClosedError) this.#closed = error
    for (const waiter of this.#take()) waiter.reject(error)
  }

  /**
   * The key goes with its lease.
   *
   * @param givenBack settles when it is known whether etcd has the lease back.
   */
  leaseLost(loss: LeaseLoss, givenBack: () => Promise<void>): void {
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
