// The result of a benchmark run, as docs/performance/data.json holds it. Types only. JSON has no
// NaN: a missing figure is null in the file.

import type { Ratio, Summary } from './stats.js'

/** Who is measured: this library, npm etcd3, Go's package, or transactions over our transport. */
export type Kind = 'ours' | 'etcd3' | 'Go' | 'raw'

/** A result, or why there is none. */
export type Attempt<T> =
  | (T & { readonly failed?: undefined })
  | ({ readonly [K in keyof T]?: undefined } & { readonly failed: string })

export type Requests = Readonly<Record<string, number>>

/** What one subject of a case took, round by round. */
export interface Measured {
  readonly name: string
  readonly requests: Requests
  readonly samplesMs: readonly number[]
}

export interface Analyzed extends Measured, Summary {
  readonly toRaw?: Ratio | undefined
}

export interface Case<C extends Measured = Analyzed> {
  readonly title: string
  readonly contenders: readonly C[]
}

/** All cases against one etcd. */
export interface Run {
  readonly fsync: boolean
  readonly etcd: { readonly version: string; readonly settings: readonly string[] }
  readonly cases: readonly Case[]
}

interface Sized {
  readonly subject: Kind
  readonly count: number
}

export interface Cost {
  readonly ms: number
  readonly cpuMs: number
  readonly rssMb: number
  readonly heapMb?: number | undefined
  readonly streams: number
  readonly leases: number
  readonly requests: number
}

export interface Takeover {
  readonly elected: number
  readonly firstMs: number
  readonly lastMs: number
  readonly loopMaxMs?: number | undefined
}

export interface ManyCosts {
  readonly led: Cost
  readonly waited?: Cost
  readonly takenOver?: Takeover
}

export type Many = Sized & Attempt<ManyCosts>

export interface IdleCost {
  readonly cpuPercent: number
  readonly etcdCpuPercent: number
  readonly requestsPerS: number
}

/** So many elections, all on one session or each on its own. */
export interface IdleCase extends Sized {
  readonly sessions: number
}

export type Idle = IdleCase & Attempt<IdleCost>

export interface Informed {
  readonly firstMs: number
  readonly lastMs: number
  readonly rssMb: number
  readonly heapMb?: number | undefined
}

export type Observers = Sized & Attempt<Informed>

export type Failover = { readonly subject: Kind } & Attempt<{ readonly eachMs: readonly number[] }>

export interface Size {
  readonly packages: number
  readonly bytes: number
}

export interface PackageCosts {
  readonly imports: Readonly<Record<string, readonly number[]>>
  readonly sizes: Readonly<Record<string, Size>>
}

/** When and on what. */
export interface Circumstances {
  readonly date: string
  readonly rounds: number
  readonly node: string
  readonly etcd3: string
  readonly go?: string | undefined
  readonly cpus: number
  readonly cpu: string
  readonly arch: string
}

export interface Result extends Circumstances {
  readonly runs: readonly Run[]
  readonly many: readonly Many[]
  readonly idle: readonly Idle[]
  readonly observers: readonly Observers[]
  readonly failover: readonly Failover[]
  readonly package: PackageCosts
}
