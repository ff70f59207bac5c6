// The clocks that all processes of this machine read alike. It must not know what is timed.

import type { Instant } from '../../library.js'

/** `performance.now()` begins at 0 in each process; this is the same in all. */
export function now(): Instant {
  return { monotonicMs: Number(process.hrtime.bigint()) / 1e6, wallMs: Date.now() }
}
