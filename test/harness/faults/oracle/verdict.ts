// The oracle's verdict on a round.

import type { At } from '../host-clock.js'

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

/** Two processes that believed at once that they lead. */
export interface Overlap {
  readonly at: At
  readonly ms: number
  readonly what: string
  /**
   * Clocks protect neither from an operator's hand nor from an etcd that does not honour leases;
   * fencing tokens do.
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

/** How healing went after one calm. */
export interface Healing {
  readonly calmAt: At
  /** Milliseconds until a leader was known; undefined: none was. */
  readonly ms: number | undefined
}

export interface Expectation {
  readonly ttlMs: number
  /** Everything has to heal within the TTL and this time after calm begins. */
  readonly healWithinMs: number
  /** News from etcd arrives within this time, unless a fault hinders it. */
  readonly newsWithinMs: number
  /** Whether an overlap can be excused at all. */
  readonly excuses: boolean
  /** The number of candidates, all of which live at the end of each calm. */
  readonly candidates: number
  readonly observers: number
  /** The processes that were asked to close at the end. */
  readonly closed: readonly string[]
}

export type Report = (rule: Rule, at: At, what: string) => void
