// The options of `npm run bench`.

import { parseArgs } from 'node:util'
import { newestEtcd } from './etcd.js'

export interface Options {
  readonly rounds: number
  readonly quick: boolean
  readonly only: readonly string[]
  readonly json?: string | undefined
  readonly write: boolean
  readonly etcd: string
  readonly fsync: boolean
  readonly endpoints?: string | undefined
}

function usage(titles: readonly string[]): string {
  return `npm run bench -- [options]
  --rounds N         how often each thing is measured (default 100; some that take long, less often)
  --quick            a few rounds, and no large numbers: to see that it works
  --only TEXT        what has this text in its title; may be repeated. Titles: ${titles.join('; ')}
  --json FILE        write all measurements there
  --write            put them into docs/performance.md, its data and its plots
  --etcd PATH        the etcd to start (default: the newest that the tests have built, or the one on the PATH)
  --fsync            only with an etcd that waits for the disk, as it does in service (default: without, then with)
  --endpoints URLS   measure against this etcd, with nobody else on it, instead of starting one: times of single things only`
}

/** Reads the options. Ends the process after `--help`, or on a wrong option. */
export function readOptions(titles: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [''] },
        json: { type: 'string' },
        write: { type: 'boolean', default: false },
        etcd: { type: 'string', default: newestEtcd() },
        fsync: { type: 'boolean', default: false },
        endpoints: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(usage(titles))
      process.exit()
    }
    const { rounds = values.quick ? '5' : '100', ...others } = values
    const options = { ...others, rounds: Number(rounds) }
    if (!Number.isInteger(options.rounds) || options.rounds < 2) {
      throw new Error(`--rounds: expected a whole number from 2 up, got '${rounds}'`)
    }
    if (options.write && !isWhole(options)) {
      throw new Error(
        '--write: expected a whole measurement, without --quick, --only, --fsync and --endpoints',
      )
    }
    return options
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage(titles)}`)
    return process.exit(2)
  }
}

function isWhole({ quick, only, endpoints, fsync }: Options): boolean {
  return !quick && only.join('') === '' && endpoints === undefined && !fsync
}
