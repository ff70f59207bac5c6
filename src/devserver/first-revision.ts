// Where a devserver's revisions begin, so that they never go back when one takes the place of another, and fencing
// tokens with them. It must not know what is stored.

import type { Clock } from '../base/clock.js'

/** The last revision of all devservers that this program has closed. */
let lastOfAll = 0n

/** The time in microseconds; but past what was there before, whatever the clock says and however fast it was written. */
export function nextFirstRevision(clock: Clock): bigint {
  const now = BigInt(Math.trunc(clock.wallMs())) * 1000n
  // One is left out, so that whoever has seen the last one finds that the next is not to be had, and reads anew.
  const next = lastOfAll + 2n
  return now > next ? now : next
}

/** A store is gone, and this was its last revision. */
export function noteLastRevision(revision: bigint): void {
  if (revision > lastOfAll) lastOfAll = revision
}
