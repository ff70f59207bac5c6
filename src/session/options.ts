// What a user may say about a session, checked once. It must not know what is done with it.

import { InvalidArgumentError } from '../base/errors.js'

/** The longest TTL that etcd grants, in seconds (read off etcd 3.4 to 3.7: "too large lease TTL"). */
const longestTtlS = 9_000_000_000

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

export interface ResolvedSessionOptions {
  readonly ttl: number
  readonly clockDrift: number
  readonly leaseId: bigint | undefined
  readonly guardian: boolean
  readonly renewal: 'main' | 'worker'
  readonly maxStallMs: number
  readonly healthy: (() => boolean) | undefined
}

/** Longer than most computations and collections, and about when the usual liveness probes give a process up. */
const defaultMaxStallMs = 30_000
/** Below this, an ordinary hiccup would count. */
const leastMaxStallMs = 100

/** @throws InvalidArgumentError naming the first option that is not what it has to be. */
export function checkSessionOptions(options: unknown): ResolvedSessionOptions {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('options', 'expected an object like { ttl: 5 }', options)
  }
  const { ttl, clockDrift = 0.05, leaseId, ...others } = options as Partial<SessionOptions>
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 1 || ttl > longestTtlS) {
    throw new InvalidArgumentError(
      'ttl',
      `expected whole seconds from 1 to ${String(longestTtlS)}`,
      ttl,
    )
  }
  if (typeof clockDrift !== 'number' || !(clockDrift >= 0) || !(clockDrift <= 0.5)) {
    throw new InvalidArgumentError('clockDrift', 'expected a fraction from 0 to 0.5', clockDrift)
  }
  if (leaseId !== undefined && !isLeaseId(leaseId)) {
    throw new InvalidArgumentError('leaseId', 'expected a bigint above 0 and below 2^63', leaseId)
  }
  return { ttl, clockDrift, leaseId, ...checkSurvival(others) }
}

/** What decides when the lease ends because of what becomes of this process. */
function checkSurvival({
  guardian = false,
  renewal = 'main',
  maxStallMs,
  healthy,
}: Partial<SessionOptions>): Pick<
  ResolvedSessionOptions,
  'guardian' | 'renewal' | 'maxStallMs' | 'healthy'
> {
  if (typeof (guardian as unknown) !== 'boolean') {
    throw new InvalidArgumentError('guardian', 'expected true or false', guardian)
  }
  if (!['main', 'worker'].includes(renewal)) {
    throw new InvalidArgumentError('renewal', "expected 'main' or 'worker'", renewal)
  }
  if (maxStallMs !== undefined && renewal === 'main') {
    const expectation =
      "expected nothing, because only renewal: 'worker' outlives a blocked event loop"
    throw new InvalidArgumentError('maxStallMs', expectation, maxStallMs)
  }
  const stallMs = maxStallMs === undefined ? defaultMaxStallMs : maxStallMs
  if (typeof stallMs !== 'number' || !(stallMs >= leastMaxStallMs) || !(stallMs <= 2 ** 31 - 1)) {
    const expectation = `expected milliseconds from ${String(leastMaxStallMs)} to 2147483647`
    throw new InvalidArgumentError('maxStallMs', expectation, maxStallMs)
  }
  if (healthy !== undefined && typeof (healthy as unknown) !== 'function') {
    throw new InvalidArgumentError('healthy', 'expected a function', healthy)
  }
  return { guardian, renewal, maxStallMs: stallMs, healthy }
}

function isLeaseId(leaseId: unknown): boolean {
  return typeof leaseId === 'bigint' && leaseId > 0n && leaseId < 2n ** 63n
}
