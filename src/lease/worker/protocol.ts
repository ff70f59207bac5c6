// The messages between the main thread and the worker thread that renews leases. The main thread
// numbers clusters and leases.

import type { ClusterAccess } from '../../etcd/api.js'
import type { Deadline } from '../deadline.js'

export type WorkerOrder =
  | { readonly do: 'connect'; readonly cluster: number; readonly access: ClusterAccess }
  | { readonly do: 'forget'; readonly cluster: number }
  | ({ readonly do: 'renew' } & RenewalTask)
  | { readonly do: 'confirmWith'; readonly task: number; readonly keys: readonly Uint8Array[] }
  | { readonly do: 'renewNow'; readonly task: number }
  | { readonly do: 'drop'; readonly task: number }

export interface RenewalTask {
  readonly cluster: number
  readonly task: number
  readonly leaseId: bigint
  readonly ttlS: number
  readonly deadline: Deadline
  /** Reading any of these may confirm a renewal. */
  readonly keys: readonly Uint8Array[]
  /** The memory of a {@link SharedDeadline}, written by the worker. */
  readonly shared: SharedArrayBuffer
  /** The memory of a {@link Heartbeat}, written by the main thread. */
  readonly heartbeat: SharedArrayBuffer
  readonly maxStallMs: number
}

/** `ready`: the worker takes orders. Comes once, before all others. */
export type WorkerReport = { readonly is: 'ready' } | LeaseReport

/** News of one lease. The shared deadline has it already when the report comes. */
export type LeaseReport =
  | { readonly is: 'acknowledged'; readonly task: number }
  | { readonly is: 'confirmed'; readonly task: number }
  | { readonly is: 'leaseMissing'; readonly task: number; readonly answeredAtMs: number }
