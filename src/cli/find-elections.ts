// Finds elections among all keys of etcd.

import { decode, encode, type EtcdApi, type KeyValue, toInfo } from './library.js'
import type { LeaderJson } from './terminal/format-leader.js'

export interface FoundElection {
  readonly election: string
  readonly leader: LeaderJson
  readonly candidates: number
}

/** Keys per request. etcd may hold millions of keys, and an answer has to fit into memory. */
const pageSize = 1_000n

/** Lists the elections in the order of their names, as they were at one revision. */
export async function findElections(
  api: EtcdApi,
  prefix: string,
  signal: AbortSignal,
): Promise<FoundElection[]> {
  const found = new Map<string, FoundElection>()
  const rangeEnd = prefixRangeEnd(prefix)
  let revision = 0n
  for (let key = prefix === '' ? Uint8Array.of(0) : encode(prefix); ;) {
    const { kvs, more, header } = await api.range(
      { key, rangeEnd, limit: pageSize, revision },
      { signal },
    )
    // All pages are read as of the revision of the first one.
    if (revision === 0n) revision = header?.revision ?? 0n
    for (const kv of kvs) addCandidacy(found, kv)
    const last = kvs.at(-1)
    if (!more || last === undefined) return [...found.values()]
    // The smallest key after the last one.
    key = Uint8Array.of(...last.key, 0)
  }
}

function addCandidacy(found: Map<string, FoundElection>, kv: KeyValue): void {
  const election = electionOf(decode(kv.key), kv.lease)
  if (election === undefined) return
  const { name, term, fencingToken } = toInfo(kv)
  const known = found.get(election)
  const isFirst = known === undefined || fencingToken < known.leader.fencingToken
  found.set(election, {
    election,
    leader: isFirst ? { name, term, fencingToken } : known.leader,
    candidates: (known?.candidates ?? 0) + 1,
  })
}

/** The election of a candidacy's key; undefined when the key is no candidacy. */
export function electionOf(key: string, lease: bigint): string | undefined {
  const slash = key.lastIndexOf('/')
  const isOnItsLease =
    lease !== 0n && key.slice(slash + 1) === BigInt.asUintN(64, lease).toString(16)
  return slash > 0 && isOnItsLease ? key.slice(0, slash) : undefined
}

/** The end of the range of all keys with this prefix; with an empty one, of all keys. */
export function prefixRangeEnd(prefix: string): Uint8Array {
  const end = encode(prefix).slice()
  for (let length = end.length; length > 0; length--) {
    const last = end[length - 1] ?? 0
    if (last === 0xff) continue
    end[length - 1] = last + 1
    return end.slice(0, length)
  }
  return Uint8Array.of(0)
}
