// What a user may say about a session, checked once. It must not know what is done with it.

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

/** The longest TTL that etcd grants, in seconds (read off etcd 3.4 to 3.7: "too large lease TTL"). */
export const maxTtlS = 9_000_000_000

/** The options of `Session`. */
export interface SessionOptions {
  /**
   * How long the lease lives without renewal, in whole seconds; so long may it take until another candidate takes over
   * from a process that died. From 1 to 9,000,000,000; etcd raises what it finds too small (to 2 with its default
   * settings).
   */
  readonly ttl: number
  /**
   * By how much the rates of this machine's clock and etcd's may differ, as a fraction from 0 to 0.5. Default 0.05. It
   * shortens the time for which a lease counts as alive.
   */
  readonly clockDrift?: number | undefined
  /**
   * A lease that exists already, to be taken over instead of opening a new one: for a process that was restarted and
   * should keep its place. Two processes must not use one lease at the same time. When it is gone, the first attempt to
   * open the session says so, and the next one opens a new lease.
   */
  readonly leaseId?: bigint | undefined
  /**
   * Whether a small process beside this one tells etcd at once when this one is gone, however it went, so that the next
   * candidate leads within milliseconds and not after the TTL. One serves all sessions of a process. Default false. See
   * docs/failover.md for what it needs and where it cannot help.
   */
  readonly guardian?: boolean | undefined
  /**
   * Where the lease is renewed: on the `main` thread's event loop (the default), or by a `worker` thread, so that the
   * lease outlives an event loop that is blocked for up to `maxStallMs`. One worker serves all sessions of a process.
   */
  readonly renewal?: 'main' | 'worker' | undefined
  /**
   * With `renewal: 'worker'`: for how long the event loop may stand still before the lease is no longer renewed, in
   * milliseconds. A process that hangs has to lose its place; it does so after this time and, at most, a TTL. Default
   * 30000.
   */
  readonly maxStallMs?: number | undefined
  /**
   * Asked often, and before each renewal on the main thread: while it does not return `true`, or throws, the lease is
   * neither renewed nor replaced, so that this process loses its place within a TTL. It has to be quick. Default: all is
   * well for as long as the event loop turns.
   */
  readonly healthy?: (() => boolean) | undefined
}

export const sessionOptionTable = {
  ttl: {
    isRequired: true,
    check: seconds(1, maxTtlS),
    doc: 'etcd raises small ones, to 2 with its default settings',
  },
  clockDrift: { check: fraction(0, 0.5), default: 0.05 },
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
    // Below 100, an ordinary hiccup would count.
    check: milliseconds(100),
    // Longer than most computations and collections, and about when the usual liveness probes give a process up.
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
