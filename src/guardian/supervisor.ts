// Supervises the one guardian process that all sessions of this process share. The guardian learns
// of every lease that it has to revoke when this process is gone.

import type { Clock } from '../base/clock.js'
import { SupervisedCompanion } from '../base/supervised.js'
import type { EtcdApi } from '../etcd/api.js'
import type { GuardianOrder, GuardianReport } from './protocol.js'
import { type GuardianProcess, type SpawnGuardian, whyNoGuardianProcess } from './spawn.js'

/** A session that has a guardian. None of these may throw. */
export interface GuardianListener {
  /** The guardian runs, knows the session's leases, and is connected to the cluster. */
  started(pid: number): void
  /** The guardian ended, and another one is being started. */
  lost(reason: string): void
}

/** One cluster and the leases that are held in it. */
interface GuardedCluster {
  readonly number: number
  readonly api: EtcdApi
  readonly leases: Map<bigint, { readonly ttlS: number; readonly after: number | undefined }>
  readonly listeners: Set<GuardianListener>
  /** Whether the guardian has reached the cluster. */
  isConnected: boolean
  readonly offToken: () => void
}

/** One session's hold on the guardian. */
export interface GuardianHandle {
  /** @param after a process that must be gone too before the lease is revoked. */
  hold(leaseId: bigint, ttlS: number, after?: number): void
  release(leaseId: bigint): void
  /** Releases all that the session held. The guardian ends with its last session. */
  end(): void
}

export class GuardianSupervisor {
  readonly #guardian: SupervisedCompanion<GuardianProcess, GuardianReport>
  readonly #clusters = new Map<EtcdApi, GuardedCluster>()
  #nextNumber = 0

  constructor(spawn: SpawnGuardian, clock: Clock, random: () => number) {
    const listener = {
      started: () => {
        for (const cluster of this.#clusters.values()) this.#introduce(cluster)
      },
      report: (report: GuardianReport) => {
        this.#handle(report)
      },
      lost: (reason: string) => {
        this.#lost(reason)
      },
    }
    this.#guardian = new SupervisedCompanion(spawn, listener, clock, random)
  }

  /** Starts the guardian unless it runs. */
  guard(api: EtcdApi, listener: GuardianListener): GuardianHandle {
    const cluster = this.#clusters.get(api) ?? this.#addCluster(api)
    cluster.listeners.add(listener)
    this.#guardian.start()
    if (cluster.isConnected) {
      queueMicrotask(() => {
        if (cluster.isConnected) listener.started(this.#pid)
      })
    }
    const own = new Set<bigint>()
    const release = (leaseId: bigint): void => {
      if (!own.delete(leaseId)) return
      cluster.leases.delete(leaseId)
      this.#send({ do: 'release', cluster: cluster.number, lease: String(leaseId) })
    }
    return {
      hold: (leaseId, ttlS, after) => {
        own.add(leaseId)
        cluster.leases.set(leaseId, { ttlS, after })
        this.#send(holdOrder(cluster.number, leaseId, ttlS, after))
      },
      release,
      end: () => {
        for (const leaseId of [...own]) release(leaseId)
        if (cluster.listeners.delete(listener) && cluster.listeners.size === 0)
          this.#forget(cluster)
      },
    }
  }

  get #pid(): number {
    return this.#guardian.running?.pid ?? 0
  }

  #addCluster(api: EtcdApi): GuardedCluster {
    const cluster: GuardedCluster = {
      number: this.#nextNumber++,
      api,
      leases: new Map(),
      listeners: new Set(),
      isConnected: false,
      offToken: api.onSignInToken(() => {
        this.#send({ do: 'useToken', cluster: cluster.number, token: api.signInToken })
      }),
    }
    this.#clusters.set(api, cluster)
    this.#introduce(cluster)
    return cluster
  }

  #forget(cluster: GuardedCluster): void {
    cluster.offToken()
    this.#clusters.delete(cluster.api)
    this.#send({ do: 'forget', cluster: cluster.number })
    if (this.#clusters.size === 0) this.#guardian.stop()?.stop()
  }

  /** Sends everything that a guardian has to know of a cluster. */
  #introduce({ number: cluster, api, leases }: GuardedCluster): void {
    if (api.access === undefined) return
    const { endpoints, tls, credentials } = api.access
    this.#send({ do: 'connect', cluster, access: { endpoints, tls, credentials } })
    this.#send({ do: 'useToken', cluster, token: api.signInToken })
    for (const [id, { ttlS, after }] of leases) this.#send(holdOrder(cluster, id, ttlS, after))
  }

  #send(order: GuardianOrder): void {
    this.#guardian.running?.send(order)
  }

  #handle(report: GuardianReport): void {
    const cluster = [...this.#clusters.values()].find(({ number }) => number === report.cluster)
    // A guardian that was connected before reports again when it had to reconnect.
    if (cluster === undefined || cluster.isConnected) return
    cluster.isConnected = true
    for (const listener of [...cluster.listeners]) listener.started(this.#pid)
  }

  #lost(reason: string): void {
    for (const cluster of [...this.#clusters.values()]) {
      cluster.isConnected = false
      for (const listener of [...cluster.listeners]) listener.lost(reason)
    }
  }
}

function holdOrder(
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
