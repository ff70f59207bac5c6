// A client that stops reading its watches: it costs the server one message per stream, whatever
// happens meanwhile, gets everything when it reads again, and loses its watches if that was
// compacted meanwhile.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { KV, Watch, type WatchResponse } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { until } from '../../support/until.js'
import { Bystander } from './bystander.js'
import { Connection } from './connection.js'
import { MeasuredServer } from './measured.js'

const mebibyte = 2 ** 20

const key = Buffer.from('watched')
const value = Buffer.alloc(100_000, 'x')
const puts = 200

let server: MeasuredServer
let bystander: Bystander
let writer: Connection
let slowClient: Connection
beforeEach(async () => {
  server = await MeasuredServer.start()
  bystander = await Bystander.at(server.endpoint)
  writer = new Connection(server.endpoint)
})
afterEach(async () => {
  slowClient.break()
  await until(async () => (await server.counts()).streams === 1, { what: 'its streams to end' })
  expect(await server.counts()).toMatchObject({ watches: 1, connections: 2 })
  await bystander.expectServed()
  writer.break()
  bystander.close()
  await server[Symbol.asyncDispose]()
})

async function open(watches: number) {
  const stream = slowClient.open(Watch.method.watch)
  for (let i = 0; i < watches; i++) {
    stream.send({ requestUnion: { case: 'createRequest', value: { key } } })
    expect((await stream.next()).created).toBe(true)
  }
  return stream
}

/**
 * Puts the value {@link puts} times, and compacts after every `compactEvery` puts, also at the end.
 */
async function write(compactEvery = Infinity): Promise<void> {
  for (let i = 1; i <= puts; i++) {
    const { header } = await writer.call(KV.method.put, { key, value })
    const revision = header?.revision ?? 0n
    if (i % compactEvery === 0) await writer.call(KV.method.compact, { revision })
  }
}

/**
 * Revisions have gaps, because other clients put other keys; the versions of the key must have
 * none.
 */
const versionsOf = ({ events }: WatchResponse) => events.map(({ kv }) => kv?.version ?? 0n)

function expectNoGap(versions: readonly bigint[], first: number): void {
  expect(versions).toEqual(versions.map((_, i) => BigInt(first + i)))
}

test.each([
  { what: 'a stream with one watch', streams: 1, watches: 1 },
  { what: 'a stream with 100 watches', streams: 1, watches: 100 },
  { what: '20 streams', streams: 20, watches: 1 },
  { what: 'its connection', streams: 1, watches: 1, canStall: true, windowBytes: 2 ** 31 - 1 },
])('costs no more than one message per stream when it does not read $what', async (given) => {
  const { streams, watches, ...line } = given
  // Warms up caches.
  await bystander.during(write(10))
  const before = await server.bytes()
  slowClient = new Connection(server.endpoint, line)
  const opened = await Promise.all(Array.from({ length: streams }, () => open(watches)))
  if (line.canStall === true) slowClient.stall()
  await bystander.during(write(10))
  const after = await server.bytes()
  // Twice, to allow for memory that the watches do not use: the value itself, and code compiled
  // meanwhile.
  const maxBytes = streams * value.length + mebibyte
  expect(after - before).toBeLessThan(2 * maxBytes)
  expect((await server.counts()).watches).toBe(1)

  slowClient.resume()
  for (const stream of opened) {
    const versionsById = new Map<bigint, bigint[]>()
    for (let left = watches; left > 0;) {
      const message = await stream.next()
      const { watchId } = message
      versionsById.set(watchId, [...(versionsById.get(watchId) ?? []), ...versionsOf(message)])
      if (!message.canceled) continue
      expect(message.compactRevision).toBeGreaterThan(0n)
      left -= 1
    }
    expect(versionsById.size).toBe(watches)
    for (const versions of versionsById.values()) {
      expectNoGap(versions, puts + 1)
      expect(versions.length).toBeLessThan(puts)
    }
  }
})

test('gets everything in order when it reads again before a compaction, some MiB at a time', async () => {
  slowClient = new Connection(server.endpoint)
  const stream = await open(1)
  await bystander.during(write())
  const versions: bigint[] = []
  let largest = 0
  while (versions.length < puts) {
    const next = versionsOf(await stream.next())
    versions.push(...next)
    largest = Math.max(largest, next.length)
  }
  expectNoGap(versions, 1)
  expect(largest).toBeGreaterThan(1)
  expect(largest * value.length).toBeLessThan(16 * mebibyte + value.length)
})
