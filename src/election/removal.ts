// Removes the key of a candidacy, again and again until that is known. It must not know who waits for it, nor why it goes.

import { sleep } from '../base/clock.js'
import { ClosedError, ElectError } from '../base/errors.js'
import type { EtcdApi } from '../etcd/api.js'
import { Backoff } from '../base/backoff.js'
import type { Lease } from '../lease/lease.js'
import { termKey } from './keys.js'
import { type Candidacy, find, leave, leaveMarked } from './requests.js'
import type { Roster } from './roster.js'

export interface Removal {
  readonly election: string
  readonly lease: Lease
  /** Undefined when it is not known whether there is a key on this lease. */
  readonly candidacy: Candidacy | undefined
  /** Whom to find the next in line in, for a mark of having left on purpose; undefined when none is wanted. */
  readonly marksFor: Roster | undefined
}

/**
 * Returns once it is removed, with what was, and undefined when there was nothing; `unknown` when the lease or the client
 * ended first.
 *
 * @param failed is told after each attempt that failed; more follow unless the client is closed, or etcd refuses: then the
 * lease is ended.
 */
export async function removeKey(
  api: EtcdApi,
  removal: Removal,
  failed: (error: unknown) => void,
): Promise<Candidacy | undefined | 'unknown'> {
  const { election, lease } = removal
  const backoff = new Backoff(api.random, 50, 1_000)
  // When the lease is lost, whoever waits is told so by it, and its session gives it back.
  while (!isOver(lease)) {
    try {
      const candidacy =
        removal.candidacy ?? (await find(api, election, termKey(election, lease.id), {}))
      if (candidacy !== undefined) await remove(api, candidacy, removal.marksFor)
      // Otherwise the loss of the lease was told meanwhile, and that the key is gone with it.
      return isOver(lease) ? 'unknown' : candidacy
    } catch (error) {
      if (isOver(lease)) return 'unknown'
      failed(error)
      if (error instanceof ClosedError) return 'unknown'
      if (error instanceof ElectError && !error.retryable) {
        // We may not remove it, and renewed for ever it would keep the others from leading: it goes with its lease.
        lease.end('expired')
        return 'unknown'
      }
      await sleep(api.clock, backoff.nextMs())
    }
  }
  return 'unknown'
}

/** Only the first one is waited for by others, so only its removal needs a mark. */
async function remove(api: EtcdApi, own: Candidacy, marksFor: Roster | undefined): Promise<void> {
  const [first, next] = marksFor?.list() ?? []
  if (first?.fencingToken === own.fencingToken && next !== undefined) {
    const nextInLine = { election: own.election, term: next.term, fencingToken: next.fencingToken }
    if (await leaveMarked(api, own, nextInLine, {})) return
  }
  await leave(api, own, {})
}

/** A function of its own, because a lease ends between two looks. */
function isOver(lease: Lease): boolean {
  return lease.loss !== undefined
}
