// Gets a lease from etcd, and gives it back.

import type { CallOptions, EtcdApi } from '../etcd/api.js'
import { sleep } from '../base/clock.js'
import { ClosedError, RefusedError, SessionLostError } from '../base/errors.js'
import { Backoff } from '../base/backoff.js'
import { afterAdoption, afterGrant, type Instant, validForMs } from './deadline.js'
import { Lease } from './lease.js'
import type { StartRenewal } from './renewal.js'

/** Random numbers that are always the same must not make the client ask etcd for ever. */
const maxDraws = 100

/** Asks for a new lease. */
export async function grantLease(
  api: EtcdApi,
  ttlS: number,
  clockDrift: number,
  renewal: StartRenewal,
  options: CallOptions = {},
): Promise<Lease> {
  const { id, grantedS, since } = await requestLease(api, ttlS, options)
  const deadline = afterGrant(since, validForMs(grantedS, clockDrift))
  return new Lease({ api, id, ttlS: grantedS, deadline }, renewal)
}

/**
 * Takes over a lease that exists already. It counts as alive from the first confirmed renewal.
 *
 * @throws {@link SessionLostError} when etcd has no such lease.
 */
export async function adoptLease(
  api: EtcdApi,
  id: bigint,
  clockDrift: number,
  renewal: StartRenewal,
  options: CallOptions = {},
): Promise<Lease> {
  const asked: Instant = { monotonicMs: api.clock.monotonicMs(), wallMs: api.clock.wallMs() }
  const { TTL, grantedTTL } = await api.leaseTimeToLive(id, options)
  if (TTL <= 0n) {
    throw new SessionLostError(
      `leaseId: expected a lease that exists, but etcd has no lease ${id.toString(16)}`,
    )
  }
  const grantedS = Number(grantedTTL)
  const deadline = afterAdoption(asked, validForMs(grantedS, clockDrift), Number(TTL) * 1000)
  const lease = new Lease({ api, id, ttlS: grantedS, deadline }, renewal)
  lease.renewNow()
  return lease
}

/**
 * Gives a lease back. When this returns, the lease is gone.
 *
 * @throws an ElectError when that is not known: the lease may still be there.
 */
export async function revokeLease(
  api: EtcdApi,
  id: bigint,
  options: CallOptions = {},
): Promise<void> {
  try {
    await api.leaseRevoke(id, options)
  } catch (error) {
    if (!(error instanceof SessionLostError)) throw error
  }
}

/**
 * Tries to give a lease back until it is known to be gone, until the client is closed, or until the
 * lease has run out by itself: after a change of etcd's leader it may live for another TTL, and no
 * longer.
 */
export async function revokeLater(api: EtcdApi, id: bigint, ttlS: number): Promise<void> {
  const backoff = new Backoff(api.random, 100, 1_000)
  const giveUpAtMs = api.clock.monotonicMs() + ttlS * 2_000
  while (api.clock.monotonicMs() < giveUpAtMs) {
    await sleep(api.clock, backoff.nextMs())
    try {
      await revokeLease(api, id)
      return
    } catch (error) {
      if (error instanceof ClosedError) return
    }
  }
}

/** Gets a lease under an id that no other client has. */
async function requestLease(
  api: EtcdApi,
  ttlS: number,
  options: CallOptions,
): Promise<{ id: bigint; grantedS: number; since: Instant }> {
  for (let left = maxDraws; ; left--) {
    const id = newLeaseId(api.random)
    let sent = 0
    let since: Instant = { monotonicMs: -Infinity, wallMs: -Infinity }
    const onSend = (): void => {
      options.onSend?.()
      sent += 1
      // The answer to a repeated request may be for the first one, so the lease counts from that.
      if (sent === 1) since = { monotonicMs: api.clock.monotonicMs(), wallMs: api.clock.wallMs() }
    }
    try {
      const { TTL } = await api.leaseGrant(id, ttlS, { ...options, onSend })
      return { id, grantedS: Number(TTL), since }
    } catch (error) {
      if (!isTaken(error)) throw error
      if (sent > 1) {
        // An earlier attempt arrived, and its answer was lost.
        const { grantedTTL } = await api.leaseTimeToLive(id, options)
        return { id, grantedS: Number(grantedTTL), since }
      }
      // The request was sent once, so the lease is another client's, which drew the same id.
      if (left <= 1) throw error
    }
  }
}

function isTaken(error: unknown): boolean {
  return error instanceof RefusedError && /lease already exists/.test(error.message)
}

/** A positive 63-bit number; etcd reads 0 as "choose one". */
function newLeaseId(random: () => number): bigint {
  const high = BigInt(Math.floor(random() * 2 ** 31))
  const low = BigInt(Math.floor(random() * 2 ** 32))
  const id = (high << 32n) | low
  return id === 0n ? 1n : id
}
