// The host's monotonic clock: the same for all its processes, even those with faked clocks.

import { readFileSync } from 'node:fs'

/** Milliseconds since the host was started. */
export type At = number

/** The resolution of the kernel's uptime. */
const stepMs = 10

/** The time is not before `notBefore` and not after `notAfter`. */
export interface Moment {
  readonly notBefore: At
  readonly notAfter: At
}

export function now(): At {
  return Number(process.hrtime.bigint()) / 1e6
}

export function moment(): Moment {
  const at = now()
  return { notBefore: at, notAfter: at }
}

function uptime(): number {
  return Number(/^\S+/.exec(readFileSync('/proc/uptime', 'utf8'))?.[0]) * 1_000
}

/**
 * Bounds of the difference between the monotonic clock and the kernel's uptime, which no library
 * can fake.
 */
export interface UptimeOffset {
  readonly minMs: number
  readonly maxMs: number
}

/** The bounds hold however long this process has to wait between two readings. */
export function measureUptimeOffset(): UptimeOffset {
  const giveUpAt = now() + 200
  let minMs = -Infinity
  let maxMs = Infinity
  while (maxMs - minMs > 1 && now() < giveUpAt) {
    const before = now()
    const up = uptime()
    minMs = Math.max(minMs, before - up - stepMs)
    maxMs = Math.min(maxMs, now() - up)
  }
  return { minMs, maxMs }
}

/** For a process whose own clocks are faked. */
export function momentByUptime({ minMs, maxMs }: UptimeOffset): () => Moment {
  return () => {
    const up = uptime()
    return { notBefore: up + minMs, notAfter: up + stepMs + maxMs }
  }
}
