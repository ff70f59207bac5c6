// `npm run bench:failover`: how long it takes until somebody leads again, what a blocked event loop costs, and what it
// takes to be spared that; beside the same library without either, and beside npm etcd3. See ../README.md.
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startEtcd, versionOf } from '../etcd.mjs'
import { quantile } from '../stats.mjs'
import { handedOver, kept } from './blocks.mjs'
import { cost } from './cost.mjs'
import { kills } from './kills.mjs'

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
const number = (option) => {
  const value = Number(values[option])
  if (Number.isInteger(value) && value >= 0) return value
  console.error(`--${option}: expected a whole number, got '${values[option]}'`)
  return process.exit(2)
}

const server = await startEtcd({ path: values.etcd, fsync: values.fsync })
const { endpoint } = server
const rows = []
const row = (what, who, result) => {
  rows.push({ what, who, ...result })
  console.log(`${what} | ${who} | ${JSON.stringify(result)}`)
}

function spread(samplesMs) {
  const sorted = samplesMs.toSorted((a, b) => a - b)
  const round = (ms) => Number(ms.toFixed(1))
  return {
    count: sorted.length,
    medianMs: round(quantile(sorted, 0.5)),
    p99Ms: round(quantile(sorted, 0.99)),
    mostMs: round(sorted.at(-1)),
    samplesMs: samplesMs.map(round),
  }
}

const contenders = [
  { who: 'ours, guardian', library: 'ours', session: { ttl: 10, guardian: true }, fast: true },
  { who: 'ours, no guardian', library: 'ours', session: { ttl: 10 } },
  { who: 'npm etcd3', library: 'etcd3', session: { ttl: 10 } },
]
const how = values.busy ? 'block' : 'sleep'
const width = number('width')

try {
  console.log(
    `etcd ${await versionOf(endpoint)} (${server.settings.join(', ')}), Node.js ${process.versions.node}, ${availableParallelism()} CPUs`,
  )
  for (const { who, fast = false, library, session } of contenders) {
    const count = number(fast ? 'kills' : 'slow-kills')
    if (count === 0) continue
    const samples = await kills({ endpoint, library, session, count })
    row('SIGKILL to the next election, TTL 10', who, spread(samples))
  }
  const patient = { ttl: 2, renewal: 'worker' }
  for (const [who, library, session, option] of [
    ['ours, worker', 'ours', patient, 'blocks'],
    ['ours, main', 'ours', { ttl: 2 }, 'slow-blocks'],
    ['npm etcd3', 'etcd3', { ttl: 2 }, 'slow-blocks'],
  ]) {
    const count = number(option)
    if (count === 0) continue
    const keptCount = await kept({ endpoint, library, session, blockMs: 10_000, how, count, width })
    row('leadership kept over a block of 5 × TTL, TTL 2', who, { kept: keptCount, of: count })
  }
  if (number('blocks') > 0) {
    const maxStallMs = 1_000
    const session = { ...patient, maxStallMs }
    const task = { endpoint, library: 'ours', session, blockMs: 8_000, how, width }
    const outcomes = await handedOver({ ...task, count: number('blocks') })
    row('blocked beyond maxStallMs (1 s), TTL 2: to the next election', 'ours, worker', {
      ...spread(outcomes.map(({ tookMs }) => tookMs)),
      withinStallAndTtlAnd1S: outcomes.filter(({ tookMs }) => tookMs <= maxStallMs + 3_000).length,
      believedAtFirstLook: outcomes.filter(({ believed }) => believed).length,
    })
  }
  if (number('elections') > 0) {
    const session = { ttl: 10, guardian: true, renewal: 'worker' }
    const task = { endpoint, elections: number('elections'), idleMs: number('idle') * 1_000 }
    row(
      `idle, ${values.elections} elections on one session, TTL 10`,
      'ours',
      await cost({ ...task, session }),
    )
  }
} finally {
  await server.close()
}
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows, null, 2))
