// What happened in a round, as those who took part wrote it down: one entry a line, all on the
// machine's monotonic clock. It must not know what is right or wrong about it (the oracle does).

import type { At } from './machine-clock.js'

export type Store = 'etcd' | 'postgres'

/** Written by a candidate's process. Tokens are decimal strings. */
export type SubjectEntry =
  | { readonly is: 'started'; readonly at: At; readonly pid: number }
  | { readonly is: 'elected'; readonly at: At; readonly token: string; readonly term: string }
  /**
   * `isValid()` was true for this token at some instant not after `at` and at some instant not
   * before `to`.
   */
  | { readonly is: 'valid'; readonly at: At; readonly to: At; readonly token: string }
  | { readonly is: 'ended'; readonly at: At; readonly token: string; readonly why: string }
  | {
      readonly is: 'wrote'
      readonly at: At
      readonly store: Store
      readonly fenced: boolean
      readonly token: string
      /** The place among all writes that this store took; undefined when it refused this one. */
      readonly place: string | undefined
    }
  | { readonly is: 'size'; readonly at: At; readonly heapMb: number }
  /** Something was asked of the library, and it gave up. */
  | { readonly is: 'failed'; readonly at: At; readonly call: string; readonly error: string }
  | { readonly is: 'unhandled'; readonly at: At; readonly error: string }
  /** Everything that was asked of the library has settled. */
  | { readonly is: 'closed'; readonly at: At }

/** Written by an observer's process. */
export interface ObserverEntry {
  readonly is: 'observed'
  readonly at: At
  /** The revision of the observer when it showed this. */
  readonly revision: string
  /** Undefined: nobody leads. */
  readonly token: string | undefined
}

/** Whose doing it may be that a lease or key is gone although its owner did nothing wrong. */
export type Excuse =
  /** Somebody's hand took these candidacies away. */
  | { readonly by: 'hand'; readonly tokens: readonly string[] }
  /** From then on etcd itself may not honour leases (docs/guarantees.md). */
  | { readonly by: 'etcd'; readonly from: At }

/** Written by the one who makes things fail. */
export type NemesisEntry =
  | {
      readonly is: 'fault'
      readonly at: At
      /** When it was undone. */
      readonly to: At
      readonly fault: string
      readonly on: string
      readonly excuse: Excuse | undefined
    }
  /**
   * Every fault was undone: from here on all has to be well within bounds. Belongs to the faults
   * since the last one.
   */
  | { readonly is: 'calm'; readonly at: At }
  /** A fault goes on, but nobody who could lead is hindered by it: somebody has to. */
  | { readonly is: 'due'; readonly at: At }
  /** What etcd has: asked for not before `at`, answered not after `to`. */
  | {
      readonly is: 'keys'
      readonly at: At
      readonly to: At
      readonly revision: string
      /** Oldest first. */
      readonly keys: readonly { readonly key: string; readonly create: string }[]
    }
  /** Of all members together, when nothing had failed for a while. */
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

/** Distributed over the members of a union, which Omit is not. */
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
