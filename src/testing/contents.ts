// What is in a test's etcd, put in the words of elections and leases. It reads, and changes nothing.
// It must not know clients or faults.

import type { Member } from '../devserver/member.js'
import { intervalOf } from '../devserver/store/interval.js'
import { candidacies, decode } from '../election/keys.js'

/** One contender, as etcd knows it. */
export interface TestCandidate {
  /** What the candidate calls itself. */
  readonly name: string
  /** The etcd key, which identifies the candidacy. */
  readonly term: string
  /** The token that it has once it leads. */
  readonly fencingToken: bigint
  /** The lease that it lives on. */
  readonly leaseId: bigint
}

/** A lease, as etcd knows it. */
export interface TestLease {
  readonly id: bigint
  /** As granted, in seconds. */
  readonly ttl: number
  /** Until it runs out unless it is kept alive, in milliseconds. */
  readonly remainingMs: number
  readonly keys: readonly string[]
}

export function candidatesIn({ store }: Member, election: string): readonly TestCandidate[] {
  return [...store.range(intervalOf(candidacies(election)))]
    .map(({ key, value, createRevision, lease }) => ({
      name: decode(value),
      term: decode(key),
      fencingToken: createRevision,
      leaseId: lease,
    }))
    .sort((one, other) => Number(one.fencingToken - other.fencingToken))
}

export function leasesIn({ lessor }: Member): readonly TestLease[] {
  return [...lessor.all()].map(({ id, ttl, keys }) => ({
    id,
    ttl: Number(ttl),
    remainingMs: Math.max(0, lessor.remainingMs(id)),
    keys: [...keys].map((key) => decode(Buffer.from(key, 'latin1'))),
  }))
}
