// What the worker does: it renews the leases that it is told to, each for as long as the main thread's event loop turns
// and says that all is well. The rule of renewing is the same as on the main thread, and so is the code.
// It must not know why its orders come.

import type { Clock } from '../../../base/clock.js'
import type { ClusterAccess, EtcdApi } from '../../../etcd/api.js'
import { LoopRenewal } from '../../renewal.js'
import type { RenewalTask, WorkerReport, WorkerOrder } from '../protocol.js'
import { Heartbeat, SharedDeadline } from '../shared-memory.js'

export class LeaseRenewer {
  readonly #tell: (news: WorkerReport) => void
  readonly #clock: Clock
  readonly #connect: (access: ClusterAccess) => EtcdApi
  readonly #clusters = new Map<number, EtcdApi>()
  readonly #renewals = new Map<number, LoopRenewal>()

  constructor(
    tell: (news: WorkerReport) => void,
    clock: Clock,
    connect: (access: ClusterAccess) => EtcdApi,
  ) {
    this.#tell = tell
    this.#clock = clock
    this.#connect = connect
  }

  obey(order: WorkerOrder): void {
    switch (order.do) {
      case 'connect':
        this.#clusters.set(order.cluster, this.#connect(order.access))
        return
      case 'forget':
        this.#clusters.get(order.cluster)?.close()
        this.#clusters.delete(order.cluster)
        return
      case 'renew':
        this.#renew(order)
        return
      case 'readWith':
        this.#renewals.get(order.task)?.confirmWith(order.keys)
        return
      case 'renewNow':
        this.#renewals.get(order.task)?.renewNow()
        return
      case 'drop':
        this.#drop(order.task)
        return
    }
    order satisfies never
  }

  #renew(order: RenewalTask): void {
    const { task, leaseId: id, ttlS, deadline, maxStallMs } = order
    const api = this.#clusters.get(order.cluster)
    if (api === undefined) throw new Error(`expected a cluster before its leases: ${String(id)}`)
    const shared = new SharedDeadline(deadline, order.shared)
    const heartbeat = new Heartbeat(order.heartbeat)
    const renewal = new LoopRenewal(
      { api, id, ttlS, deadline },
      {
        acknowledged: () => {
          shared.publish(renewal.deadline)
          this.#tell({ is: 'acknowledged', task })
        },
        confirmed: () => {
          shared.publish(renewal.deadline)
          this.#tell({ is: 'confirmed', task })
        },
        leaseMissing: (answeredAtMs) => {
          shared.publishLeaseMissing()
          this.#drop(task)
          this.#tell({ is: 'gone', task, answeredAtMs })
        },
      },
      () => heartbeat.isHealthy && this.#clock.monotonicMs() - heartbeat.lastMs <= maxStallMs,
    )
    renewal.confirmWith(order.keys)
    this.#renewals.set(task, renewal)
    renewal.renewNow()
  }

  #drop(task: number): void {
    this.#renewals.get(task)?.close()
    this.#renewals.delete(task)
  }
}
