// Reads the candidates and leases in a test's etcd.

import type { DevMember } from '../devserver/member.js'
import { intervalOf } from '../devserver/store/interval.js'
import { candidacies, decode } from '../election/keys.js'
import { type CandidateInfo, toInfo } from '../election/roster.js'

/** One candidate, as stored in etcd. */
export interface TestCandidate extends CandidateInfo {
  /** The lease of its key. */
  readonly leaseId: bigint
}

/** A lease, as etcd has it. */
export interface TestLease {
  readonly id: bigint
  /** The granted TTL, in seconds. */
  readonly ttl: number
  /** The time until it expires unless it is kept alive, in milliseconds. */
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
