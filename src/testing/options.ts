// What a user may say about a test's etcd, checked once. It must not know what is done with it.

import { InvalidArgumentError } from '../base/errors.js'
import type { EtcdOptions } from '../etcd/options.js'
import { TestClock } from './test-clock.js'

/** The options of {@link TestEtcd}. */
export interface TestEtcdOptions {
  /** The clock that everything goes by. Default: a new one. Several etcds and code of yours may share one. */
  readonly clock?: TestClock | undefined
  /** From which lease ids and jitter are drawn: the same seed, the same run. Default 1. */
  readonly seed?: number | undefined
}

/** What a client of a {@link TestEtcd} may be told: all options of {@link Etcd} but how it gets there and when. */
export type TestClientOptions = Omit<
  EtcdOptions,
  'endpoints' | 'tls' | 'transport' | 'clock' | 'random'
>

/** What becomes of the store when etcd is started again. */
export interface StartOptions {
  /**
   * `'kept'`: everything is there, and each lease has its whole TTL again, as after a restart of etcd. `'lost'`: it is
   * another, empty one. Default `'kept'`.
   */
  readonly store?: 'kept' | 'lost' | undefined
  /**
   * The revision of the empty store. Default: after the last one of the lost store, so that fencing tokens go on
   * growing. With `1n` they begin anew, which is what an etcd does whose data directory was deleted.
   */
  readonly firstRevision?: bigint | undefined
}

/**
 * @throws {@link InvalidArgumentError} naming the first option that is not what it has to be.
 */
export function checkTestEtcdOptions(options: unknown): TestEtcdOptions {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('options', 'expected an object like { seed: 1 }', options)
  }
  const { clock, seed } = options as TestEtcdOptions
  if (clock !== undefined && !(clock instanceof TestClock)) {
    throw new InvalidArgumentError('clock', 'expected a TestClock', clock)
  }
  if (seed !== undefined && !Number.isInteger(seed)) {
    throw new InvalidArgumentError('seed', 'expected an integer', seed)
  }
  return { clock, seed }
}

/**
 * @throws {@link InvalidArgumentError} naming the first option that is not what it has to be.
 */
export function checkStartOptions(options: unknown): Required<StartOptions> {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('options', "expected an object like { store: 'lost' }", options)
  }
  const { store = 'kept', firstRevision } = options as StartOptions
  if (!['kept', 'lost'].includes(store)) {
    throw new InvalidArgumentError('store', "expected 'kept' or 'lost'", store)
  }
  if (firstRevision !== undefined && (typeof firstRevision !== 'bigint' || firstRevision < 1n)) {
    throw new InvalidArgumentError('firstRevision', 'expected a bigint from 1n up', firstRevision)
  }
  return { store, firstRevision }
}
