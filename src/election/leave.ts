// Removes the key of a candidacy, again and again until etcd confirms that it is gone.

import { sleep } from '../base/clock.js'
import { Backoff } from '../base/backoff.js'
import { ClosedError, ElectError } from '../base/errors.js'
import type { EtcdApi } from '../etcd/api.js'
import type { Lease } from '../lease/lease.js'
import { termKey } from './keys.js'
import { type Candidacy, find, leave, leaveMarked } from './requests.js'
import type { Roster } from './roster.js'

export interface Leaver {
  readonly election: string
  readonly lease: Lease
  /** Undefined when it is not known whether there is a key on this lease. */
  readonly candidacy: Candidacy | undefined
  /** Finds the next candidate, to mark the leave as meant; undefined when no mark is wanted. */
  readonly markNextIn: Roster | undefined
}

/** The key is gone. `removed` is the candidacy that was removed; undefined when there was none. */
export interface Left {
  readonly removed: Candidacy | undefined
}

/**
 * Returns undefined when the lease or the client ended first. The lease's session tells of that,
 * and the key goes with its lease.
 *
 * @param onFailure is told of each attempt that failed. More follow, unless the client is closed or
 * etcd refuses: then the lease is ended.
 */
export async function leaveElection(
  api: EtcdApi,
  leaver: Leaver,
  onFailure: (error: unknown) => void,
): Promise<Left | undefined> {
  const { lease } = leaver
  const backoff = new Backoff(api.random, 50, 1_000)
  while (!isOver(lease)) {
    try {
      const removed = await leaveOnce(api, leaver)
      return isOver(lease) ? undefined : { removed }
    } catch (error) {
      if (isOver(lease)) return undefined
      onFailure(error)
      if (error instanceof ClosedError) return undefined
      if (error instanceof ElectError && !error.retryable) {
        // etcd does not let this user remove the key. If its lease were renewed, the key would keep
        // the others from leading for ever; so it goes with the lease.
        lease.end('expired')
        return undefined
      }
      await sleep(api.clock, backoff.nextMs())
    }
  }
  return undefined
}

async function leaveOnce(
  api: EtcdApi,
  { election, lease, candidacy, markNextIn }: Leaver,
): Promise<Candidacy | undefined> {
  const own = candidacy ?? (await find(api, election, termKey(election, lease.id)))
  if (own !== undefined) await remove(api, own, markNextIn)
  return own
}

/** Others wait only for a leader, so only the first candidate's leave needs a mark. */
async function remove(api: EtcdApi, own: Candidacy, markNextIn: Roster | undefined): Promise<void> {
  const [first, second] = markNextIn?.list() ?? []
  if (first?.fencingToken === own.fencingToken && second !== undefined) {
    const { term, fencingToken } = second
    if (await leaveMarked(api, own, { election: own.election, term, fencingToken })) return
  }
  await leave(api, own)
}

/** A function, because a lease may end between two looks at it. */
function isOver(lease: Lease): boolean {
  return lease.loss !== undefined
}
