// What a service is started with, what it is told, and what it tells. It holds types only.

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

/** To keep the event loop from other things: busy, or as far as this process can tell. */
export type Hold = 'block' | 'sleep'

export type Order =
  { readonly do: Hold; readonly ms: number } | { readonly do: 'look' } | { readonly do: 'ticks' }

/** Of each thread, by its id: time of the processor, in ticks of 10 ms. */
export type Ticks = readonly (readonly [thread: string, ticks: number])[]

interface Looked {
  readonly leads: boolean
}

/** What it tells with each event. */
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

/** Times are on the clock of the machine. */
export type Fact<E extends Event = Event> = {
  [K in E]: Facts[K] & { readonly event: K; readonly at: number }
}[E]
