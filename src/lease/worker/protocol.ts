// What the main thread tells the worker that renews, and what the worker tells it. Clusters and leases are numbered by
// the main thread.

import type { Access } from '../../etcd/api.js'
import type { Deadline } from '../deadline.js'

export type Order =
  | { readonly do: 'reach'; readonly cluster: number; readonly access: Access }
  | { readonly do: 'forget'; readonly cluster: number }
  | ({ readonly do: 'keep' } & Keeping)
  | { readonly do: 'readWith'; readonly keeping: number; readonly keys: readonly Uint8Array[] }
  | { readonly do: 'renewNow'; readonly keeping: number }
  | { readonly do: 'drop'; readonly keeping: number }

export interface Keeping {
  readonly cluster: number
  readonly keeping: number
  readonly leaseId: bigint
  readonly ttlS: number
  readonly deadline: Deadline
  /** Those that confirm renewals. */
  readonly keys: readonly Uint8Array[]
  /** Of a {@link SharedDeadline}, written by the worker. */
  readonly shared: SharedArrayBuffer
  /** Of a {@link Pulse}, written by the main thread. */
  readonly pulse: SharedArrayBuffer
  readonly maxStallMs: number
}

/** It can be told what to do; told once. */
export interface Up {
  readonly is: 'up'
}

/** News of one lease; what it is about is in shared memory already. */
export type News =
  | { readonly is: 'acknowledged'; readonly keeping: number }
  | { readonly is: 'confirmed'; readonly keeping: number }
  | { readonly is: 'gone'; readonly keeping: number; readonly answeredAtMs: number }
