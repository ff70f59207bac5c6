// The options of a test's etcd and of its methods.

import { bigint, check, integer, oneOf } from '../base/options/checks.js'
import {
  documentedAs,
  type OptionTable,
  type Resolved,
  resolveOptions,
  without,
} from '../base/options/table.js'
import { type EtcdOptions, etcdOptionTable } from '../etcd/options.js'
import { TestClock } from './test-clock.js'

/** The options of {@link TestEtcd}. */
export interface TestEtcdOptions {
  /**
   * The clock of the etcd and its clients. Default: a new one. Several etcds and your code may
   * share one.
   */
  readonly clock?: TestClock | undefined
  /** The seed of lease ids and jitter: the same seed gives the same run. Default 1. */
  readonly seed?: number | undefined
}

/**
 * The options of a client of a {@link TestEtcd}: all options of {@link Etcd} except those that the
 * TestEtcd sets itself.
 */
export type TestClientOptions = Omit<
  EtcdOptions,
  'endpoints' | 'tls' | 'transport' | 'clock' | 'random'
>

/** The options of {@link TestEtcd.start} and {@link TestEtcd.restart}. */
export interface StartOptions {
  /**
   * `'kept'`: the store is as it was, and each lease has its whole TTL again, as after a restart of
   * etcd. `'lost'`: the store is a new, empty one. Default `'kept'`.
   */
  readonly store?: 'kept' | 'lost' | undefined
  /**
   * The revision of the empty store. Default: after the last one of the lost store, so that fencing
   * tokens go on growing. With `1n` they begin anew, as in an etcd whose data directory was
   * deleted.
   */
  readonly firstRevision?: bigint | undefined
}

/** The options of {@link TestEtcd.putKey}. */
export interface PutOptions {
  /** An existing lease to put the key on. Default `0n`: none. */
  readonly leaseId?: bigint | undefined
}

export const testEtcdOptionTable = {
  clock: {
    check: check<TestClock>(
      { type: '`TestClock`', expected: 'a TestClock' },
      (value) => value instanceof TestClock,
    ),
    defaultDoc: 'a new one',
    doc: 'several etcds may share one',
  },
  seed: {
    check: integer(-Infinity, Infinity, { expected: 'an integer', range: 'an integer' }),
    default: 1,
    doc: 'the same seed, the same lease ids and jitter',
  },
} satisfies OptionTable<TestEtcdOptions>

export const testClientOptionTable = documentedAs(
  'as for an `Etcd`',
  without(etcdOptionTable, 'endpoints', 'tls', 'transport', 'clock', 'random'),
) satisfies OptionTable<TestClientOptions>

export const startOptionTable = {
  store: { check: oneOf('kept', 'lost'), default: 'kept', doc: 'what becomes of the store' },
  firstRevision: {
    check: bigint(1n, undefined, { expected: 'a bigint from 1n up', range: 'from 1' }),
    defaultDoc: 'after the last one that was there',
    doc: "of the empty store, so only with `'lost'`",
  },
} satisfies OptionTable<StartOptions>

export const putOptionTable = {
  leaseId: {
    check: check<bigint>(
      { type: '`bigint`', expected: 'a lease that is there' },
      (value) => typeof value === 'bigint',
    ),
    default: 0n,
  },
} satisfies OptionTable<PutOptions>

/** @throws {@link InvalidArgumentError} naming the first option that is unknown or wrong. */
export function checkTestEtcdOptions(options: unknown): Resolved<typeof testEtcdOptionTable> {
  return resolveOptions(testEtcdOptionTable, options, { example: '{ seed: 1 }' })
}

/** @throws {@link InvalidArgumentError} naming the first option that is unknown or wrong. */
export function checkTestClientOptions(options: unknown): Resolved<typeof testClientOptionTable> {
  return resolveOptions(testClientOptionTable, options, { example: '{ callTimeoutMs: 1000 }' })
}

/** @throws {@link InvalidArgumentError} naming the first option that is unknown or wrong. */
export function checkStartOptions(options: unknown): Resolved<typeof startOptionTable> {
  return resolveOptions(startOptionTable, options, { example: "{ store: 'lost' }" })
}

/** @throws {@link InvalidArgumentError} naming the first option that is unknown or wrong. */
export function checkPutOptions(options: unknown): Resolved<typeof putOptionTable> {
  return resolveOptions(putOptionTable, options, { example: '{ leaseId: 5n }' })
}
