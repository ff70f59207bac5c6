// Checks a test's arguments for faults: which calls fail, how often, and how.

import { InvalidArgumentError } from '../base/errors.js'
import { Etcd } from '../etcd/client.js'
import { type Failure, type Method, methods, statuses } from './faults.js'

/** Which calls a fault concerns. */
export interface Where {
  /** Default: all methods. */
  readonly method?: Method | undefined
  /** A client that {@link TestEtcd.connect} created. Default: all clients. */
  readonly client?: Etcd | undefined
  /** How often the fault applies. Default: until it is removed. */
  readonly times?: number | undefined
}

export interface ResolvedWhere {
  readonly method: Method | 'any'
  readonly client: Etcd | undefined
  readonly times: number
}

export function resolveWhere(where: unknown): ResolvedWhere {
  if (typeof where !== 'object' || where === null) {
    throw new InvalidArgumentError('where', "expected an object like { method: 'Txn' }", where)
  }
  const { method, client, times = Infinity } = where as Where
  if (method !== undefined && !methods.includes(method)) {
    throw new InvalidArgumentError('method', `expected one of ${methods.join(', ')}`, method)
  }
  if (client !== undefined && !(client instanceof Etcd)) {
    throw new InvalidArgumentError('client', 'expected what connect() returned', client)
  }
  if (times !== Infinity && !(Number.isInteger(times) && times >= 1)) {
    throw new InvalidArgumentError('times', 'expected an integer from 1 up', times)
  }
  return Object.freeze({ method: method ?? 'any', client, times })
}

export function resolveFailure(failure: unknown): Failure {
  if (typeof failure !== 'object' || failure === null) {
    throw new InvalidArgumentError(
      'failure',
      "expected an object like { status: 'UNAVAILABLE', message: 'etcdserver: no leader' }",
      failure,
    )
  }
  const { status, message } = failure as Failure
  if (!statuses.includes(status)) {
    throw new InvalidArgumentError('status', `expected one of ${statuses.join(', ')}`, status)
  }
  if (typeof message !== 'string') {
    throw new InvalidArgumentError('message', 'expected a string', message)
  }
  return Object.freeze({ status, message })
}

export function resolveDelay(ms: unknown): number {
  if (typeof ms === 'number' && ms > 0 && ms < Infinity) return ms
  throw new InvalidArgumentError('ms', 'expected milliseconds above 0', ms)
}
