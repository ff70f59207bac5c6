// `npm run bench:ttl`: how long there is no leader after the leader died, resigned or lost its way
// to etcd, by TTL. It prints the table that docs/operations.md shows. The waits take seconds, so a
// busy host changes little.

import { parseArgs } from 'node:util'
import { startEtcd, versionOf } from '../etcd.js'
import { median } from '../stats.js'
import { endings, gap } from './gap.js'

const usage = `npm run bench:ttl -- [options]
  --ttl N       a TTL to measure, in seconds; may be repeated (default 2, 5, 10)
  --rounds N    how often each is measured (default 5)
  --etcd PATH   the etcd to start (default: the one on the PATH)`

interface Options {
  readonly rounds: number
  readonly ttls: readonly number[]
  readonly etcd: string
}

function readOptions(): Options {
  try {
    const { values } = parseArgs({
      options: {
        ttl: { type: 'string', multiple: true, default: ['2', '5', '10'] },
        rounds: { type: 'string', default: '5' },
        etcd: { type: 'string', default: 'etcd' },
      },
    })
    const [rounds = NaN, ...ttls] = [values.rounds, ...values.ttl].map(Number)
    if ([rounds, ...ttls].some((number) => !Number.isInteger(number) || number < 1)) {
      throw new Error('--ttl and --rounds: expected whole numbers from 1 up')
    }
    return { rounds, ttls, etcd: values.etcd }
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`)
    return process.exit(2)
  }
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(2)

function cell(timesMs: readonly number[]): string {
  const range = `${seconds(Math.min(...timesMs))} to ${seconds(Math.max(...timesMs))}`
  return `${seconds(median(timesMs))} s (${range})`
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

const { rounds, ttls, etcd: path } = readOptions()
const server = await startEtcd({ path, fsync: false })
try {
  const rows: string[][] = []
  for (const ttl of ttls) {
    const cells: string[] = []
    for (const [what, end] of Object.entries(endings)) {
      console.error(`TTL ${ttl}, ${what} …`)
      const times: number[] = []
      while (times.length < rounds) {
        // Several at once, each in an election of its own: they mostly wait.
        const missing = Array.from({ length: Math.min(rounds - times.length, 5) }, () =>
          gap(ttl, end, server.endpoint),
        )
        times.push(...(await Promise.all(missing)).filter((time) => time !== undefined))
      }
      cells.push(cell(times))
    }
    rows.push([String(ttl), ...cells])
  }
  const version = await versionOf(server.endpoint)
  const date = new Date().toISOString().slice(0, 10)
  console.log(
    `Median of ${rounds} (shortest to longest), ${date}, etcd ${version}, ` +
      `Node.js ${process.versions.node}:\n`,
  )
  const head = ['`--ttl`', ...Object.keys(endings)]
  for (const cells of [head, head.map(() => '---'), ...rows]) console.log(row(cells))
} finally {
  await server.close()
}
