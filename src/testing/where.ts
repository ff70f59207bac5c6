// Checks a test's arguments for faults: which calls fail, how often, and how.

import { InvalidArgumentError } from '../base/errors.js'
import { check, string } from '../base/options/checks.js'
import { type OptionTable, type Resolved, resolveOptions, without } from '../base/options/table.js'
import { Etcd } from '../etcd/client.js'
import { type Failure, type FailureStatus, type Method, methods, statuses } from './faults.js'

/** Which calls a fault concerns. */
export interface Where {
  /** Default: all methods. */
  readonly method?: Method | undefined
  /** A client that {@link TestEtcd.connect} created. Default: all clients. */
  readonly client?: Etcd | undefined
  /** How often the fault applies. Default: until it is removed. */
  readonly times?: number | undefined
}

export const whereOptionTable = {
  method: {
    check: check<Method>(
      {
        type: '`Method`',
        range: 'one of the [methods](testing.md#faults)',
        expected: `one of ${methods.join(', ')}`,
      },
      (value) => methods.some((method) => method === value),
    ),
    defaultDoc: 'all',
  },
  client: {
    check: check<Etcd>(
      { type: '`Etcd`', expected: 'what connect() returned' },
      (value) => value instanceof Etcd,
    ),
    defaultDoc: 'all',
    doc: 'one that `connect()` of the same `TestEtcd` made',
  },
  times: {
    check: check<number>(
      { type: '`number`', range: 'an integer from 1', expected: 'an integer from 1 up' },
      (value) => value === Infinity || (Number.isInteger(value) && Number(value) >= 1),
    ),
    default: Infinity,
    defaultDoc: 'no end',
    doc: 'not for `delay()`',
  },
} satisfies OptionTable<Where>

export const failureOptionTable = {
  status: {
    isRequired: true,
    check: check<FailureStatus>(
      {
        type: '`FailureStatus`',
        range: `one of ${statuses.map((status) => `\`${status}\``).join(', ')}`,
        expected: `one of ${statuses.join(', ')}`,
      },
      (value) => statuses.some((status) => status === value),
    ),
  },
  message: { isRequired: true, check: string, doc: 'what etcd would say' },
} satisfies OptionTable<Failure>

const parameter = { name: 'where', example: "{ method: 'Txn' }" }

export interface ResolvedWhere extends Omit<Resolved<typeof whereOptionTable>, 'method'> {
  readonly method: Method | 'any'
}

/** @throws {@link InvalidArgumentError} naming the first option that is unknown or wrong. */
export function resolveWhere(where: unknown): ResolvedWhere {
  const { method = 'any', ...others } = resolveOptions(whereOptionTable, where, parameter)
  return { method, ...others }
}

/**
 * For a fault that lasts until it is called off.
 *
 * @throws {@link InvalidArgumentError} also for `times`, which would have no effect.
 */
export function withoutTimes(where: unknown): Where {
  return resolveOptions(without(whereOptionTable, 'times'), where, parameter)
}

/** @throws {@link InvalidArgumentError} naming the first option that is unknown or wrong. */
export function resolveFailure(failure: unknown): Failure {
  return resolveOptions(failureOptionTable, failure, {
    name: 'failure',
    example: "{ status: 'UNAVAILABLE', message: 'etcdserver: no leader' }",
  })
}

export function resolveDelay(ms: unknown): number {
  if (typeof ms === 'number' && ms > 0 && ms < Infinity) return ms
  throw new InvalidArgumentError('ms', 'expected milliseconds above 0', ms)
}
