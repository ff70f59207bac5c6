// The history of a round, as its processes wrote it down: one entry per line, all times on the
// host's monotonic clock.

import type { At } from './host-clock.js'

export type Store = 'etcd' | 'postgres'

/** Written by a candidate's process. Fencing tokens are decimal strings. */
export type SubjectEntry =
  | { readonly is: 'started'; readonly at: At; readonly pid: number }
  | { readonly is: 'elected'; readonly at: At; readonly token: string; readonly term: string }
  /**
   * `isValid()` was true for this fencing token at an instant not before `at`, and at an instant
   * not after `to`.
   */
  | { readonly is: 'valid'; readonly at: At; readonly to: At; readonly token: string }
  | { readonly is: 'ended'; readonly at: At; readonly token: string; readonly why: string }
  | {
      readonly is: 'wrote'
      readonly at: At
      readonly store: Store
      readonly fenced: boolean
      readonly token: string
      /**
       * The write's place among all that this store accepted; undefined when the store refused it.
       */
      readonly place: string | undefined
    }
  | { readonly is: 'size'; readonly at: At; readonly heapMb: number }
  /** A call to the library failed for good. */
  | { readonly is: 'failed'; readonly at: At; readonly call: string; readonly error: string }
  | { readonly is: 'unhandled'; readonly at: At; readonly error: string }
  /** Every call to the library has settled. */
  | { readonly is: 'closed'; readonly at: At }

/** Written by an observer's process. */
export interface ObserverEntry {
  readonly is: 'observed'
  readonly at: At
  /** The observer's revision at that time. */
  readonly revision: string
  /** Undefined: there is no leader. */
  readonly token: string | undefined
}

/** Why a lease or key may be gone although its owner did nothing wrong. */
export type Excuse =
  /** The nemesis took these candidacies away by hand. */
  | { readonly by: 'hand'; readonly tokens: readonly string[] }
  /** From then on, etcd itself may fail to honour leases (docs/guarantees.md). */
  | { readonly by: 'etcd'; readonly from: At }

/** Written by the nemesis. */
export type NemesisEntry =
  | {
      readonly is: 'fault'
      readonly at: At
      /** When the fault was undone. */
      readonly to: At
      readonly fault: string
      readonly on: string
      readonly excuse: Excuse | undefined
    }
  /** All faults since the last calm are undone: everything has to heal within bounds. */
  | { readonly is: 'calm'; readonly at: At }
  /** A fault goes on, but it hinders no candidate: one of them has to lead. */
  | { readonly is: 'due'; readonly at: At }
  /** The keys in etcd: asked for at `at` or later, answered at `to` or earlier. */
  | {
      readonly is: 'keys'
      readonly at: At
      readonly to: At
      readonly revision: string
      /** Oldest first. */
      readonly keys: readonly { readonly key: string; readonly create: string }[]
    }
  /** Totals over all members, after a time without faults. */
  | {
      readonly is: 'census'
      readonly at: At
      readonly leases: number
      readonly watchers: number
      /** Streams opened and leases granted within this many milliseconds. */
      readonly opened: number
      readonly withinMs: number
    }

export type Entry = (SubjectEntry | ObserverEntry | NemesisEntry) & {
  /** A process: the candidate's name and, after `#`, how often it had been started before. */
  readonly who: string
}

/** Like Omit, but distributes over a union. */
export type Timeless<T> = T extends unknown ? Omit<T, 'at'> & { at?: At } : never

export type EntryOf<K extends Entry['is']> = Extract<Entry, { is: K }> & { readonly who: string }

export function of<K extends Entry['is']>(history: readonly Entry[], is: K): EntryOf<K>[] {
  return history.filter((entry): entry is EntryOf<K> => entry.is === is)
}

export function parse(lines: string, who: string): Entry[] {
  return lines
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => ({ ...(JSON.parse(line) as Entry), who }))
}
