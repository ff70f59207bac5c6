// Renews a lease in the worker thread, and on the main thread as well while the worker is gone or late. Both follow the
// same rule, and what either of them knows of the deadline is true, so the later one counts.
// It must not know who depends on the lease.

import type { Clock } from '../../base/clock.js'
import { type Acknowledgement, type Deadline, combined, witnessed } from '../deadline.js'
import {
  LoopRenewal,
  type Renewal,
  renewalIntervalMs,
  type RenewalListener,
  type GrantedLease,
} from '../renewal.js'
import type { WorkerReport } from './protocol.js'
import type { RenewalHandle, RenewalWorker } from './supervisor.js'
import { Heartbeat, SharedDeadline } from './shared-memory.js'

export interface WorkerRenewalOptions {
  readonly worker: RenewalWorker
  /** For how long the main thread's event loop may stand still before its lease is no longer renewed. */
  readonly maxStallMs: number
  readonly isHealthy: () => boolean
}

/** A worker that has not renewed for so many intervals is helped. */
const lateAfterIntervals = 1.5
const slowestBeatMs = 500

export class WorkerRenewal implements Renewal {
  readonly #lease: GrantedLease
  readonly #listener: RenewalListener
  readonly #isHealthy: () => boolean
  #shared: SharedDeadline
  readonly #heartbeat = new Heartbeat()
  readonly #beatEveryMs: number
  readonly #handle: RenewalHandle
  /** What is known on this thread, from the grant on. */
  #own: Deadline
  #known: { shared: Deadline; own: Deadline; both: Deadline } | undefined
  #keys: readonly Uint8Array[] = []
  /** Renews on this thread. */
  #help: LoopRenewal | undefined
  #cancelBeat: (() => void) | undefined
  #cancelWatch: (() => void) | undefined
  #closed = false

  constructor(
    granted: GrantedLease,
    listener: RenewalListener,
    { worker, maxStallMs, isHealthy }: WorkerRenewalOptions,
  ) {
    this.#lease = granted
    this.#listener = listener
    this.#isHealthy = isHealthy
    this.#own = granted.deadline
    this.#shared = new SharedDeadline(granted.deadline)
    this.#beatEveryMs = Math.min(slowestBeatMs, maxStallMs / 4)
    this.#beat()
    this.#handle = worker.renew(granted.api, {
      describe: () => {
        // Memory of its own for each worker: one that was ended while it wrote leaves it half-written.
        this.#shared = new SharedDeadline(this.deadline)
        return {
          leaseId: granted.id,
          ttlS: granted.ttlS,
          deadline: this.deadline,
          keys: this.#keys,
          shared: this.#shared.buffer,
          heartbeat: this.#heartbeat.buffer,
          maxStallMs,
        }
      },
      report: (news) => {
        this.#news(news)
      },
      workerLost: () => {
        this.#helpNow()
      },
    })
    this.#watch()
  }

  get deadline(): Deadline {
    const shared = this.#shared.read()
    const own = this.#help?.deadline ?? this.#own
    if (this.#known?.shared !== shared || this.#known.own !== own) {
      this.#known = { shared, own, both: combined(shared, own) }
    }
    return this.#known.both
  }

  get isGone(): boolean {
    return this.#shared.isGone
  }

  readWith(keys: readonly Uint8Array[]): void {
    this.#keys = keys
    this.#help?.readWith(keys)
    this.#handle.tell({ readWith: keys })
  }

  witness(unconfirmed: Acknowledgement | undefined, raftTerm: bigint): void {
    const before = this.deadline
    const after = witnessed(before, unconfirmed, raftTerm)
    if (after === before) return
    if (this.#help !== undefined) {
      this.#help.witness(unconfirmed, raftTerm)
      return
    }
    this.#own = after
    this.#listener.confirmed()
  }

  renewNow(): void {
    this.#handle.tell('renewNow')
    this.#help?.renewNow()
  }

  close(): void {
    this.#closed = true
    this.#cancelBeat?.()
    this.#cancelWatch?.()
    this.#stopHelping()
    this.#handle.drop()
  }

  #beat(): void {
    const { clock } = this.#lease.api
    this.#heartbeat.beat(clock.monotonicMs(), this.#isHealthy())
    this.#cancelBeat = clock.setTimer(this.#beatEveryMs, () => {
      this.#beat()
    })
  }

  #news(news: WorkerReport): void {
    if (this.#closed) return
    switch (news.is) {
      case 'gone':
        this.#listener.gone(news.answeredAtMs)
        return
      case 'acknowledged':
      case 'confirmed':
        if (!this.#isLate()) this.#stopHelping()
        this.#watch()
        this.#listener[news.is]()
        return
    }
    news satisfies never
  }

  /** Looks again when the worker should have renewed by then. */
  #watch(): void {
    this.#cancelWatch?.()
    this.#cancelWatch = this.#clock.setTimer(Math.max(1, this.#lateInMs()), () => {
      if (this.#isLate()) this.#helpNow()
      else this.#watch()
    })
  }

  #isLate(): boolean {
    return this.#lateInMs() <= 0
  }

  /** By what the worker alone has done. */
  #lateInMs(): number {
    const { renewedAt, unverified } = this.#shared.read()
    const lastMs = (unverified?.sentAt ?? renewedAt).monotonicMs
    const intervalMs = renewalIntervalMs(this.#lease.ttlS)
    return lastMs + intervalMs * lateAfterIntervals - this.#clock.monotonicMs()
  }

  #helpNow(): void {
    if (this.#closed || this.#help !== undefined) return
    this.#help = new LoopRenewal(
      { ...this.#lease, deadline: this.deadline },
      this.#listener,
      this.#isHealthy,
    )
    this.#help.readWith(this.#keys)
    this.#help.renewNow()
  }

  #stopHelping(): void {
    if (this.#help === undefined) return
    this.#own = this.#help.deadline
    this.#help.close()
    this.#help = undefined
  }

  get #clock(): Clock {
    return this.#lease.api.clock
  }
}
