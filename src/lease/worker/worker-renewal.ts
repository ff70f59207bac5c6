// Renews a lease in the worker thread, and on the main thread as well while the worker is gone or
// late. Both threads follow the same rule and both of their deadlines are true: the later counts.

import type { Clock } from '../../base/clock.js'
import { type Acknowledgement, type Deadline, merge, confirm } from '../deadline.js'
import {
  LoopRenewal,
  type Renewal,
  renewalIntervalMs,
  type RenewalListener,
  type GrantedLease,
} from '../renewal.js'
import type { LeaseReport } from './protocol.js'
import type { RenewalHandle, WorkerSupervisor } from './supervisor.js'
import { Heartbeat, SharedDeadline } from './shared-memory.js'

export interface WorkerRenewalOptions {
  readonly worker: WorkerSupervisor
  /** How long the main thread's event loop may be blocked before the worker stops renewing. */
  readonly maxStallMs: number
  readonly isHealthy: () => boolean
}

/** When the worker has not renewed for so many intervals, the main thread renews too. */
const lateAfterIntervals = 1.5
const maxBeatIntervalMs = 500

export class WorkerRenewal implements Renewal {
  readonly #lease: GrantedLease
  readonly #listener: RenewalListener
  readonly #isHealthy: () => boolean
  #shared: SharedDeadline
  readonly #heartbeat = new Heartbeat()
  readonly #beatIntervalMs: number
  readonly #workerHandle: RenewalHandle
  /** The deadline as the main thread knows it. */
  #own: Deadline
  #merged: { shared: Deadline; own: Deadline; both: Deadline } | undefined
  #keys: readonly Uint8Array[] = []
  /** Renews on the main thread while the worker is gone or late. */
  #fallback: LoopRenewal | undefined
  #cancelBeat: (() => void) | undefined
  #cancelWatch: (() => void) | undefined
  #isClosed = false

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
    this.#beatIntervalMs = Math.min(maxBeatIntervalMs, maxStallMs / 4)
    this.#beat()
    this.#workerHandle = worker.renew(granted.api, {
      describe: () => {
        // Each worker gets new memory: one that ended while it wrote may have left it half-written.
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
      report: (report) => {
        this.#handleReport(report)
      },
      workerLost: () => {
        this.#startFallback()
      },
    })
    this.#watchWorker()
  }

  get deadline(): Deadline {
    const shared = this.#shared.read()
    const own = this.#fallback?.deadline ?? this.#own
    if (this.#merged?.shared !== shared || this.#merged.own !== own) {
      this.#merged = { shared, own, both: merge(shared, own) }
    }
    return this.#merged.both
  }

  get isLeaseMissing(): boolean {
    return this.#shared.isLeaseMissing
  }

  confirmWith(keys: readonly Uint8Array[]): void {
    this.#keys = keys
    this.#fallback?.confirmWith(keys)
    this.#workerHandle.confirmWith(keys)
  }

  confirm(unconfirmed: Acknowledgement | undefined, raftTerm: bigint): void {
    const before = this.deadline
    const after = confirm(before, unconfirmed, raftTerm)
    if (after === before) return
    if (this.#fallback !== undefined) {
      this.#fallback.confirm(unconfirmed, raftTerm)
      return
    }
    this.#own = after
    this.#listener.confirmed()
  }

  renewNow(): void {
    this.#workerHandle.renewNow()
    this.#fallback?.renewNow()
  }

  close(): void {
    this.#isClosed = true
    this.#cancelBeat?.()
    this.#cancelWatch?.()
    this.#stopFallback()
    this.#workerHandle.drop()
  }

  #beat(): void {
    const { clock } = this.#lease.api
    this.#heartbeat.beat(clock.monotonicMs(), this.#isHealthy())
    this.#cancelBeat = clock.setTimer(this.#beatIntervalMs, () => {
      this.#beat()
    })
  }

  #handleReport(report: LeaseReport): void {
    if (this.#isClosed) return
    switch (report.is) {
      case 'leaseMissing':
        this.#listener.leaseMissing(report.answeredAtMs)
        return
      case 'acknowledged':
      case 'confirmed':
        if (!this.#isLate()) this.#stopFallback()
        this.#watchWorker()
        this.#listener[report.is]()
        return
    }
    report satisfies never
  }

  /** Checks, when the worker would be late, whether it is. */
  #watchWorker(): void {
    this.#cancelWatch?.()
    this.#cancelWatch = this.#clock.setTimer(Math.max(1, this.#lateInMs()), () => {
      if (this.#isLate()) this.#startFallback()
      else this.#watchWorker()
    })
  }

  #isLate(): boolean {
    return this.#lateInMs() <= 0
  }

  /** Counts only what the worker has done, not this thread. */
  #lateInMs(): number {
    const { renewedAt, unconfirmed } = this.#shared.read()
    const lastMs = (unconfirmed?.sentAt ?? renewedAt).monotonicMs
    const intervalMs = renewalIntervalMs(this.#lease.ttlS)
    return lastMs + intervalMs * lateAfterIntervals - this.#clock.monotonicMs()
  }

  #startFallback(): void {
    if (this.#isClosed || this.#fallback !== undefined) return
    this.#fallback = new LoopRenewal(
      { ...this.#lease, deadline: this.deadline },
      this.#listener,
      this.#isHealthy,
    )
    this.#fallback.confirmWith(this.#keys)
    this.#fallback.renewNow()
  }

  #stopFallback(): void {
    if (this.#fallback === undefined) return
    this.#own = this.#fallback.deadline
    this.#fallback.close()
    this.#fallback = undefined
  }

  get #clock(): Clock {
    return this.#lease.api.clock
  }
}
