// Supervises the one worker thread that renews leases for all sessions of this process that want
// one: sends it every lease, and replaces it when it ends or hangs.

import { type Clock, systemClock } from '../../base/clock.js'
import { SupervisedCompanion } from '../../base/supervised.js'
import type { EtcdApi } from '../../etcd/api.js'
import type { LeaseReport, RenewalTask, WorkerOrder, WorkerReport } from './protocol.js'
import { type SpawnWorker, whyNoWorkerThread, type WorkerThread } from './spawn.js'

/** A session that uses the worker. None of these may throw. */
export interface WorkerListener {
  started(threadId: number): void
  /** The worker ended or hung, and another one is being started. */
  lost(reason: string): void
}

/** The main thread's side of a lease that the worker renews. None of these may throw. */
export interface RenewalClient {
  /** Says what a new worker has to know. */
  describe(): Omit<RenewalTask, 'cluster' | 'task'>
  report(report: LeaseReport): void
  /** There is no worker at present. */
  workerLost(): void
}

/** Speaks to the worker about one lease. */
export interface RenewalHandle {
  renewNow(): void
  confirmWith(keys: readonly Uint8Array[]): void
  drop(): void
}

interface RenewalCluster {
  readonly number: number
  readonly api: EtcdApi
  users: number
}

const checkIntervalMs = 500
/**
 * After so many missed beats in a row a worker counts as hung. They are counted rather than timed:
 * each check proves that this thread's event loop turns.
 */
const maxMissedBeats = 10

export class WorkerSupervisor {
  readonly #worker: SupervisedCompanion<WorkerThread, WorkerReport>
  readonly #clock: Clock
  readonly #listeners = new Set<WorkerListener>()
  readonly #clusters = new Map<EtcdApi, RenewalCluster>()
  readonly #leases = new Map<number, { client: RenewalClient; cluster: RenewalCluster }>()
  #lastBeatMs = 0
  #missedBeats = 0
  #cancelCheck: (() => void) | undefined
  #nextNumber = 0

  constructor(spawn: SpawnWorker, clock: Clock, random: () => number) {
    this.#clock = clock
    const listener = {
      started: () => {
        this.#started()
      },
      report: (report: WorkerReport) => {
        this.#handle(report)
      },
      lost: (reason: string) => {
        this.#lost(reason)
      },
    }
    this.#worker = new SupervisedCompanion(spawn, listener, clock, random)
  }

  /** Starts the worker unless it runs. Returns how to leave it: the last to leave ends it. */
  join(listener: WorkerListener): () => void {
    this.#listeners.add(listener)
    this.#worker.start()
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop()
    }
  }

  renew(api: EtcdApi, client: RenewalClient): RenewalHandle {
    const cluster = this.#cluster(api)
    cluster.users += 1
    const task = this.#nextNumber++
    this.#leases.set(task, { client, cluster })
    if (this.#worker.running === undefined) client.workerLost()
    else this.#sendLease(task, client, cluster)
    return {
      renewNow: () => {
        this.#send({ do: 'renewNow', task })
      },
      confirmWith: (keys) => {
        this.#send({ do: 'confirmWith', task, keys })
      },
      drop: () => {
        if (!this.#leases.delete(task)) return
        this.#send({ do: 'drop', task })
        cluster.users -= 1
        if (cluster.users > 0) return
        this.#clusters.delete(api)
        this.#send({ do: 'forget', cluster: cluster.number })
      },
    }
  }

  #cluster(api: EtcdApi): RenewalCluster {
    let cluster = this.#clusters.get(api)
    if (cluster === undefined) {
      cluster = { number: this.#nextNumber++, api, users: 0 }
      this.#clusters.set(api, cluster)
      this.#sendCluster(cluster)
    }
    return cluster
  }

  #sendCluster({ number: cluster, api: { access } }: RenewalCluster): void {
    if (access !== undefined) this.#send({ do: 'connect', cluster, access })
  }

  #sendLease(task: number, client: RenewalClient, { number: cluster }: RenewalCluster): void {
    this.#send({ do: 'renew', ...client.describe(), cluster, task })
  }

  #send(order: WorkerOrder): void {
    this.#worker.running?.send(order)
  }

  #started(): void {
    this.#lastBeatMs = 0
    this.#missedBeats = 0
    for (const cluster of this.#clusters.values()) this.#sendCluster(cluster)
    for (const [task, { client, cluster }] of this.#leases) this.#sendLease(task, client, cluster)
    this.#checkLater()
  }

  #handle(report: WorkerReport): void {
    if (report.is !== 'ready') {
      this.#leases.get(report.task)?.client.report(report)
      return
    }
    const threadId = this.#worker.running?.threadId ?? -1
    for (const listener of [...this.#listeners]) listener.started(threadId)
  }

  #lost(reason: string): void {
    this.#cancelCheck?.()
    for (const { client } of [...this.#leases.values()]) client.workerLost()
    for (const listener of [...this.#listeners]) listener.lost(reason)
  }

  #checkLater(): void {
    this.#cancelCheck = this.#clock.setTimer(checkIntervalMs, () => {
      this.#checkHeartbeat()
    })
  }

  #checkHeartbeat(): void {
    const beatMs = this.#worker.running?.heartbeat.lastMs ?? 0
    this.#missedBeats = beatMs === this.#lastBeatMs ? this.#missedBeats + 1 : 0
    this.#lastBeatMs = beatMs
    if (this.#missedBeats < maxMissedBeats) {
      this.#checkLater()
      return
    }
    this.#worker.running?.terminate()
    this.#worker.replace('it hung')
  }

  #stop(): void {
    this.#cancelCheck?.()
    this.#worker.stop()?.terminate()
  }
}

/** Why a session on this client cannot have a worker; undefined when it can. */
export function whyNoWorker(api: EtcdApi): string | undefined {
  if (api.access === undefined) return 'the client has a transport of its own'
  // The shared deadline is a time on a clock that both threads can read.
  if (api.clock !== systemClock) return 'the client has a clock of its own'
  return whyNoWorkerThread()
}
