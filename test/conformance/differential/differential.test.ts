// The devserver against real etcd, on arbitrary sequences of operations: every answer must be the same.
// DIFF_RUNS sets how many, DIFF_SEED (and DIFF_PATH, from a failure's report) replays.

import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RawEtcd } from '../raw/etcd.js'
import { type RunningServer, type ServerKind, realServers } from '../servers.js'
import { execute } from './execution.js'
import { sequences } from './operations.js'

const runs = Number(process.env['DIFF_RUNS'] ?? 40)
const seed = Number(process.env['DIFF_SEED'] ?? Date.now() % 2 ** 31)
const path = process.env['DIFF_PATH']

const isOld = async (etcd: RawEtcd) => /^3\.[45]\./.test((await etcd.status()).version ?? '')

const pairs = realServers.slice(1).map((right) => ({ left: realServers[0] as ServerKind, right }))

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

  test(`${String(runs)} arbitrary sequences are answered alike (seed ${String(seed)})`, async () => {
    const old = await Promise.all(open.map(({ etcd }) => isOld(etcd)))
    const options = { old: old.includes(true) }
    await fc.assert(
      fc.asyncProperty(sequences, async (operations) => {
        const [one, two] = await Promise.all(
          open.map(({ etcd }) => execute(etcd, operations, options)),
        )
        expect(one).toEqual(two)
      }),
      { numRuns: runs, seed, ...(path === undefined ? {} : { path }) },
    )
  }, 600_000)
})
