// What the worker does: it renews the leases that it is told to, each for as long as the main thread's event loop turns
// and says that all is well. The rule of renewing is the same as on the main thread, and so is the code.
// It must not know why its orders come.

import type { Clock } from '../../../base/clock.js'
import type { Access, EtcdApi } from '../../../etcd/api.js'
import { LoopRenewal } from '../../renewal.js'
import type { Keeping, News, Order } from '../protocol.js'
import { Pulse, SharedDeadline } from '../shared-memory.js'

export class Keeper {
  readonly #tell: (news: News) => void
  readonly #clock: Clock
  readonly #connect: (access: Access) => EtcdApi
  readonly #clusters = new Map<number, EtcdApi>()
  readonly #renewals = new Map<number, LoopRenewal>()

  constructor(tell: (news: News) => void, clock: Clock, connect: (access: Access) => EtcdApi) {
    this.#tell = tell
    this.#clock = clock
    this.#connect = connect
  }

  obey(order: Order): void {
    switch (order.do) {
      case 'reach':
        this.#clusters.set(order.cluster, this.#connect(order.access))
        return
      case 'forget':
        this.#clusters.get(order.cluster)?.close()
        this.#clusters.delete(order.cluster)
        return
      case 'keep':
        this.#keep(order)
        return
      case 'readWith':
        this.#renewals.get(order.keeping)?.readWith(order.keys)
        return
      case 'renewNow':
        this.#renewals.get(order.keeping)?.renewNow()
        return
      case 'drop':
        this.#drop(order.keeping)
        return
    }
    order satisfies never
  }

  #keep(order: Keeping): void {
    const { keeping, leaseId: id, ttlS, deadline, maxStallMs } = order
    const api = this.#clusters.get(order.cluster)
    if (api === undefined) throw new Error(`expected a cluster before its leases: ${String(id)}`)
    const shared = new SharedDeadline(deadline, order.shared)
    const pulse = new Pulse(order.pulse)
    const renewal = new LoopRenewal(
      { api, id, ttlS, deadline },
      {
        acknowledged: () => {
          shared.publish(renewal.deadline)
          this.#tell({ is: 'acknowledged', keeping })
        },
        confirmed: () => {
          shared.publish(renewal.deadline)
          this.#tell({ is: 'confirmed', keeping })
        },
        gone: (answeredAtMs) => {
          shared.publishGone()
          this.#drop(keeping)
          this.#tell({ is: 'gone', keeping, answeredAtMs })
        },
      },
      () => pulse.isWell && this.#clock.monotonicMs() - pulse.lastMs <= maxStallMs,
    )
    renewal.readWith(order.keys)
    this.#renewals.set(keeping, renewal)
    renewal.renewNow()
  }

  #drop(keeping: number): void {
    this.#renewals.get(keeping)?.close()
    this.#renewals.delete(keeping)
  }
}
