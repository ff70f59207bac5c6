// `npm run bench:failover`: how long it takes until there is a leader again, what a blocked event
// loop costs, and what its companions cost; beside the same library without companions, and beside
// npm etcd3. See ../README.md.

import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startEtcd, versionOf } from '../etcd.js'
import { quantile } from '../stats.js'
import { handedOver, kept } from './blocks.js'
import { cost } from './cost.js'
import { kills } from './kills.js'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '100' },
    'slow-kills': { type: 'string', default: '10' },
    blocks: { type: 'string', default: '100' },
    'slow-blocks': { type: 'string', default: '20' },
    width: { type: 'string', default: '10' },
    busy: { type: 'boolean', default: false },
    elections: { type: 'string', default: '1000' },
    idle: { type: 'string', default: '60' },
    etcd: { type: 'string', default: 'etcd' },
    fsync: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})

const numbers = {
  kills: number('kills'),
  slowKills: number('slow-kills'),
  blocks: number('blocks'),
  slowBlocks: number('slow-blocks'),
  width: number('width'),
  elections: number('elections'),
  idle: number('idle'),
}

function number(
  option: 'kills' | 'slow-kills' | 'blocks' | 'slow-blocks' | 'width' | 'elections' | 'idle',
): number {
  const value = Number(values[option])
  if (Number.isInteger(value) && value >= 0) return value
  console.error(`--${option}: expected a whole number, got '${values[option]}'`)
  return process.exit(2)
}

function spread(samplesMs: readonly number[]): object {
  const sorted = samplesMs.toSorted((a, b) => a - b)
  const round = (ms: number): number => Number(ms.toFixed(1))
  return {
    count: sorted.length,
    medianMs: round(quantile(sorted, 0.5)),
    p99Ms: round(quantile(sorted, 0.99)),
    mostMs: round(quantile(sorted, 1)),
    samplesMs: samplesMs.map(round),
  }
}

const server = await startEtcd({ path: values.etcd, fsync: values.fsync })
const { endpoint } = server
const rows: object[] = []
const row = (what: string, who: string, result: object): void => {
  rows.push({ what, who, ...result })
  console.log(`${what} | ${who} | ${JSON.stringify(result)}`)
}

const ours = { library: 'ours', endpoint } as const
const etcd3 = { library: 'etcd3', endpoint } as const
const renewed = { ttl: 2, renewal: 'worker' } as const
const maxStallMs = 1_000
const blocking = { how: values.busy ? 'block' : 'sleep', width: numbers.width } as const

try {
  const version = await versionOf(endpoint)
  console.log(
    `etcd ${version} (${server.settings.join(', ')}), Node.js ${process.versions.node}, ` +
      `${availableParallelism()} CPUs`,
  )
  for (const [who, task, count] of [
    ['ours, guardian', { ...ours, session: { ttl: 10, guardian: true } }, numbers.kills],
    ['ours, no guardian', { ...ours, session: { ttl: 10 } }, numbers.slowKills],
    ['npm etcd3', { ...etcd3, session: { ttl: 10 } }, numbers.slowKills],
  ] as const) {
    if (count === 0) continue
    const samples = await kills({ ...task, count })
    row('SIGKILL to the next election, TTL 10', who, spread(samples))
  }
  for (const [who, task, count] of [
    ['ours, worker', { ...ours, session: renewed }, numbers.blocks],
    ['ours, main', { ...ours, session: { ttl: 2 } }, numbers.slowBlocks],
    ['npm etcd3', { ...etcd3, session: { ttl: 2 } }, numbers.slowBlocks],
  ] as const) {
    if (count === 0) continue
    const keptCount = await kept({ ...task, ...blocking, blockMs: 10_000, count })
    row('leadership kept over a block of 5 × TTL, TTL 2', who, { kept: keptCount, of: count })
  }
  if (numbers.blocks > 0) {
    const task = { ...ours, ...blocking, session: { ...renewed, maxStallMs }, blockMs: 8_000 }
    const outcomes = await handedOver({ ...task, count: numbers.blocks })
    row('blocked beyond maxStallMs (1 s), TTL 2: to the next election', 'ours, worker', {
      ...spread(outcomes.map(({ tookMs }) => tookMs)),
      withinStallAndTtlAnd1S: outcomes.filter(({ tookMs }) => tookMs <= maxStallMs + 3_000).length,
      believedAtFirstLook: outcomes.filter(({ believed }) => believed).length,
    })
  }
  if (numbers.elections > 0) {
    const session = { ttl: 10, guardian: true, renewal: 'worker' } as const
    const task = { endpoint, elections: numbers.elections, idleMs: numbers.idle * 1_000, session }
    const what = `idle, ${numbers.elections} elections on one session, TTL 10`
    row(what, 'ours', await cost(task))
  }
} finally {
  await server.close()
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows, null, 2))
