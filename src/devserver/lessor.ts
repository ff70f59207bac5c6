// The table of leases: the keys on each, and when it expires. It sets no timers and deletes no
// keys: to end expired leases is the member's job.

import type { Clock } from '../base/clock.js'
import { refusals } from './refusals.js'
import type { Change } from './store/change.js'

/** As in etcd with default settings: 1.5 election timeouts of 1 s, rounded up to whole seconds. */
const minTtlS = 2n
const maxTtlS = 9_000_000_000n

export interface StoredLease {
  readonly id: bigint
  /** In seconds, as granted. */
  readonly ttl: bigint
  readonly keys: ReadonlySet<string>
}

interface LeaseEntry extends StoredLease {
  readonly keys: Set<string>
  expiresAtMs: number
}

export class Lessor {
  readonly #clock: Clock
  readonly #random: () => number
  readonly #leases = new Map<bigint, LeaseEntry>()

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock
    this.#random = random
  }

  /** With an id of 0, chooses a free one. */
  grant(ttl: bigint, id: bigint): StoredLease {
    if (ttl > maxTtlS) throw refusals.leaseTtlTooLarge()
    if (this.#leases.has(id)) throw refusals.leaseExists()
    const granted = ttl < minTtlS ? minTtlS : ttl
    const lease: LeaseEntry = {
      id: id === 0n ? this.#freeId() : id,
      ttl: granted,
      keys: new Set(),
      expiresAtMs: this.#newExpiryMs(granted),
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

  /**
   * Milliseconds until the lease expires; 0 or less once it has, or when there is no such lease.
   */
  remainingMs(id: bigint): number {
    return (this.#leases.get(id)?.expiresAtMs ?? -Infinity) - this.#clock.monotonicMs()
  }

  /** Restarts the lease's TTL; undefined when there is no such lease or it has expired. */
  renew(id: bigint): StoredLease | undefined {
    const lease = this.#leases.get(id)
    if (lease === undefined || this.remainingMs(id) <= 0) return undefined
    lease.expiresAtMs = this.#newExpiryMs(lease.ttl)
    return lease
  }

  /** Restarts every TTL, as a new etcd leader does: it cannot know which leases were renewed. */
  renewAll(): void {
    for (const lease of this.#leases.values()) lease.expiresAtMs = this.#newExpiryMs(lease.ttl)
  }

  expired(): bigint[] {
    const now = this.#clock.monotonicMs()
    return [...this.#leases.values()]
      .filter(({ expiresAtMs }) => expiresAtMs <= now)
      .map(({ id }) => id)
  }

  /** Milliseconds until the next lease expires unless renewed; Infinity when there is none. */
  nextExpiryInMs(): number {
    let first = Infinity
    for (const { expiresAtMs } of this.#leases.values()) first = Math.min(first, expiresAtMs)
    return first - this.#clock.monotonicMs()
  }

  /** Ends the lease; returns the keys that have to be deleted with it, sorted. */
  remove(id: bigint): string[] {
    const lease = this.#leases.get(id)
    if (lease === undefined) throw refusals.leaseNotFound()
    this.#leases.delete(id)
    return [...lease.keys].sort()
  }

  /** Keeps track of which keys are on which lease: a key belongs to the lease of its last put. */
  trackKeys(changes: readonly Change[]): void {
    for (const { key, kv, before } of changes) {
      if (before !== undefined) this.#leases.get(before.lease)?.keys.delete(key)
      this.#leases.get(kv.lease)?.keys.add(key)
    }
  }

  #newExpiryMs(ttl: bigint): number {
    return this.#clock.monotonicMs() + Number(ttl) * 1000
  }

  #freeId(): bigint {
    let id = (this.#randomBits(31) << 32n) | this.#randomBits(32)
    while (id === 0n || this.#leases.has(id)) id += 1n
    return id
  }

  #randomBits(count: number): bigint {
    return BigInt(Math.floor(this.#random() * 2 ** count))
  }
}
