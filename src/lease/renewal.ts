// What keeps a lease alive and knows since when: it asks for keep-alives, has each confirmed, and holds the deadline.
// It must not know who depends on the lease, nor what a loss means for them.

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
import { hedged } from '../base/hedge.js'
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
  /** A keep-alive was answered; whether it counts is not known yet. */
  acknowledged(): void
  confirmed(): void
  /** etcd has no such lease. */
  leaseMissing(answeredAtMs: number): void
}

export interface Renewal {
  /** As it is known at this instant. */
  readonly deadline: Deadline
  /** etcd is known to have no such lease, although nobody may have been told yet. */
  readonly isLeaseMissing: boolean
  /** Keys, attached to the lease, each of which may be read to confirm renewals; without any they stay unconfirmed. */
  confirmWith(keys: readonly Uint8Array[]): void
  /** A linearizable answer from etcd: it may confirm the renewal that was unconfirmed when it was asked for. */
  confirm(unconfirmed: Acknowledgement | undefined, raftTerm: bigint): void
  renewNow(): void
  close(): void
}

export type StartRenewal = (granted: GrantedLease, listener: RenewalListener) => Renewal

/** Renewals a TTL: one may be lost and another be late. */
const renewalsPerTtl = 3

/** How soon it is asked again whether renewing is allowed: as often as a lease of the shortest TTL needs it. */
const recheckMs = 200

export function renewalIntervalMs(ttlS: number): number {
  return (ttlS * 1000) / renewalsPerTtl
}

/** With each member that is asked something about a lease. */
function patienceOf(ttlS: number): Patience {
  const ttlMs = ttlS * 1000
  return { firstMs: Math.min(500, Math.max(150, ttlMs / 12)), maxMs: ttlMs / 4 }
}

/** Renews on the event loop that it is made on. */
export class LoopRenewal implements Renewal {
  /** Whoever is to be told is told at once. */
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

  /** @param mayRenew asked before each renewal: a lease whose holder is not well is left to run out. */
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

  /** Reads something through etcd's log to learn whether the last acknowledgement was given by who still leads it. */
  async #confirmByReading(): Promise<void> {
    const [key] = this.#keys
    if (this.#isReading || key === undefined) return
    this.#isReading = true
    const { unconfirmed } = this.#deadline
    try {
      const { header, kvs } = await this.#read(key)
      // A key that is gone may have gone with the lease: a member that is behind acknowledges what has ended already.
      if (kvs.length === 0) this.#readOtherKeysFirst(key)
      else if (!this.#closed) this.confirm(unconfirmed, header?.raftTerm ?? 0n)
    } catch {
      // Not confirmed, for whatever reason: what follows is the same.
    } finally {
      this.#isReading = false
    }
    if (!this.#isClosed() && this.#deadline.unconfirmed !== undefined) {
      this.#renewIn(this.#backoff.nextMs())
    }
  }

  /** A member that hangs must not use up the time that is left: another one is asked as early as for keep-alives. */
  #read(key: Uint8Array): Promise<RangeResponse> {
    const { api, ttlS } = this.#lease
    let asked = api.preferredMember
    const ask = (signal: AbortSignal): Promise<RangeResponse> => {
      asked = api.preferredMember
      const timeoutMs = Math.max(1, possiblyRemainingMs(this.#deadline, api.clock.monotonicMs()))
      return api.range({ key, keysOnly: true }, { timeoutMs, urgent: true, signal })
    }
    return hedged(api.clock, ask, {
      patienceMs: patienceOf(ttlS).firstMs,
      most: api.memberCount,
      another: () => {
        api.moveOnFrom(asked)
      },
    })
  }

  /** If there is another: one key that was deleted must not end what the others stand for. */
  #readOtherKeysFirst(key: Uint8Array): void {
    if (!this.#keys.includes(key)) return
    this.#keys = [...this.#keys.filter((other) => other !== key), key]
  }

  /** A function, because it changes while something is waited for. */
  #isClosed(): boolean {
    return this.#closed
  }
}
