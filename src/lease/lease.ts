// One lease, kept alive from its grant until it is lost, once. It says at any instant whether the lease is surely
// alive, and tells those who depend on it when it no longer is.
// It must not know about elections, nor what comes after a loss.

import type { EtcdApi } from '../etcd/api.js'
import { Backoff } from '../etcd/backoff.js'
import {
  acknowledged,
  type Deadline,
  hopeMs,
  type Instant,
  remainingMs,
  witnessed,
} from './deadline.js'
import { type Answer, KeepAlives } from './keep-alives.js'

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

/** Renewals a TTL: one may be lost and another be late. */
const renewalsPerTtl = 3

export class Lease {
  readonly id: bigint
  /** As granted, in seconds: etcd raises small ones. */
  readonly ttlS: number
  /** Keys that may yet be made on this lease although nobody wants them any more: a request was given up half-way. */
  readonly lateKeys = new Set<string>()
  readonly #api: EtcdApi
  readonly #keepAlives: KeepAlives
  readonly #backoff: Backoff
  readonly #listeners = new Set<LeaseListener>()
  /** Keys attached to the lease that somebody depends on; each may serve as what a verifying read asks for. */
  readonly #keys = new Set<Uint8Array>()
  #deadline: Deadline
  /** Whether only confirmed renewals count, because somebody depends on the lease. */
  #strict = false
  #loss: LeaseLoss | undefined
  #verifying = false
  #cancelRenewal: (() => void) | undefined
  #cancelExpiry: (() => void) | undefined
  readonly #offClose: () => void

  constructor(api: EtcdApi, id: bigint, ttlS: number, deadline: Deadline) {
    this.#api = api
    this.id = id
    this.ttlS = ttlS
    this.#deadline = deadline
    this.#backoff = new Backoff(api.random, 50, 500)
    const hedgeMs = Math.min(500, Math.max(150, (ttlS * 1000) / 12))
    this.#keepAlives = new KeepAlives(api, id, hedgeMs, (answer) => {
      this.#answered(answer)
    })
    this.#offClose = api.onClose(() => {
      this.end('closed')
    })
    this.#renewIn(this.#renewalIntervalMs)
    this.#watchExpiry()
  }

  /** How it ended, or undefined while it has not. */
  get loss(): LeaseLoss | undefined {
    return this.#loss
  }

  /** How long from this instant the lease is surely alive. Reads two clocks, nothing else. */
  remainingMs(): number {
    return this.#loss === undefined ? remainingMs(this.#deadline, this.#now()) : 0
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
  rely(key: Uint8Array): () => void {
    this.#keys.add(key)
    if (this.isValid()) this.#strict = true
    else this.renewNow()
    return () => {
      this.#keys.delete(key)
      if (this.#keys.size === 0) this.#strict = false
    }
  }

  /** A linearizable answer from etcd that was asked for at `sentAtMs`: it may confirm a renewal. */
  witness(sentAtMs: number, raftTerm: bigint): void {
    const before = this.#deadline
    this.#deadline = witnessed(before, sentAtMs, raftTerm)
    if (this.#deadline !== before) this.#confirmed()
  }

  /** Asks etcd for a renewal now, for one who suspects that the lease is gone. */
  renewNow(): void {
    if (this.#loss === undefined) this.#renew()
  }

  /** Ends it here: keep-alives stop. Revoking it in etcd is the caller's. */
  end(loss: LeaseLoss): void {
    if (this.#loss !== undefined) return
    this.#loss = loss
    this.#offClose()
    this.#cancelRenewal?.()
    this.#cancelExpiry?.()
    this.#keepAlives.close()
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener.lost(loss)
  }

  get #renewalIntervalMs(): number {
    return (this.ttlS * 1000) / renewalsPerTtl
  }

  #renew(): void {
    this.#cancelRenewal?.()
    this.#cancelRenewal = undefined
    this.#keepAlives.ask()
  }

  #renewIn(delayMs: number): void {
    this.#cancelRenewal?.()
    this.#cancelRenewal = this.#api.clock.setTimer(delayMs, () => {
      this.#renew()
    })
  }

  #answered({ sentAt, answeredAtMs, raftTerm, ttlS }: Answer): void {
    if (ttlS <= 0) {
      this.end(hopeMs(this.#deadline, answeredAtMs) > 0 ? 'revoked' : 'expired')
      return
    }
    this.#deadline = acknowledged(this.#deadline, { sentAt, answeredAtMs, raftTerm })
    this.#watchExpiry()
    this.#renewIn(sentAt.monotonicMs + this.#renewalIntervalMs - answeredAtMs)
    void this.#verify()
  }

  /** Reads something through etcd's log to learn whether the last acknowledgement was given by who still leads it. */
  async #verify(): Promise<void> {
    if (this.#verifying) return
    const [key] = this.#keys
    if (key === undefined) return
    this.#verifying = true
    const sentAtMs = this.#api.clock.monotonicMs()
    try {
      const timeoutMs = Math.max(1, hopeMs(this.#deadline, sentAtMs))
      const { header } = await this.#api.range({ key, keysOnly: true }, { timeoutMs, urgent: true })
      this.witness(sentAtMs, header?.raftTerm ?? 0n)
    } catch {
      // Not confirmed, for whatever reason: what follows is the same.
    } finally {
      this.#verifying = false
    }
    if (this.#loss === undefined && this.#deadline.unverified !== undefined) {
      this.#renewIn(this.#backoff.nextMs())
    }
  }

  #confirmed(): void {
    this.#backoff.reset()
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
    const deadline = this.#strict ? { ...this.#deadline, unverified: undefined } : this.#deadline
    return hopeMs(deadline, this.#api.clock.monotonicMs())
  }

  #now(): Instant {
    const { clock } = this.#api
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
  }
}
