// When a command that may only run while its leadership lasts has to be asked to stop, and when to be killed.
// Pure: a deadline and an instant in, what to do out. It must not know about processes, leases or elections.

import type { Instant } from '../../library.js'

/**
 * Until when leadership surely lasts, on clocks that all processes of a machine share. The monotonic clock may stand
 * still while the machine sleeps, the wall clock may be set: the one that leaves less time decides.
 */
export type LeadershipDeadline = Instant

export interface Stopping {
  readonly deadline: LeadershipDeadline
  /** How long it is given between being asked to stop and being killed. */
  readonly graceMs: number
  /** When it was asked to stop, on the monotonic clock. */
  readonly askedAtMs: number | undefined
}

export type Due =
  { readonly act: 'nothing'; readonly forMs: number } | { readonly act: 'ask' | 'kill' }

/**
 * Killing comes so long before the deadline, for a timer that fires late and for a kernel that takes its time. The
 * deadline itself has a margin before the moment at which etcd may let the lease go.
 */
export const killMarginMs = 150

export function timeLeftMs(deadline: LeadershipDeadline, now: Instant): number {
  return Math.min(deadline.monotonicMs - now.monotonicMs, deadline.wallMs - now.wallMs)
}

export function due({ deadline, graceMs, askedAtMs }: Stopping, now: Instant): Due {
  const killInMs = timeLeftMs(deadline, now) - killMarginMs
  if (askedAtMs === undefined) {
    const askInMs = killInMs - graceMs
    if (killInMs <= 0) return { act: 'kill' }
    return askInMs <= 0 ? { act: 'ask' } : { act: 'nothing', forMs: askInMs }
  }
  // Whoever was asked to stop is given the grace once, also when the deadline has moved meanwhile.
  const leftMs = Math.min(killInMs, askedAtMs + graceMs - now.monotonicMs)
  return leftMs <= 0 ? { act: 'kill' } : { act: 'nothing', forMs: leftMs }
}

/** A quarter of the TTL. */
export function defaultGraceMs(ttlS: number): number {
  return ttlS * 250
}

/**
 * With more, a renewal that is a little late would already cost the leadership: half of the TTL is what is left between
 * one renewal and the next but one.
 */
export function longestGraceMs(ttlS: number): number {
  return ttlS * 500
}
