// The worker of this process as the main thread sees it: one thread for all sessions that want one, told of every lease
// that it is to renew, watched, and started again when it died or hangs. It must not know what the leases are for, nor
// who renews while there is no worker.

import type { Clock } from '../../base/clock.js'
import { systemClock } from '../../base/clock.js'
import type { EtcdApi } from '../../etcd/api.js'
import { Backoff } from '../../base/backoff.js'
import type { Keeping, News, Order } from './protocol.js'
import { type RenewalThread, startThread, type StartThread } from './spawn.js'

/** What becomes of the worker, told to each session that uses it. None of these may throw. */
export interface WorkerListener {
  started(threadId: number): void
  /** It is gone, and another one is being started. */
  lost(reason: string): void
}

/** One lease that the worker renews. */
export interface Kept {
  /** What a worker that is new to it has to know. */
  describe(): Omit<Keeping, 'cluster' | 'keeping'>
  news(news: News): void
  /** There is no worker at present. */
  abandoned(): void
}

export interface Hold {
  tell(order: 'renewNow' | { readonly readWith: readonly Uint8Array[] }): void
  drop(): void
}

interface Cluster {
  readonly number: number
  readonly api: EtcdApi
  users: number
}

const lookEveryMs = 500
/** So often in a row is it looked at in vain before a worker counts as hung: each look is proof that we turn. */
const mostVainLooks = 10
/** One that lived so long did not die of a cause that is there again at once. */
const lastingMs = 10_000

export class Renewing {
  readonly #start: StartThread
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #listeners = new Set<WorkerListener>()
  readonly #clusters = new Map<EtcdApi, Cluster>()
  readonly #kept = new Map<number, { kept: Kept; cluster: Cluster }>()
  #thread: RenewalThread | undefined
  #startedAtMs = 0
  #lastLifeMs = 0
  #vainLooks = 0
  #cancelLook: (() => void) | undefined
  #cancelRestart: (() => void) | undefined
  #numbered = 0

  constructor(start: StartThread, clock: Clock, random: () => number) {
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

  keep(api: EtcdApi, kept: Kept): Hold {
    const cluster = this.#cluster(api)
    cluster.users += 1
    const keeping = this.#numbered++
    this.#kept.set(keeping, { kept, cluster })
    if (this.#thread === undefined) kept.abandoned()
    else this.#tell({ do: 'keep', ...kept.describe(), cluster: cluster.number, keeping })
    return {
      tell: (order) => {
        if (order === 'renewNow') this.#tell({ do: 'renewNow', keeping })
        else this.#tell({ do: 'readWith', keeping, keys: order.readWith })
      },
      drop: () => {
        if (!this.#kept.delete(keeping)) return
        this.#tell({ do: 'drop', keeping })
        cluster.users -= 1
        if (cluster.users > 0) return
        this.#clusters.delete(api)
        this.#tell({ do: 'forget', cluster: cluster.number })
      },
    }
  }

  #cluster(api: EtcdApi): Cluster {
    let cluster = this.#clusters.get(api)
    if (cluster === undefined) {
      cluster = { number: this.#numbered++, api, users: 0 }
      this.#clusters.set(api, cluster)
      this.#introduce(cluster)
    }
    return cluster
  }

  #introduce({ number: cluster, api: { access } }: Cluster): void {
    if (access !== undefined) this.#tell({ do: 'reach', cluster, access })
  }

  #tell(order: Order): void {
    this.#thread?.tell(order)
  }

  #run(): void {
    this.#startedAtMs = this.#clock.monotonicMs()
    this.#lastLifeMs = 0
    this.#vainLooks = 0
    const thread = this.#start({
      up: () => {
        for (const listener of [...this.#listeners]) listener.started(thread.threadId)
      },
      news: (news) => {
        this.#kept.get(news.keeping)?.kept.news(news)
      },
      gone: (reason) => {
        this.#lost(reason)
      },
    })
    this.#thread = thread
    for (const cluster of this.#clusters.values()) this.#introduce(cluster)
    for (const [keeping, { kept, cluster }] of this.#kept) {
      this.#tell({ do: 'keep', ...kept.describe(), cluster: cluster.number, keeping })
    }
    this.#lookLater()
  }

  #lookLater(): void {
    this.#cancelLook = this.#clock.setTimer(lookEveryMs, () => {
      this.#look()
    })
  }

  #look(): void {
    const lifeMs = this.#thread?.life.lastMs ?? 0
    this.#vainLooks = lifeMs === this.#lastLifeMs ? this.#vainLooks + 1 : 0
    this.#lastLifeMs = lifeMs
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
    for (const { kept } of [...this.#kept.values()]) kept.abandoned()
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

let shared: Renewing | undefined

/** The one worker of this process. */
export function renewingOfThisProcess(): Renewing {
  shared ??= new Renewing(startThread, systemClock, Math.random)
  return shared
}
