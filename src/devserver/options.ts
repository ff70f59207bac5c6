// The options of a devserver.

import { type Clock, systemClock } from '../base/clock.js'
import { bigint, clock, fn, integer, milliseconds, nonEmptyString } from '../base/options/checks.js'
import { type OptionTable, resolveOptions } from '../base/options/table.js'
import { nextFirstRevision } from './first-revision.js'

/** The options of {@link DevServer}. */
export interface DevServerOptions {
  /** The address to listen on. Default `'127.0.0.1'`: only this host can connect. */
  readonly host?: string | undefined
  /** The port to listen on. Default 0: any free port; `endpoint` tells which. */
  readonly port?: number | undefined
  /** The name of the member in the list of members. Default `'devserver'`. */
  readonly name?: string | undefined
  /**
   * The revision of the empty store. Default: the time in microseconds, or a revision after the
   * last one of any devserver that this process has closed, so that fencing tokens go on growing. A
   * new etcd begins with `1n`.
   */
  readonly firstRevision?: bigint | undefined
  /**
   * How often an idle watch that asked for it is told the revision of the store, in milliseconds.
   * Default 600000.
   */
  readonly progressNotifyIntervalMs?: number | undefined
  /** Takes the line that the devserver writes at the start. Default: writes it to stderr. */
  readonly log?: ((line: string) => void) | undefined
  /** The clock that leases run out by. Default: that of this host. */
  readonly clock?: Clock | undefined
  /**
   * Returns random numbers from 0 to 1, for lease ids and sign-in tokens. Default: `Math.random`.
   */
  readonly random?: (() => number) | undefined
}

export const devServerOptionTable = {
  host: {
    check: nonEmptyString("an address like '127.0.0.1'"),
    default: '127.0.0.1',
    doc: 'where to listen',
  },
  port: {
    check: integer(0, 65_535),
    default: 0,
    doc: '0: any free one, `server.endpoint` tells which',
  },
  name: {
    check: nonEmptyString("a string like 'devserver'"),
    default: 'devserver',
    doc: 'in the list of members',
  },
  firstRevision: {
    check: bigint(1n, 2n ** 62n, {
      expected: 'a bigint from 1n to 2n ** 62n',
      range: '1 to 2^62',
    }),
    defaultDoc: 'the time in microseconds, or a later one',
    doc: 'later than those of a devserver that this process closed, so that fencing tokens go on growing',
  },
  progressNotifyIntervalMs: {
    check: milliseconds(Number.MIN_VALUE, Number.MAX_VALUE, {
      expected: 'milliseconds above 0',
      range: 'above 0',
    }),
    default: 600_000,
    doc: 'how often an idle watch that asked for it is told how far the store is',
  },
  log: {
    check: fn<(line: string) => void>('`(line: string) => void`'),
    default: printToStderr,
    defaultDoc: 'to stderr',
    doc: 'takes the line that is said at the start',
  },
  clock: {
    check: clock,
    default: systemClock,
    defaultDoc: 'that of this computer',
    doc: 'by which leases run out',
  },
  random: {
    check: fn<() => number>('`() => number`'),
    default: Math.random,
    defaultDoc: '`Math.random`',
    doc: 'from 0 to 1, for lease ids and tokens',
  },
} satisfies OptionTable<DevServerOptions>

/** @throws {@link InvalidArgumentError} naming the first option that is unknown or wrong. */
export function resolveDevServerOptions(options: unknown) {
  const resolved = resolveOptions(devServerOptionTable, options, { example: '{ port: 2379 }' })
  const { firstRevision = nextFirstRevision(resolved.clock) } = resolved
  return Object.freeze({ ...resolved, firstRevision })
}

function printToStderr(line: string): void {
  console.error(line)
}
