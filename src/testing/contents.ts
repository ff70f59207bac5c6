// What is in a test's etcd, put in the words of elections and leases. It reads, and changes nothing.
// It must not know clients or faults.

import type { DevMember } from '../devserver/member.js'
import { intervalOf } from '../devserver/store/interval.js'
import { candidacies, decode } from '../election/keys.js'
import { type CandidateInfo, toInfo } from '../election/roster.js'

/** One candidate, as etcd knows it. */
export interface TestCandidate extends CandidateInfo {
  /** The lease that its key is on. */
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

export function candidatesIn({ store }: DevMember, election: string): readonly TestCandidate[] {
  return [...store.range(intervalOf(candidacies(election)))]
    .map((kv) => ({ ...toInfo(kv), leaseId: kv.lease }))
    .sort((one, other) => Number(one.fencingToken - other.fencingToken))
}

export function leasesIn({ lessor }: DevMember): readonly TestLease[] {
  return [...lessor.all()].map(({ id, ttl, keys }) => ({
    id,
    ttl: Number(ttl),
    remainingMs: Math.max(0, lessor.remainingMs(id)),
    keys: [...keys].map((key) => decode(Buffer.from(key, 'latin1'))),
  }))
}
