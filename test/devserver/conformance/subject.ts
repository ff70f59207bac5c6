// What a case gets: a server under test, and names that no other case uses on it.

import { expect } from 'vitest'
import type { RawEtcd } from './raw/etcd.js'
import type { Series, ServerKind } from './servers.js'

/** A server that all cases share, one after the other. */
export interface Subject {
  readonly kind: ServerKind
  /** The series of its etcd, or the one that the devserver reports. */
  readonly series: Series
  readonly endpoint: string
  readonly etcd: RawEtcd
}

let used = 0

/**
 * Returns a function that names keys under a prefix that no other case uses; without an argument,
 * it returns the prefix.
 */
export function keyspace(): (name?: string) => string {
  used += 1
  const prefix = `case-${String(used).padStart(3, '0')}/`
  return (name = '') => prefix + name
}

/** Returns a lease id that no other case uses. */
export function leaseId(): bigint {
  used += 1
  return 0x7000_0000_0000_0000n + BigInt(used)
}

/** The first key after all keys with this prefix. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
}

/** The whole header of a response, in plain form. */
export function header(revision: bigint) {
  return { clusterId: 'set', memberId: 'set', revision, raftTerm: 'set' }
}

/** Chooses `then` for the series `first` and all later ones, `before` for earlier ones. */
export function since<T>(series: Series, first: Series, then: T, before: T): T {
  return Number(series.slice(2)) >= Number(first.slice(2)) ? then : before
}

/** Any positive integer. */
export const positive: unknown = expect.toSatisfy(
  (value: unknown) => typeof value === 'bigint' && value > 0n,
  'a positive integer',
)
