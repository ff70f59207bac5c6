// Keeps a lease alive: asks for keep-alives, has each of them confirmed, and holds the deadline.

import type { EtcdApi } from '../etcd/api.js'
import { Backoff } from '../base/backoff.js'
import type { RangeResponse } from '../etcd/wire/gen/rpc_pb.js'
import {
  type Acknowledgement,
  afterAcknowledgement,
  type Deadline,
  possiblyRemainingMs,
  confirm,
} from './deadline.js'
import { hedge } from '../base/hedge.js'
import { type KeepAliveAnswer, KeepAlives, type Patience } from './keep-alives.js'

/** A lease as it came from etcd. */
export interface GrantedLease {
  readonly api: EtcdApi
  readonly id: bigint
  /** As granted, in seconds. */
  readonly ttlS: number
  readonly deadline: Deadline
}

/** None of these may throw. */
export interface RenewalListener {
  /** A keep-alive was answered. Whether it counts is not known yet. */
  acknowledged(): void
  confirmed(): void
  /** etcd has no such lease. */
  leaseMissing(answeredAtMs: number): void
}

export interface Renewal {
  /** As known at this instant. */
  readonly deadline: Deadline
  /** Whether etcd is known to have no such lease. The listener may hear of that later. */
  readonly isLeaseMissing: boolean
  /** Sets the keys that may be read to confirm renewals. Without a key, they stay unconfirmed. */
  confirmWith(keys: readonly Uint8Array[]): void
  /**
   * Confirms a renewal, if the raft term of a linearizable answer from etcd matches its own.
   *
   * @param unconfirmed the deadline's unconfirmed renewal when the request was sent.
   */
  confirm(unconfirmed: Acknowledgement | undefined, raftTerm: bigint): void
  renewNow(): void
  close(): void
}

export type StartRenewal = (granted: GrantedLease, listener: RenewalListener) => Renewal

/** With three renewals per TTL, one may be lost and another be late. */
const renewalsPerTtl = 3

/** How soon to check again whether renewing is allowed. Soon enough for the shortest TTL. */
const recheckMs = 200

export function renewalIntervalMs(ttlS: number): number {
  return (ttlS * 1000) / renewalsPerTtl
}

/** How long to wait for each member that is asked about a lease of this TTL. */
function patienceOf(ttlS: number): Patience {
  const ttlMs = ttlS * 1000
  return { firstMs: Math.min(500, Math.max(150, ttlMs / 12)), maxMs: ttlMs / 4 }
}

/** Renews a lease on the event loop of the current thread. */
export class LoopRenewal implements Renewal {
  /** Always false, because the listener hears at once that the lease is missing. */
  readonly isLeaseMissing = false
  readonly #lease: GrantedLease
  readonly #listener: RenewalListener
  readonly #mayRenew: () => boolean
  readonly #keepAlives: KeepAlives
  readonly #backoff: Backoff
  #deadline: Deadline
  #keys: readonly Uint8Array[] = []
  #isReading = false
  #closed = false
  #cancelRenewal: (() => void) | undefined

  /** @param mayRenew called before each renewal. While it returns false, the lease runs out. */
  constructor(
    granted: GrantedLease,
    listener: RenewalListener,
    mayRenew: () => boolean = () => true,
  ) {
    const { api, id, ttlS, deadline } = granted
    this.#lease = granted
    this.#listener = listener
    this.#mayRenew = mayRenew
    this.#deadline = deadline
    this.#backoff = new Backoff(api.random, 50, 500)
    this.#keepAlives = new KeepAlives(api, id, patienceOf(ttlS), (answer) => {
      this.#answered(answer)
    })
    this.#renewIn(renewalIntervalMs(ttlS))
  }

  get deadline(): Deadline {
    return this.#deadline
  }

  confirmWith(keys: readonly Uint8Array[]): void {
    this.#keys = keys
  }

  confirm(unconfirmed: Acknowledgement | undefined, raftTerm: bigint): void {
    const before = this.#deadline
    this.#deadline = confirm(before, unconfirmed, raftTerm)
    if (this.#deadline === before) return
    this.#backoff.reset()
    this.#listener.confirmed()
  }

  renewNow(): void {
    this.#cancelRenewal?.()
    this.#cancelRenewal = undefined
    if (this.#closed) return
    if (this.#mayRenew()) this.#keepAlives.ask()
    else this.#renewIn(Math.min(recheckMs, renewalIntervalMs(this.#lease.ttlS)))
  }

  close(): void {
    this.#closed = true
    this.#cancelRenewal?.()
    this.#keepAlives.close()
  }

  #renewIn(delayMs: number): void {
    this.#cancelRenewal?.()
    this.#cancelRenewal = this.#lease.api.clock.setTimer(delayMs, () => {
      this.renewNow()
    })
  }

  #answered({ sentAt, answeredAtMs, raftTerm, ttlS }: KeepAliveAnswer): void {
    if (ttlS <= 0) {
      this.#listener.leaseMissing(answeredAtMs)
      return
    }
    this.#deadline = afterAcknowledgement(this.#deadline, { sentAt, raftTerm })
    this.#listener.acknowledged()
    if (this.#closed) return
    this.#renewIn(sentAt.monotonicMs + renewalIntervalMs(this.#lease.ttlS) - answeredAtMs)
    void this.#confirmByReading()
  }

  /** Reads a key to learn whether the member that sent the last acknowledgement still led etcd. */
  async #confirmByReading(): Promise<void> {
    const [key] = this.#keys
    if (this.#isReading || key === undefined) return
    this.#isReading = true
    const { unconfirmed } = this.#deadline
    try {
      const { header, kvs } = await this.#read(key)
      // The key may have gone with the lease: a member that is behind acknowledges keep-alives of a
      // lease that has ended.
      if (kvs.length === 0) this.#readOtherKeysFirst(key)
      else if (!this.#closed) this.confirm(unconfirmed, header?.raftTerm ?? 0n)
    } catch {
      // Whatever the reason, the renewal stays unconfirmed.
    } finally {
      this.#isReading = false
    }
    if (!this.#isClosed() && this.#deadline.unconfirmed !== undefined) {
      this.#renewIn(this.#backoff.nextMs())
    }
  }

  /** Asks other members as early as keep-alives do: a hung member must not use up the time left. */
  #read(key: Uint8Array): Promise<RangeResponse> {
    const { api, ttlS } = this.#lease
    let asked = api.preferredMember
    const ask = (signal: AbortSignal): Promise<RangeResponse> => {
      asked = api.preferredMember
      const timeoutMs = Math.max(1, possiblyRemainingMs(this.#deadline, api.clock.monotonicMs()))
      return api.range({ key, keysOnly: true }, { timeoutMs, urgent: true, signal })
    }
    return hedge(api.clock, ask, {
      patienceMs: patienceOf(ttlS).firstMs,
      maxAttempts: api.memberCount,
      beforeNext: () => {
        api.moveOnFrom(asked)
      },
    })
  }

  /** Puts this key last: a key that was deleted must not end the terms of the others. */
  #readOtherKeysFirst(key: Uint8Array): void {
    if (!this.#keys.includes(key)) return
    this.#keys = [...this.#keys.filter((other) => other !== key), key]
  }

  /** A function, because TypeScript would take the field for unchanged after an `await`. */
  #isClosed(): boolean {
    return this.#closed
  }
}
