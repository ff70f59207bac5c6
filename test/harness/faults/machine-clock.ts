// The machine's monotonic clock, the same for every process on it, also for one whose own clocks
// are faked. It must not know what is timed.

import { readFileSync } from 'node:fs'

/** In milliseconds since the machine was started. */
export type At = number

/** The kernel shows it in steps of this. */
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
 * What is to be added to the kernel's uptime, which no library can fake, to have the monotonic
 * clock: not less, not more.
 */
export interface UptimeOffset {
  readonly leastMs: number
  readonly mostMs: number
}

/** However long this process is kept waiting between two readings, what it returns is true. */
export function measureUptimeOffset(): UptimeOffset {
  const giveUpAt = now() + 200
  let leastMs = -Infinity
  let mostMs = Infinity
  while (mostMs - leastMs > 1 && now() < giveUpAt) {
    const before = now()
    const up = uptime()
    leastMs = Math.max(leastMs, before - up - stepMs)
    mostMs = Math.min(mostMs, now() - up)
  }
  return { leastMs, mostMs }
}

/** For a process that must not ask its own clocks. */
export function momentByUptime({ leastMs, mostMs }: UptimeOffset): () => Moment {
  return () => {
    const up = uptime()
    return { notBefore: up + leastMs, notAfter: up + stepMs + mostMs }
  }
}
