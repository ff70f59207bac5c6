// The options of a session.

import {
  bigint,
  boolean,
  fn,
  fraction,
  milliseconds,
  oneOf,
  seconds,
} from '../base/options/checks.js'
import { type OptionTable, type Resolved, resolveOptions } from '../base/options/table.js'
import { maxClockDrift } from '../lease/deadline.js'

/** The longest TTL that etcd grants (read off etcd 3.4 to 3.7: "too large lease TTL"). */
export const maxTtlS = 9_000_000_000

/** The options of `Session`. */
export interface SessionOptions {
  /**
   * How long the lease lives without renewal, in whole seconds from 1 to 9,000,000,000: another
   * candidate may take that long to replace a process that died. etcd raises a TTL that it finds
   * too small (to 2 with its default settings).
   */
  readonly ttl: number
  /**
   * By how much the rates of this host's clock and etcd's may differ, as a fraction from 0 to 0.5.
   * Default 0.05. It shortens the time for which a lease counts as alive.
   */
  readonly clockDrift?: number | undefined
  /**
   * The id of an existing lease, to be taken over instead of opening a new one: for a process that
   * was restarted and should keep its place. Two processes must not use one lease at the same time.
   * When the lease is gone, the first attempt to open the session fails, and the next one opens a
   * new lease.
   */
  readonly leaseId?: bigint | undefined
  /**
   * Whether a small process beside this one tells etcd at once when this one is gone, for whatever
   * reason, so that the next candidate leads within milliseconds and not after the TTL. One
   * guardian serves all sessions of a process. Default false. docs/failover.md says what it needs
   * and where it cannot help.
   */
  readonly guardian?: boolean | undefined
  /**
   * Where the lease is renewed: on the event loop of the `main` thread (the default), or by a
   * `worker` thread, so that the lease outlives an event loop that is blocked for up to
   * `maxStallMs`. One worker serves all sessions of a process.
   */
  readonly renewal?: 'main' | 'worker' | undefined
  /**
   * With `renewal: 'worker'`: how long the event loop may be blocked before the lease is no longer
   * renewed, in milliseconds. A process that hangs has to lose its place: it does so within this
   * time and a TTL. Default 30000.
   */
  readonly maxStallMs?: number | undefined
  /**
   * Called often, and before each renewal on the main thread. While it does not return `true`, or
   * throws, the lease is neither renewed nor replaced, so that this process loses its place within
   * a TTL. It has to be quick. Default: the process is healthy for as long as its event loop turns.
   */
  readonly healthy?: (() => boolean) | undefined
}

export const sessionOptionTable = {
  ttl: {
    isRequired: true,
    check: seconds(1, maxTtlS),
    doc: 'etcd raises small ones, to 2 with its default settings',
  },
  clockDrift: { check: fraction(0, maxClockDrift), default: 0.05 },
  leaseId: {
    check: bigint(1n, 2n ** 63n - 1n, {
      expected: 'a bigint above 0 and below 2^63',
      range: 'above 0, below 2^63',
    }),
    defaultDoc: 'a new one',
    doc: 'a lease that is there, to be taken over; when it is gone, the first attempt to open says so, and the next one opens another',
  },
  guardian: { check: boolean, default: false, doc: '[failover](failover.md#the-guardian)' },
  renewal: {
    check: oneOf('main', 'worker'),
    default: 'main',
    doc: '[failover](failover.md#renewal-by-a-worker)',
  },
  maxStallMs: {
    // A shorter one would count an ordinary hiccup as a hang.
    check: milliseconds(100),
    // Longer than most computations and garbage collections, and about when the usual liveness
    // probes give a process up.
    default: 30_000,
    rule: (maxStallMs, { renewal }) =>
      maxStallMs !== undefined && renewal !== 'worker'
        ? "expected nothing, because only renewal: 'worker' outlives a blocked event loop"
        : undefined,
    doc: "only with `renewal: 'worker'`",
  },
  healthy: {
    check: fn<() => boolean>('`() => boolean`'),
    defaultDoc: 'always fit',
    doc: 'while it does not return `true`, or throws, the lease is neither renewed nor replaced; must be quick',
  },
} satisfies OptionTable<SessionOptions>

export type ResolvedSessionOptions = Resolved<typeof sessionOptionTable>

/** @throws InvalidArgumentError naming the first option that is unknown or wrong. */
export function checkSessionOptions(options: unknown): ResolvedSessionOptions {
  return resolveOptions(sessionOptionTable, options, { example: '{ ttl: 5 }' })
}
