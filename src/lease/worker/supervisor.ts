// The worker of this process as the main thread sees it: one thread for all sessions that want one, told of every lease
// that it is to renew, watched, and started again when it died or hangs. It must not know what the leases are for, nor
// who renews while there is no worker.

import type { Clock } from '../../base/clock.js'
import { systemClock } from '../../base/clock.js'
import type { EtcdApi } from '../../etcd/api.js'
import { Backoff } from '../../base/backoff.js'
import type { RenewalTask, WorkerReport, WorkerOrder } from './protocol.js'
import { type WorkerThread, startWorker, type StartWorker } from './spawn.js'

/** What becomes of the worker, told to each session that uses it. None of these may throw. */
export interface WorkerListener {
  started(threadId: number): void
  /** It is gone, and another one is being started. */
  lost(reason: string): void
}

/** One lease that the worker renews. */
export interface RenewedLease {
  /** What a worker that is new to it has to know. */
  describe(): Omit<RenewalTask, 'cluster' | 'task'>
  report(news: WorkerReport): void
  /** There is no worker at present. */
  workerLost(): void
}

export interface RenewalHandle {
  tell(order: 'renewNow' | { readonly readWith: readonly Uint8Array[] }): void
  drop(): void
}

interface RenewedCluster {
  readonly number: number
  readonly api: EtcdApi
  users: number
}

const lookEveryMs = 500
/** So often in a row is it looked at in vain before a worker counts as hung: each look is proof that we turn. */
const mostVainLooks = 10
/** One that lived so long did not die of a cause that is there again at once. */
const lastingMs = 10_000

export class RenewalWorker {
  readonly #start: StartWorker
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #listeners = new Set<WorkerListener>()
  readonly #clusters = new Map<EtcdApi, RenewedCluster>()
  readonly #leases = new Map<number, { lease: RenewedLease; cluster: RenewedCluster }>()
  #thread: WorkerThread | undefined
  #startedAtMs = 0
  #lastBeatMs = 0
  #vainLooks = 0
  #cancelLook: (() => void) | undefined
  #cancelRestart: (() => void) | undefined
  #numbered = 0

  constructor(start: StartWorker, clock: Clock, random: () => number) {
    this.#start = start
    this.#clock = clock
    this.#backoff = new Backoff(random, 50, 5_000)
  }

  /** Starts the worker unless it runs; what it returns ends the worker with the last one who wanted it. */
  join(listener: WorkerListener): () => void {
    this.#listeners.add(listener)
    if (this.#thread === undefined && this.#cancelRestart === undefined) this.#run()
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#end()
    }
  }

  renew(api: EtcdApi, lease: RenewedLease): RenewalHandle {
    const cluster = this.#cluster(api)
    cluster.users += 1
    const task = this.#numbered++
    this.#leases.set(task, { lease, cluster })
    if (this.#thread === undefined) lease.workerLost()
    else this.#tell({ do: 'renew', ...lease.describe(), cluster: cluster.number, task })
    return {
      tell: (order) => {
        if (order === 'renewNow') this.#tell({ do: 'renewNow', task })
        else this.#tell({ do: 'readWith', task, keys: order.readWith })
      },
      drop: () => {
        if (!this.#leases.delete(task)) return
        this.#tell({ do: 'drop', task })
        cluster.users -= 1
        if (cluster.users > 0) return
        this.#clusters.delete(api)
        this.#tell({ do: 'forget', cluster: cluster.number })
      },
    }
  }

  #cluster(api: EtcdApi): RenewedCluster {
    let cluster = this.#clusters.get(api)
    if (cluster === undefined) {
      cluster = { number: this.#numbered++, api, users: 0 }
      this.#clusters.set(api, cluster)
      this.#introduce(cluster)
    }
    return cluster
  }

  #introduce({ number: cluster, api: { access } }: RenewedCluster): void {
    if (access !== undefined) this.#tell({ do: 'connect', cluster, access })
  }

  #tell(order: WorkerOrder): void {
    this.#thread?.tell(order)
  }

  #run(): void {
    this.#startedAtMs = this.#clock.monotonicMs()
    this.#lastBeatMs = 0
    this.#vainLooks = 0
    const thread = this.#start({
      up: () => {
        for (const listener of [...this.#listeners]) listener.started(thread.threadId)
      },
      news: (news) => {
        this.#leases.get(news.task)?.lease.report(news)
      },
      gone: (reason) => {
        this.#lost(reason)
      },
    })
    this.#thread = thread
    for (const cluster of this.#clusters.values()) this.#introduce(cluster)
    for (const [task, { lease, cluster }] of this.#leases) {
      this.#tell({ do: 'renew', ...lease.describe(), cluster: cluster.number, task })
    }
    this.#lookLater()
  }

  #lookLater(): void {
    this.#cancelLook = this.#clock.setTimer(lookEveryMs, () => {
      this.#look()
    })
  }

  #look(): void {
    const beatMs = this.#thread?.heartbeat.lastMs ?? 0
    this.#vainLooks = beatMs === this.#lastBeatMs ? this.#vainLooks + 1 : 0
    this.#lastBeatMs = beatMs
    if (this.#vainLooks < mostVainLooks) {
      this.#lookLater()
      return
    }
    this.#thread?.terminate()
    this.#lost('it hung')
  }

  #lost(reason: string): void {
    this.#thread = undefined
    this.#cancelLook?.()
    if (this.#clock.monotonicMs() - this.#startedAtMs >= lastingMs) this.#backoff.reset()
    this.#cancelRestart = this.#clock.setTimer(this.#backoff.nextMs(), () => {
      this.#cancelRestart = undefined
      this.#run()
    })
    for (const { lease } of [...this.#leases.values()]) lease.workerLost()
    for (const listener of [...this.#listeners]) listener.lost(reason)
  }

  #end(): void {
    this.#cancelLook?.()
    this.#cancelRestart?.()
    this.#cancelRestart = undefined
    this.#thread?.terminate()
    this.#thread = undefined
  }
}

let shared: RenewalWorker | undefined

/** The one worker of this process. */
export function renewalWorkerOfThisProcess(): RenewalWorker {
  shared ??= new RenewalWorker(startWorker, systemClock, Math.random)
  return shared
}
