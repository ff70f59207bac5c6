// The clocks on which all processes of this computer read the same time.

import type { Instant } from '../../library.js'

/** Not `performance.now()`, which begins at 0 in each process. */
export function now(): Instant {
  return { monotonicMs: Number(process.hrtime.bigint()) / 1e6, wallMs: Date.now() }
}
