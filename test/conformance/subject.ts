// What a case is given: a server under test, and names that no other case uses on it.
// It must not know how servers are started.

import { expect } from 'vitest'
import type { RawEtcd } from './raw/etcd.js'
import type { Series, ServerKind } from './servers.js'

/** A server that all cases share, one after the other. */
export interface Subject {
  readonly kind: ServerKind
  /** Which etcd it is, or says that it is. */
  readonly series: Series
  readonly endpoint: string
  readonly etcd: RawEtcd
}

let used = 0

/** Names keys under a prefix that no other case uses; without an argument, the prefix itself. */
export function keyspace(): (name?: string) => string {
  used += 1
  const prefix = `case-${String(used).padStart(3, '0')}/`
  return (name = '') => prefix + name
}

/** A lease id that no other case uses. */
export function leaseId(): bigint {
  used += 1
  return 0x7000_0000_0000_0000n + BigInt(used)
}

/** The first key after all keys with this prefix. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
}

/** The whole header of an answer, in plain form. */
export function header(revision: bigint) {
  return { clusterId: 'set', memberId: 'set', revision, raftTerm: 'set' }
}

/** Chooses what a series of etcd and all later ones do over what earlier ones do. */
export function since<T>(series: Series, first: Series, then: T, before: T): T {
  return Number(series.slice(2)) >= Number(first.slice(2)) ? then : before
}

/** Any positive integer. */
export const positive: unknown = expect.toSatisfy(
  (value: unknown) => typeof value === 'bigint' && value > 0n,
  'a positive integer',
)
