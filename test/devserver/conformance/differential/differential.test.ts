// Compares the devserver with real etcd on arbitrary sequences of operations: every response must
// be the same. The sequences are the same each time, unless DIFF_SEED is set. DIFF_RUNS sets their
// number; DIFF_PATH, from a failure's report, replays one.

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawEtcd } from '../raw/etcd.js'
import { type RunningServer, type ServerKind, servers } from '../servers.js'
import { execute } from './execution.js'
import { sequences } from './operations.js'

const runs = Number(process.env['DIFF_RUNS'] ?? 25)
const seed = Number(process.env['DIFF_SEED'] ?? 20_261_125)
/** On a slow machine, the test stops here: it runs fewer sequences, and shrinks a failure less. */
const maxMs = process.env['DIFF_RUNS'] === undefined ? 40_000 : 3_600_000
const path = process.env['DIFF_PATH']

const seriesOf = async (etcd: RawEtcd) => (await etcd.status()).version?.slice(0, 3)

const pairs = servers.slice(1).map((right) => ({ left: servers[0] as ServerKind, right }))

describe.each(pairs)('$left.name against $right.name', ({ left, right }) => {
  const open: { server: RunningServer; etcd: RawEtcd }[] = []

  beforeAll(async () => {
    for (const kind of [left, right]) {
      const server = await kind.start()
      open.push({ server, etcd: new RawEtcd(server.endpoint) })
    }
  }, 60_000)

  afterAll(async () => {
    for (const { server, etcd } of open) {
      etcd.close()
      await server.close()
    }
  })

  test(
    `${String(runs)} arbitrary sequences are answered alike (seed ${String(seed)})`,
    async () => {
      const series = await Promise.all(open.map(({ etcd }) => seriesOf(etcd)))
      const options = {
        old: series.some((one) => one === '3.4' || one === '3.5'),
        mixed: series[0] !== series[1],
      }
      await fc.assert(
        fc.asyncProperty(sequences, async (operations) => {
          const [one, two] = await Promise.all(
            open.map(({ etcd }) => execute(etcd, operations, options)),
          )
          expect(one).toEqual(two)
        }),
        {
          numRuns: runs,
          seed,
          interruptAfterTimeLimit: maxMs,
          ...(path === undefined ? {} : { path }),
        },
      )
    },
    2 * maxMs,
  )
})
