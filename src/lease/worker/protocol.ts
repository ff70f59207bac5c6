// What the main thread tells the worker that renews, and what the worker tells it. Clusters and leases are numbered by
// the main thread.

import type { ClusterAccess } from '../../etcd/api.js'
import type { Deadline } from '../deadline.js'

export type WorkerOrder =
  | { readonly do: 'connect'; readonly cluster: number; readonly access: ClusterAccess }
  | { readonly do: 'forget'; readonly cluster: number }
  | ({ readonly do: 'renew' } & RenewalTask)
  | { readonly do: 'readWith'; readonly task: number; readonly keys: readonly Uint8Array[] }
  | { readonly do: 'renewNow'; readonly task: number }
  | { readonly do: 'drop'; readonly task: number }

export interface RenewalTask {
  readonly cluster: number
  readonly task: number
  readonly leaseId: bigint
  readonly ttlS: number
  readonly deadline: Deadline
  /** Those that confirm renewals. */
  readonly keys: readonly Uint8Array[]
  /** Of a {@link SharedDeadline}, written by the worker. */
  readonly shared: SharedArrayBuffer
  /** Of a {@link Pulse}, written by the main thread. */
  readonly heartbeat: SharedArrayBuffer
  readonly maxStallMs: number
}

/** It can be told what to do; told once. */
export interface WorkerReady {
  readonly is: 'up'
}

/** News of one lease; what it is about is in shared memory already. */
export type WorkerReport =
  | { readonly is: 'acknowledged'; readonly task: number }
  | { readonly is: 'confirmed'; readonly task: number }
  | { readonly is: 'gone'; readonly task: number; readonly answeredAtMs: number }
