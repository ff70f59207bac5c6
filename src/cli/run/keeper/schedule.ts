// Decides when a command that may only run during a leadership is asked to stop, and when it is
// killed. Pure: a deadline and an instant in, an action out.

import type { Instant } from '../../library.js'

/**
 * Until when leadership surely lasts, on clocks that all processes of a computer share. The
 * monotonic clock may stand still while the computer sleeps, and the wall clock may be set: the one
 * that leaves less time decides.
 */
export type LeadershipDeadline = Instant

export interface StopState {
  readonly deadline: LeadershipDeadline
  /** How much time the command gets between being asked to stop and being killed. */
  readonly graceMs: number
  /** When the command was asked to stop, on the monotonic clock. */
  readonly askedAtMs: number | undefined
}

export type NextAction =
  { readonly act: 'nothing'; readonly forMs: number } | { readonly act: 'ask' | 'kill' }

/**
 * The kill comes this long before the deadline, because a timer may fire late and the kernel takes
 * time. The deadline itself is earlier, by a margin of its own, than etcd may end the lease.
 */
export const killMarginMs = 150

export function timeLeftMs(deadline: LeadershipDeadline, now: Instant): number {
  return Math.min(deadline.monotonicMs - now.monotonicMs, deadline.wallMs - now.wallMs)
}

export function nextAction({ deadline, graceMs, askedAtMs }: StopState, now: Instant): NextAction {
  const killInMs = timeLeftMs(deadline, now) - killMarginMs
  if (askedAtMs === undefined) {
    const askInMs = killInMs - graceMs
    if (killInMs <= 0) return { act: 'kill' }
    return askInMs <= 0 ? { act: 'ask' } : { act: 'nothing', forMs: askInMs }
  }
  // The command gets the grace period once, even if the deadline has moved meanwhile.
  const leftMs = Math.min(killInMs, askedAtMs + graceMs - now.monotonicMs)
  return leftMs <= 0 ? { act: 'kill' } : { act: 'nothing', forMs: leftMs }
}

/** A quarter of the TTL. */
export function defaultGraceMs(ttlS: number): number {
  return ttlS * 250
}

/**
 * Half of the TTL: with a longer grace, a renewal that is a little late would cost the leadership.
 * This is the time left between one renewal and the next but one.
 */
export function maxGraceMs(ttlS: number): number {
  return ttlS * 500
}
