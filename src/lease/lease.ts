// One lease, kept alive from its grant until it is lost, once. It says at any instant whether the lease is surely
// alive, and tells those who depend on it when it no longer is.
// It must not know about elections, nor what comes after a loss.

import type { EtcdApi } from '../etcd/api.js'
import {
  type Acknowledgement,
  type Deadline,
  possiblyRemainingMs,
  type Instant,
  isDoubtful,
  remainingMs,
} from './deadline.js'
import type { Renewal, StartRenewal, GrantedLease } from './renewal.js'

/**
 * - `expired`: no renewal was confirmed in time
 * - `revoked`: etcd says that there is no such lease
 * - `closed`: this process gave it up
 */
export type LeaseLoss = 'expired' | 'revoked' | 'closed'

/** One who depends on a lease. None of these may throw. */
export interface LeaseListener {
  /** A renewal was confirmed. */
  renewed(): void
  /** The lease is over; comes once, and nothing comes after it. */
  lost(loss: LeaseLoss): void
}

/** Keys that the renewal is told of at a time. */
const maxConfirmingKeys = 8

export class Lease {
  readonly id: bigint
  /** As granted, in seconds: etcd raises small ones. */
  readonly ttlS: number
  readonly #api: EtcdApi
  readonly #renewal: Renewal
  readonly #listeners = new Set<LeaseListener>()
  /** Keys attached to the lease that somebody depends on; each may serve as what a verifying read asks for. */
  readonly #keys = new Set<Uint8Array>()
  /** Those of {@link #keys} that the renewal knows. */
  #confirmingKeys: Uint8Array[] = []
  /** Whether only confirmed renewals count, because somebody depends on the lease. */
  #strict = false
  #loss: LeaseLoss | undefined
  /** The renewal that was doubted last. */
  #doubtedRenewalMs: number | undefined
  #cancelExpiry: (() => void) | undefined
  readonly #stopListeningForClose: () => void

  constructor(granted: GrantedLease, start: StartRenewal) {
    const { api, id, ttlS } = granted
    this.#api = api
    this.id = id
    this.ttlS = ttlS
    this.#renewal = start(granted, {
      acknowledged: () => {
        this.#watchExpiry()
      },
      confirmed: () => {
        this.#confirmed()
      },
      leaseMissing: (answeredAtMs) => {
        this.end(possiblyRemainingMs(this.#deadline, answeredAtMs) > 0 ? 'revoked' : 'expired')
      },
    })
    this.#stopListeningForClose = api.onClose(() => {
      this.end('closed')
    })
    this.#watchExpiry()
  }

  /** How it ended, or undefined while it has not. */
  get loss(): LeaseLoss | undefined {
    return this.#loss
  }

  /**
   * How long from this instant the lease is surely alive. Reads two clocks; when they contradict each other, etcd is asked
   * at once, so that a clock that was set ahead ends nothing for longer than that takes.
   */
  remainingMs(): number {
    if (this.#loss !== undefined || this.#renewal.isLeaseMissing) return 0
    const now = this.#now()
    if (isDoubtful(this.#deadline, now)) this.#askOnce()
    return remainingMs(this.#deadline, now)
  }

  isValid(): boolean {
    return this.remainingMs() > 0
  }

  listen(listener: LeaseListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  /**
   * From now on, or from the next confirmed renewal on if it has none, the lease lives by confirmed renewals only.
   * This key, which is attached to the lease, may be read to confirm them.
   */
  dependOn(key: Uint8Array): () => void {
    this.#keys.add(key)
    this.#chooseKeys()
    if (this.isValid()) this.#strict = true
    else this.renewNow()
    return () => {
      this.#keys.delete(key)
      if (this.#confirmingKeys.includes(key)) this.#chooseKeys()
      if (this.#keys.size === 0) this.#strict = false
    }
  }

  /** What a linearizable request that is sent now may confirm; to be taken right before, for {@link confirm}. */
  get unconfirmed(): Acknowledgement | undefined {
    return this.#deadline.unconfirmed
  }

  /** A linearizable answer from etcd: it may confirm the renewal that was unconfirmed when it was asked for. */
  confirm(unconfirmed: Acknowledgement | undefined, raftTerm: bigint): void {
    this.#renewal.confirm(unconfirmed, raftTerm)
  }

  /** Asks etcd for a renewal now, for one who suspects that the lease is gone. */
  renewNow(): void {
    if (this.#loss === undefined) this.#renewal.renewNow()
  }

  /** Ends it here: keep-alives stop. Revoking it in etcd is the caller's. */
  end(loss: LeaseLoss): void {
    if (this.#loss !== undefined) return
    this.#loss = loss
    this.#stopListeningForClose()
    this.#cancelExpiry?.()
    this.#renewal.close()
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener.lost(loss)
  }

  /** However often somebody looks: asking goes on by itself until there is an answer. */
  #askOnce(): void {
    const { monotonicMs } = this.#deadline.renewedAt
    if (this.#doubtedRenewalMs === monotonicMs) return
    this.#doubtedRenewalMs = monotonicMs
    this.renewNow()
  }

  get #deadline(): Deadline {
    return this.#renewal.deadline
  }

  /** A few of them, for the case that one is deleted: that must not end what the others stand for. */
  #chooseKeys(): void {
    if (
      this.#confirmingKeys.length === maxConfirmingKeys &&
      this.#confirmingKeys.every((key) => this.#keys.has(key))
    )
      return
    this.#confirmingKeys = []
    for (const key of this.#keys) {
      this.#confirmingKeys.push(key)
      if (this.#confirmingKeys.length === maxConfirmingKeys) break
    }
    this.#renewal.confirmWith(this.#confirmingKeys)
  }

  #confirmed(): void {
    this.#strict = this.#keys.size > 0
    this.#watchExpiry()
    for (const listener of [...this.#listeners]) listener.renewed()
  }

  /** Fires at the deadline, so that the loss is told on time and not only noticed by those who look. */
  #watchExpiry(): void {
    if (this.#loss !== undefined) return
    this.#cancelExpiry?.()
    const leftMs = this.#leftMs()
    if (leftMs <= 0) {
      this.end('expired')
      return
    }
    this.#cancelExpiry = this.#api.clock.setTimer(leftMs, () => {
      this.#watchExpiry()
    })
  }

  #leftMs(): number {
    const deadline: Deadline = this.#strict
      ? { ...this.#deadline, unconfirmed: undefined }
      : this.#deadline
    return possiblyRemainingMs(deadline, this.#api.clock.monotonicMs())
  }

  #now(): Instant {
    const { clock } = this.#api
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
  }
}
