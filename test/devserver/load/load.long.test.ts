// Loads that are larger than any sensible use of a devserver: it answers everything, serves other
// clients meanwhile, and holds nothing of it afterwards.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  KV,
  Lease,
  RangeRequest_SortOrder as Order,
  RangeRequest_SortTarget as Target,
  Watch,
} from '../../../src/etcd/wire/gen/rpc_pb.js'
import { until } from '../../support/until.js'
import { Bystander } from './bystander.js'
import { Connection } from './connection.js'
import { type Counts, MeasuredServer } from './measured.js'

/** For busy machines. */
const timeoutMs = 60_000

/** How often each load is repeated, with which share of its size. */
const repeats = { times: 10, share: 1 / 20 }

let server: MeasuredServer
let bystander: Bystander
beforeAll(async () => {
  server = await MeasuredServer.start()
  bystander = await Bystander.at(server.endpoint)
})
afterAll(async () => {
  bystander.close()
  await server[Symbol.asyncDispose]()
})

/**
 * Puts the load on the server, calls `measure` under the full load, which returns what the server
 * holds, and removes the load.
 */
type Load = (client: Connection, count: number, measure: () => Promise<Counts>) => Promise<void>

/**
 * Expects that the server holds nothing of a load once its client is gone: neither of the full
 * load, nor of a twentieth of it ten times.
 */
async function expectNothingRemains(count: number, load: Load): Promise<void> {
  let loadedBytes = 0
  const once = async (size: number): Promise<void> => {
    const client = new Connection(server.endpoint)
    const measure = async (): Promise<Counts> => {
      if (size === count) loadedBytes = await server.bytes()
      return await server.counts()
    }
    try {
      await bystander.during(load(client, size, measure))
    } finally {
      client.break()
    }
  }
  const none = await countsAtRest()
  await once(count)
  // Warms up code that is compiled only after many calls.
  for (let i = 0; i < repeats.times; i++) await once(count * repeats.share)
  expect(await countsAtRest()).toEqual(none)
  const bytes = await server.bytes()
  for (let i = 0; i < repeats.times; i++) await once(count * repeats.share)
  expect(await countsAtRest()).toEqual(none)
  // If the server kept all ten loads, it would hold ten times as much.
  expect((await server.bytes()) - bytes).toBeLessThan((loadedBytes - bytes) * repeats.share)
}

/** What the server holds when only the bystander is left, and its history is compacted. */
async function countsAtRest(): Promise<Counts> {
  await until(
    async () => {
      const { streams, connections } = await server.counts()
      return streams === 1 && connections === 1
    },
    { what: 'the other clients to disappear', timeoutMs },
  )
  await bystander.compact()
  return await server.counts()
}

const bytes = (text: string) => Buffer.from(text)

const numbered = (count: number) => Array.from({ length: count }, (_, i) => i)

function* batches<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size)
}

async function putAll(client: Connection, keys: readonly string[], lease?: (i: number) => bigint) {
  const puts = keys.map((name, i) => {
    const key = bytes(name)
    const value = { key, value: key, lease: lease?.(i) ?? 0n }
    return { request: { case: 'requestPut' as const, value } }
  })
  for (const some of batches([...batches(puts, 128)], 8)) {
    await Promise.all(some.map((success) => client.call(KV.method.txn, { success })))
  }
}

test(
  '100,000 keys',
  async () => {
    await expectNothingRemains(100_000, async (client, count, measure) => {
      await putAll(
        client,
        numbered(count).map((i) => `many/${String(i).padStart(6, '0')}`),
      )
      const held = await measure()
      expect(held.keys).toBe(count + 1)
      const all = { key: bytes('many/'), rangeEnd: bytes('many0') }
      const { range, deleteRange } = KV.method
      expect((await client.call(range, { ...all, countOnly: true })).count).toBe(BigInt(count))
      const some = await client.call(range, {
        ...all,
        limit: 3n,
        sortOrder: Order.DESCEND,
        sortTarget: Target.KEY,
      })
      expect(some.kvs.map(({ key }) => Number(Buffer.from(key).toString().slice(5)))).toEqual(
        [1, 2, 3].map((i) => count - i),
      )
      expect((await client.call(range, { ...all, keysOnly: true })).kvs.length).toBe(count)
      expect((await client.call(deleteRange, all)).deleted).toBe(BigInt(count))
    })
  },
  timeoutMs,
)

