// What the oracle says of a round.

import type { At } from '../machine-clock.js'

export type Rule =
  | 'two leaders at once'
  | 'led while an older key was there'
  | 'told "elected" with a dead key'
  | 'token not greater than its predecessor’s'
  | 'stale fenced write taken'
  | 'observer went back'
  | 'observer shows another leader after calm'
  | 'loss told twice'
  | 'loss never told'
  | 'no leader after calm'
  | 'no leader although etcd could be reached'
  | 'keys and candidates differ after calm'
  | 'leases of nobody'
  | 'watches of nobody'
  | 'requests in calm'
  | 'gave up'
  | 'never settled'
  | 'unhandled rejection'
  | 'memory grew'

export interface Violation {
  readonly rule: Rule
  readonly at: At
  readonly what: string
}

/** Two who believed at once. */
export interface Overlap {
  readonly at: At
  readonly ms: number
  readonly what: string
  /**
   * No clock protects from what somebody did by hand, or from an etcd that does not honour leases;
   * tokens do.
   */
  readonly excused: boolean
}

export interface Verdict {
  readonly violations: readonly Violation[]
  readonly overlaps: readonly Overlap[]
  /** In order of time. */
  readonly healings: readonly Healing[]
  readonly terms: number
  readonly writes: {
    readonly taken: number
    readonly refused: number
    readonly staleUnfenced: number
  }
}

/** How it went on after one calm. */
export interface Healing {
  readonly calmAt: At
  /** Until one was known to lead, in milliseconds; undefined: nobody was. */
  readonly ms: number | undefined
}

export interface Expectation {
  readonly ttlMs: number
  /** Beyond the TTL, in which all has to be well again after calm. */
  readonly healWithinMs: number
  /** What etcd tells at once has arrived by then, unless something stands in its way. */
  readonly newsWithinMs: number
  /** Whether there is any excuse for two leaders at once. */
  readonly excuses: boolean
  /** How many candidates take part, all of which live at the end of each calm. */
  readonly candidates: number
  readonly observers: number
  /** The processes that were asked to close at the end. */
  readonly closed: readonly string[]
}

export type Report = (rule: Rule, at: At, what: string) => void
