// What a user may say about a devserver, checked once and frozen. It must not know what is done with it.

import { type Clock, systemClock } from '../base/clock.js'
import { InvalidArgumentError } from '../base/errors.js'
import { nextFirstRevision } from './first-revision.js'

/** The options of {@link DevServer}. */
export interface DevServerOptions {
  /** The address to listen on. Default `'127.0.0.1'`: only this machine can connect. */
  readonly host?: string | undefined
  /** The port to listen on. Default 0: any free one; `endpoint` tells which. */
  readonly port?: number | undefined
  /** What the member calls itself in the list of members. Default `'devserver'`. */
  readonly name?: string | undefined
  /**
   * The revision of the empty store. Default: the time in microseconds, or past the last revision of any devserver that
   * this program has closed, so that fencing tokens go on growing. A new etcd begins with `1n`.
   */
  readonly firstRevision?: bigint | undefined
  /** How often an idle watch that asked for it is told how far the store is, in milliseconds. Default 600000. */
  readonly progressNotifyIntervalMs?: number | undefined
  /** Takes the line that is said at the start. Default: it goes to stderr. */
  readonly log?: ((line: string) => void) | undefined
  /** Time, by which leases run out. Default: this machine's. */
  readonly clock?: Clock | undefined
  /** Random numbers from 0 to 1, for lease ids and tokens. Default: `Math.random`. */
  readonly random?: (() => number) | undefined
}

export interface ResolvedDevServerOptions {
  readonly host: string
  readonly port: number
  readonly name: string
  readonly firstRevision: bigint
  readonly progressNotifyIntervalMs: number
  readonly log: (line: string) => void
  readonly clock: Clock
  readonly random: () => number
}

/**
 * @throws {@link InvalidArgumentError} naming the first option that is not what it has to be.
 */
export function resolveDevServerOptions(options: unknown): ResolvedDevServerOptions {
  if (typeof options !== 'object' || options === null) {
    throw new InvalidArgumentError('options', 'expected an object like { port: 2379 }', options)
  }
  const given = options as { readonly [K in keyof DevServerOptions]: unknown }
  const clock = check('clock', given.clock ?? systemClock, isClock, 'expected a Clock')
  return Object.freeze({
    host: check('host', given.host ?? '127.0.0.1', isText, "expected an address like '127.0.0.1'"),
    port: check('port', given.port ?? 0, isPort, 'expected an integer from 0 to 65535'),
    name: check('name', given.name ?? 'devserver', isText, "expected a string like 'devserver'"),
    firstRevision: check(
      'firstRevision',
      given.firstRevision ?? nextFirstRevision(clock),
      isRevision,
      'expected a bigint from 1n to 2n ** 62n',
    ),
    progressNotifyIntervalMs: check(
      'progressNotifyIntervalMs',
      given.progressNotifyIntervalMs ?? 600_000,
      isInterval,
      'expected milliseconds above 0',
    ),
    log: check('log', given.log ?? say, isLog, 'expected a function'),
    clock,
    random: check('random', given.random ?? Math.random, isRandom, 'expected a function'),
  })
}

function check<T>(
  option: string,
  value: unknown,
  isRight: (value: unknown) => value is T,
  expectation: string,
): T {
  if (!isRight(value)) throw new InvalidArgumentError(option, expectation, value)
  return value
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535
}

function isRevision(value: unknown): value is bigint {
  return typeof value === 'bigint' && value >= 1n && value <= 2n ** 62n
}

function isInterval(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < Infinity
}

function isLog(value: unknown): value is (line: string) => void {
  return typeof value === 'function'
}

function isRandom(value: unknown): value is () => number {
  return typeof value === 'function'
}

function isClock(value: unknown): value is Clock {
  const methods = ['monotonicMs', 'wallMs', 'setTimer'] as const
  const clock = value as Partial<Clock> | null
  return methods.every((method) => typeof clock?.[method] === 'function')
}

function say(line: string): void {
  console.error(line)
}
