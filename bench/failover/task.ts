// The task of a service, its commands and its reports. Types only.

import type { SessionOptions } from 'etcd-elect'

export type Library = 'ours' | 'etcd3'

export interface Task {
  readonly library: Library
  readonly endpoint: string
  readonly election: string
  readonly name: string
  readonly session: SessionOptions
  /** How many it is a candidate in; one by default. */
  readonly elections?: number
}

/** How to block the event loop: by computing, or by waiting without CPU use. */
export type Hold = 'block' | 'sleep'

export type Order =
  { readonly do: Hold; readonly ms: number } | { readonly do: 'look' } | { readonly do: 'ticks' }

/** The CPU time of each thread, by its id, in ticks of 10 ms. */
export type Ticks = readonly (readonly [thread: string, ticks: number])[]

interface Looked {
  readonly leads: boolean
}

/** The details of each event. */
export interface Facts {
  /** The threads are those from before. */
  readonly open: { readonly threads: readonly string[] }
  readonly guardian: { readonly pid: number }
  readonly worker: object
  readonly elected: object
  readonly lost: object
  readonly blocking: object
  readonly unblocked: Looked
  readonly looked: Looked
  readonly ticks: { readonly ticks: Ticks }
}

export type Event = keyof Facts

/** Times are on the host's clock. */
export type Fact<E extends Event = Event> = {
  [K in E]: Facts[K] & { readonly event: K; readonly at: number }
}[E]
