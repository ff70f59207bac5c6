// Chooses a devserver's first revision, so that revisions, and with them fencing tokens, never go
// back when one devserver replaces another.

import type { Clock } from '../base/clock.js'

/** The highest revision of all devservers that this process has closed. */
let lastClosedRevision = 0n

/**
 * The time in microseconds, or a higher revision if a closed devserver has already passed it,
 * because the clock went back or clients wrote very fast.
 */
export function nextFirstRevision(clock: Clock): bigint {
  const now = BigInt(Math.trunc(clock.wallMs())) * 1000n
  // Leaves a gap of one: a client that has seen the last revision and watches from the next one
  // finds it compacted, and reads everything again.
  const next = lastClosedRevision + 2n
  return now > next ? now : next
}

/** To be called with the last revision of a store that is discarded. */
export function noteLastRevision(revision: bigint): void {
  if (revision > lastClosedRevision) lastClosedRevision = revision
}
