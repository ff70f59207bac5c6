// Renews the leases that the main thread orders it to, each for as long as the main thread's event
// loop turns and the process calls itself healthy. The rule, and the code, are the main thread's.

import type { Clock } from '../../../base/clock.js'
import type { ClusterAccess, EtcdApi } from '../../../etcd/api.js'
import { LoopRenewal } from '../../renewal.js'
import type { RenewalTask, WorkerOrder, WorkerReport } from '../protocol.js'
import { Heartbeat, SharedDeadline } from '../shared-memory.js'

export class LeaseRenewer {
  readonly #report: (report: WorkerReport) => void
  readonly #clock: Clock
  readonly #connect: (access: ClusterAccess) => EtcdApi
  readonly #clusters = new Map<number, EtcdApi>()
  readonly #renewals = new Map<number, LoopRenewal>()

  constructor(
    report: (report: WorkerReport) => void,
    clock: Clock,
    connect: (access: ClusterAccess) => EtcdApi,
  ) {
    this.#report = report
    this.#clock = clock
    this.#connect = connect
  }

  handle(order: WorkerOrder): void {
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
      case 'confirmWith':
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
          this.#report({ is: 'acknowledged', task })
        },
        confirmed: () => {
          shared.publish(renewal.deadline)
          this.#report({ is: 'confirmed', task })
        },
        leaseMissing: (answeredAtMs) => {
          shared.publishLeaseMissing()
          this.#drop(task)
          this.#report({ is: 'leaseMissing', task, answeredAtMs })
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