test(
  '10,000 leases with a key each',
  async () => {
    await expectNothingRemains(10_000, async (client, count, measure) => {
      const { leaseGrant, leaseKeepAlive, leaseLeases, leaseRevoke } = Lease.method
      const ids = numbered(count).map((i) => BigInt(i + 1))
      for (const some of batches(ids, 500)) {
        await Promise.all(some.map((ID) => client.call(leaseGrant, { ID, TTL: 600n })))
      }
      await putAll(
        client,
        ids.map((id) => `leased/${String(id)}`),
        (i) => BigInt(i + 1),
      )
      const held = await measure()
      expect(held).toMatchObject({ leases: count, keys: count + 1 })
      expect((await client.call(leaseLeases, {})).leases.length).toBe(count)
      const alive = client.open(leaseKeepAlive)
      for (const ID of ids) alive.send({ ID })
      for (const ID of ids) expect(await alive.next()).toMatchObject({ ID, TTL: 600n })
      for (const some of batches(ids, 500)) {
        await Promise.all(some.map((ID) => client.call(leaseRevoke, { ID })))
      }
      const left = { key: bytes('leased/'), rangeEnd: bytes('leased0') }
      expect((await client.call(KV.method.range, left)).count).toBe(0n)
    })
  },
  timeoutMs,
)

test(
  '10,000 watches on one stream, each of which gets the events of its key and no others',
  async () => {
    await expectNothingRemains(10_000, async (client, count, measure) => {
      const stream = client.open(Watch.method.watch)
      for (const i of numbered(count)) {
        const value = { key: bytes(`w/${String(i)}`), watchId: BigInt(i + 1) }
        stream.send({ requestUnion: { case: 'createRequest', value } })
      }
      for (const i of numbered(count)) {
        expect(await stream.next()).toMatchObject({ watchId: BigInt(i + 1), created: true })
      }
      const held = await measure()
      expect(held.watches).toBe(count + 1)
      for (const i of [0, count / 2, count - 1]) {
        const key = bytes(`w/${String(i)}`)
        await client.call(KV.method.put, { key })
        const { watchId, events } = await stream.next()
        expect([watchId, events.length]).toEqual([BigInt(i + 1), 1])
        await client.call(KV.method.deleteRange, { key })
        await stream.next()
      }
    })
  },
  timeoutMs,
)

describe('3,000 streams', () => {
  const count = 3_000

  async function open(client: Connection, size: number) {
    const streams = numbered(size).map(() => client.open(Watch.method.watch))
    for (const stream of streams) {
      stream.send({ requestUnion: { case: 'createRequest', value: { key: bytes('watched') } } })
    }
    for (const stream of streams) expect((await stream.next()).created).toBe(true)
    return streams
  }

  test(
    'that all watch one key all get its event, and end with their connection',
    async () => {
      await expectNothingRemains(count, async (client, size, measure) => {
        const streams = await open(client, size)
        const held = await measure()
        expect(held).toMatchObject({ streams: size + 1, watches: size + 1 })
        const key = bytes('watched')
        await client.call(KV.method.put, { key, value: bytes('1') })
        for (const stream of streams) {
          const { events } = await stream.next()
          expect(events.map(({ kv }) => Buffer.from(kv?.value ?? '').toString())).toEqual(['1'])
        }
        await client.call(KV.method.deleteRange, { key })
      })
    },
    timeoutMs,
  )

  // Node.js 20 then ends the connection of that client: see docs/conformance.md.
  test(
    'that are canceled at once end, and no other client is disturbed',
    async () => {
      const none = await countsAtRest()
      const client = new Connection(server.endpoint)
      const streams = await open(client, count)
      await bystander.during(
        (async () => {
          for (const stream of streams) stream.cancel()
          await until(async () => (await server.counts()).streams === 1, {
            what: 'all of them to end',
            timeoutMs,
          })
        })(),
      )
      client.break()
      expect(await countsAtRest()).toEqual(none)
    },
    timeoutMs,
  )
})
