// The leases: who holds which keys, and until when. Time is read from a clock that is handed in; when a lease has run
// out, whoever looks for it (expired()) takes it and its keys away. It must not know the store, nor set timers.

import type { Clock } from '../base/clock.js'
import { refusals } from './refusals.js'
import type { Change } from './store/change.js'

/** With etcd's default settings: one and a half election timeouts of 1 s, in whole seconds. */
const minTtlS = 2n
const maxTtlS = 9_000_000_000n

export interface StoredLease {
  readonly id: bigint
  /** In seconds, as granted. */
  readonly ttl: bigint
  readonly keys: ReadonlySet<string>
}

interface HeldLease extends StoredLease {
  readonly keys: Set<string>
  endsAtMs: number
}

export class Lessor {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #leases = new Map<bigint, HeldLease>()

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  /** An id of 0 asks for one. */
  grant(ttl: bigint, id: bigint): StoredLease {
    if (ttl > maxTtlS) throw refusals.leaseTtlTooLarge()
    if (this.#leases.has(id)) throw refusals.leaseExists()
    const granted = ttl < minTtlS ? minTtlS : ttl
    const lease: HeldLease = {
      id: id === 0n ? this.#freeId() : id,
      ttl: granted,
      keys: new Set(),
      endsAtMs: this.#endOf(granted),
    }
    this.#leases.set(lease.id, lease)
    return lease
  }

  has(id: bigint): boolean {
    return this.#leases.has(id)
  }

  get(id: bigint): StoredLease | undefined {
    return this.#leases.get(id)
  }

  all(): Iterable<StoredLease> {
    return this.#leases.values()
  }

  /** What is left, in milliseconds; not above 0 when it has run out and waits to be taken away. */
  remainingMs(id: bigint): number {
    return (this.#leases.get(id)?.endsAtMs ?? -Infinity) - this.#clock.monotonicMs()
  }

  /** Begins the time to live anew; undefined when the lease is gone or has run out. */
  renew(id: bigint): StoredLease | undefined {
    const lease = this.#leases.get(id)
    if (lease === undefined || this.remainingMs(id) <= 0) return undefined
    lease.endsAtMs = this.#endOf(lease.ttl)
    return lease
  }

  /** What an etcd does that has just become leader: it cannot know what was renewed meanwhile. */
  renewAll(): void {
    for (const lease of this.#leases.values()) lease.endsAtMs = this.#endOf(lease.ttl)
  }

  expired(): bigint[] {
    const now = this.#clock.monotonicMs()
    return [...this.#leases.values()].filter(({ endsAtMs }) => endsAtMs <= now).map(({ id }) => id)
  }

  /** When the first one runs out if none is renewed; Infinity when there is none. */
  firstEndsInMs(): number {
    let first = Infinity
    for (const { endsAtMs } of this.#leases.values()) first = Math.min(first, endsAtMs)
    return first - this.#clock.monotonicMs()
  }

  /** Ends it; tells the keys that have to go with it, in order. */
  remove(id: bigint): string[] {
    const lease = this.#leases.get(id)
    if (lease === undefined) throw refusals.leaseNotFound()
    this.#leases.delete(id)
    return [...lease.keys].sort()
  }

  /** Keys belong to the lease of their last put. */
  follow(changes: readonly Change[]): void {
    for (const { key, kv, before } of changes) {
      if (before !== undefined) this.#leases.get(before.lease)?.keys.delete(key)
      this.#leases.get(kv.lease)?.keys.add(key)
    }
  }

  #endOf(ttl: bigint): number {
    return this.#clock.monotonicMs() + Number(ttl) * 1000
  }

  #freeId(): bigint {
    let id = (this.#bits(31) << 32n) | this.#bits(32)
    while (id === 0n || this.#leases.has(id)) id += 1n
    return id
  }

  #bits(count: number): bigint {
    return BigInt(Math.floor(this.#random() * 2 ** count))
  }
}
