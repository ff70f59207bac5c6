// This process's guardian as the sessions see it: one process for all of them, told of every lease that is to be revoked
// when this process is gone, and started again when it dies. It must not know what the leases are for.

import type { Clock } from '../base/clock.js'
import { systemClock } from '../base/clock.js'
import { Backoff } from '../base/backoff.js'
import type { EtcdApi } from '../etcd/api.js'
import type { GuardianOrder, GuardianReport } from './protocol.js'
import {
  type GuardianProcess,
  type StartGuardian,
  startGuardian,
  whyNoGuardianProcess,
} from './spawn.js'

/** What becomes of the guardian, told to each session that has one. None of these may throw. */
export interface GuardianListener {
  /** It runs, knows the session's leases, and is connected to the cluster. */
  started(pid: number): void
  /** It is gone; another one is being started. */
  lost(reason: string): void
}

/** One cluster and the leases that are held in it. */
interface GuardedCluster {
  readonly number: number
  readonly api: EtcdApi
  readonly leases: Map<bigint, { readonly ttlS: number; readonly after: number | undefined }>
  readonly listeners: Set<GuardianListener>
  /** The process has reached the cluster. */
  connected: boolean
  readonly offToken: () => void
}

/** One session's hold on the guardian. */
export interface GuardianHandle {
  /** @param after a process that has to be gone too before the lease is revoked. */
  hold(leaseId: bigint, ttlS: number, after?: number): void
  release(leaseId: bigint): void
  /** The session needs it no more, and releases what it held. The guardian ends with the last one. */
  end(): void
}

/** One that lived so long did not die of a cause that is there again at once. */
const lastingMs = 10_000

export class Guardian {
  readonly #start: StartGuardian
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #clusters = new Map<EtcdApi, GuardedCluster>()
  #process: GuardianProcess | undefined
  #startedAtMs = 0
  #cancelRestart: (() => void) | undefined
  #numbered = 0

  constructor(start: StartGuardian, clock: Clock, random: () => number) {
    this.#start = start
    this.#clock = clock
    this.#backoff = new Backoff(random, 50, 5_000)
  }

  /** Starts the process unless it runs. */
  guard(api: EtcdApi, listener: GuardianListener): GuardianHandle {
    const cluster = this.#clusters.get(api) ?? this.#addCluster(api)
    cluster.listeners.add(listener)
    if (this.#process === undefined && this.#cancelRestart === undefined) this.#run()
    else if (cluster.connected) {
      queueMicrotask(() => {
        if (cluster.connected) listener.started(this.#process?.pid ?? 0)
      })
    }
    const own = new Set<bigint>()
    const release = (leaseId: bigint): void => {
      if (!own.delete(leaseId)) return
      cluster.leases.delete(leaseId)
      this.#process?.tell({ do: 'release', cluster: cluster.number, lease: String(leaseId) })
    }
    return {
      hold: (leaseId, ttlS, after) => {
        own.add(leaseId)
        cluster.leases.set(leaseId, { ttlS, after })
        this.#process?.tell(holding(cluster.number, leaseId, ttlS, after))
      },
      release,
      end: () => {
        for (const leaseId of [...own]) release(leaseId)
        if (cluster.listeners.delete(listener) && cluster.listeners.size === 0)
          this.#forget(cluster)
      },
    }
  }

  #addCluster(api: EtcdApi): GuardedCluster {
    const cluster: GuardedCluster = {
      number: this.#numbered++,
      api,
      leases: new Map(),
      listeners: new Set(),
      connected: false,
      offToken: api.onSignInToken(() => {
        this.#process?.tell({ do: 'token', cluster: cluster.number, token: api.signInToken })
      }),
    }
    this.#clusters.set(api, cluster)
    this.#introduce(cluster)
    return cluster
  }

  #forget(cluster: GuardedCluster): void {
    cluster.offToken()
    this.#clusters.delete(cluster.api)
    this.#process?.tell({ do: 'forget', cluster: cluster.number })
    if (this.#clusters.size > 0) return
    this.#cancelRestart?.()
    this.#cancelRestart = undefined
    this.#process?.dismiss()
    this.#process = undefined
  }

  #run(): void {
    this.#startedAtMs = this.#clock.monotonicMs()
    const started: GuardianProcess = this.#start({
      report: (report) => {
        this.#reported(report, started)
      },
      gone: (reason) => {
        this.#lost(reason)
      },
    })
    this.#process = started
    for (const cluster of this.#clusters.values()) this.#introduce(cluster)
  }

  /** Everything that a process that is new to it has to know. */
  #introduce({ number: cluster, api, leases }: GuardedCluster): void {
    const { access } = api
    if (this.#process === undefined || access === undefined) return
    const { endpoints, tls, credentials } = access
    const orders: GuardianOrder[] = [
      { do: 'connect', cluster, access: { endpoints, tls, credentials } },
      { do: 'token', cluster, token: api.signInToken },
      ...[...leases].map(([id, { ttlS, after }]) => holding(cluster, id, ttlS, after)),
    ]
    for (const order of orders) this.#process.tell(order)
  }

  #reported(report: GuardianReport, by: GuardianProcess): void {
    const cluster = [...this.#clusters.values()].find(({ number }) => number === report.cluster)
    // It was connected before, and had to connect again.
    if (cluster === undefined || cluster.connected) return
    cluster.connected = true
    for (const listener of [...cluster.listeners]) listener.started(by.pid ?? 0)
  }

  #lost(reason: string): void {
    this.#process = undefined
    if (this.#clock.monotonicMs() - this.#startedAtMs >= lastingMs) this.#backoff.reset()
    this.#cancelRestart = this.#clock.setTimer(this.#backoff.nextMs(), () => {
      this.#cancelRestart = undefined
      this.#run()
    })
    for (const cluster of [...this.#clusters.values()]) {
      cluster.connected = false
      for (const listener of [...cluster.listeners]) listener.lost(reason)
    }
  }
}

function holding(
  cluster: number,
  leaseId: bigint,
  ttlS: number,
  after: number | undefined,
): GuardianOrder {
  return { do: 'hold', cluster, lease: String(leaseId), ttlS, after }
}

/** Why a session on this client cannot have a guardian; undefined when it can. */
export function whyNoGuardian(api: EtcdApi): string | undefined {
  if (api.access === undefined) return 'the client has a transport of its own'
  return whyNoGuardianProcess()
}

let shared: Guardian | undefined

/** The one guardian of this process. */
export function guardianOfThisProcess(): Guardian {
  shared ??= new Guardian(startGuardian, systemClock, Math.random)
  return shared
}
