// One lease, kept alive from its grant until it is lost. It says at any instant whether the lease
// surely lives, and tells its listeners when it no longer does.

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
 * - `closed`: this process gave it up: the session or the client was closed
 */
export type LeaseLoss = 'expired' | 'revoked' | 'closed'

/** Hears of a lease that it depends on. None of these may throw. */
export interface LeaseListener {
  /** A renewal was confirmed. */
  renewed(): void
  /** The lease is over. Called once, and nothing is called after it. */
  lost(loss: LeaseLoss): void
}

/** How many keys the renewal gets at a time. */
const maxConfirmingKeys = 8

export class Lease {
  readonly id: bigint
  /** As granted, in seconds: etcd raises small TTLs. */
  readonly ttlS: number
  readonly #api: EtcdApi
  readonly #renewal: Renewal
  readonly #listeners = new Set<LeaseListener>()
  /** The keys that candidates depend on. All are attached to the lease. */
  readonly #keys = new Set<Uint8Array>()
  /** Those of {@link #keys} that the renewal may read to confirm itself. */
  #confirmingKeys: Uint8Array[] = []
  /** Whether only confirmed renewals count, because a candidate depends on the lease. */
  #isStrict = false
  #loss: LeaseLoss | undefined
  /** When the renewal was sent that was doubted last, on the monotonic clock. */
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

  /** How the lease ended; undefined while it has not. */
  get loss(): LeaseLoss | undefined {
    return this.#loss
  }

  /**
   * How long from this instant the lease surely lives. Reads two clocks. When they contradict each
   * other, this asks etcd at once, so that a clock that was set ahead ends nothing for longer than
   * the answer takes.
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
   * Makes the lease live by confirmed renewals only: from now on or, if it is not valid now, from
   * the next confirmed renewal on. Returns how to undo that.
   *
   * @param key attached to the lease; may be read to confirm renewals.
   */
  dependOn(key: Uint8Array): () => void {
    this.#keys.add(key)
    this.#chooseKeys()
    if (this.isValid()) this.#isStrict = true
    else this.renewNow()
    return () => {
      this.#keys.delete(key)
      if (this.#confirmingKeys.includes(key)) this.#chooseKeys()
      if (this.#keys.size === 0) this.#isStrict = false
    }
  }

  /** What a linearizable request may confirm. Take it right before sending, for {@link confirm}. */
  get unconfirmed(): Acknowledgement | undefined {
    return this.#deadline.unconfirmed
  }

  /**
   * Confirms a renewal, if the raft term of a linearizable answer from etcd matches its own.
   *
   * @param unconfirmed what {@link unconfirmed} was when the request was sent.
   */
  confirm(unconfirmed: Acknowledgement | undefined, raftTerm: bigint): void {
    this.#renewal.confirm(unconfirmed, raftTerm)
  }

  /** Asks etcd for a renewal now instead of when the next one is due. */
  renewNow(): void {
    if (this.#loss === undefined) this.#renewal.renewNow()
  }

  /** Ends the lease in this process: keep-alives stop. Its session gives it back to etcd. */
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

  /** Asks once for each renewal that is doubted: asking goes on by itself until an answer comes. */
  #askOnce(): void {
    const { monotonicMs } = this.#deadline.renewedAt
    if (this.#doubtedRenewalMs === monotonicMs) return
    this.#doubtedRenewalMs = monotonicMs
    this.renewNow()
  }

  get #deadline(): Deadline {
    return this.#renewal.deadline
  }

  /** Chooses more than one: a key that is deleted must not end the terms of the others. */
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
    this.#isStrict = this.#keys.size > 0
    this.#watchExpiry()
    for (const listener of [...this.#listeners]) listener.renewed()
  }

  /** Ends the lease at its deadline, so that listeners hear of the loss on time. */
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
    const deadline: Deadline = this.#isStrict
      ? { ...this.#deadline, unconfirmed: undefined }
      : this.#deadline
    return possiblyRemainingMs(deadline, this.#api.clock.monotonicMs())
  }

  #now(): Instant {
    const { clock } = this.#api
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
  }
}
