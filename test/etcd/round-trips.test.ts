// Counts the requests and streams of each operation, between this library and a real etcd.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { credentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GrpcTransport } from '../../src/etcd/wire/grpc.js'
import type { Transport, TransportFactory } from '../../src/etcd/wire/transport.js'
import { type EtcdProcess, startEtcd } from '../support/etcd.js'
import { scope, seen } from '../support/scope.js'
import { until } from '../support/until.js'

let server: EtcdProcess
beforeAll(async () => {
  server = await startEtcd()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/** For clients whose requests are counted: a host that stalls must not make them send one again. */
const patient = { attemptTimeoutMs: 20_000, callTimeoutMs: 25_000 }

/** A transport that records its calls and streams. */
function counting(): { transport: TransportFactory; taken: () => string[] } {
  const calls: string[] = []
  const transport: TransportFactory = (endpoint) => {
    const real = new GrpcTransport(endpoint, credentials.createInsecure())
    const counted: Transport = {
      unary(method, request, options) {
        calls.push(method.name)
        return real.unary(method, request, options)
      },
      duplex(method, metadata, sink) {
        calls.push(`stream ${method.name}`)
        return real.duplex(method, metadata, sink)
      },
      close() {
        real.close()
      },
    }
    return counted
  }
  return { transport, taken: () => calls.splice(0) }
}

test('opening a session is one request, and an uncontended campaign on it is one more', async () => {
  const { transport, taken } = counting()
  const { client, candidate } = scope(server.endpoint)
  const a = candidate('a', { on: client({ transport, ...patient }), ttl: 60 })
  expect(taken()).toEqual([])
  await a.init()
  expect(taken()).toEqual(['LeaseGrant'])
  const leadership = await a.campaign()
  expect(taken()).toEqual(['Txn'])
  // The watch opens in the next turn.
  await nextTurn()
  expect(taken()).toEqual(['stream Watch'])
  leadership.isValid()
  leadership.remainingMs()
  expect(taken()).toEqual([])
  await a.isLeader()
  expect(taken()).toEqual(['Range'])
  await a.proclaim('a2')
  expect(taken()).toEqual(['Txn'])
  await a.resign()
  expect(taken()).toEqual(['Txn'])
  await a.close()
  expect(taken()).toEqual(['LeaseRevoke'])
})

test('taking over from a leader that resigned needs no request at all', async () => {
  const { transport, taken } = counting()
  const { client, candidate } = scope(server.endpoint)
  const a = candidate('a', { ttl: 60 })
  await a.campaign()
  const b = candidate('b', { on: client({ transport, ...patient }), ttl: 60 })
  const next = b.campaign()
  await until(() => b.term !== '', { what: 'b to be in the queue' })
  taken()
  await a.resign()
  await next
  expect(taken()).toEqual([])
})

test('any number of candidates and observers of a client share one watch stream', async () => {
  const { transport, taken } = counting()
  const { client, candidate, observer, session, election } = scope(server.endpoint)
  const on = client({ transport, ...patient })
  const shared = session({ ttl: 60 }, on)
  for (let index = 0; index < 50; index++) {
    await candidate('a', { on: shared, election: `${election}-${String(index)}` }).campaign()
  }
  const own = candidate('b', { on, ttl: 60 })
  await own.campaign()
  const watching = observer(on)
  await watching.start()
  await seen(watching, 'b')
  const calls = taken()
  expect(calls.filter((call) => call === 'stream Watch')).toHaveLength(1)
  expect(calls.filter((call) => call === 'LeaseGrant')).toHaveLength(2)
  expect(calls.filter((call) => call === 'Txn')).toHaveLength(51)
  // The observer shares the candidate's list.
  expect(calls.filter((call) => call === 'Range')).toEqual([])
})

test('a session renews on one stream, confirmed by one read, however many it leads', async () => {
  const { transport, taken } = counting()
  const { client, candidate, session, election } = scope(server.endpoint)
  const shared = session({ ttl: 10 }, client({ transport, ...patient }))
  const leaderships = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      candidate('a', { on: shared, election: `${election}-${String(index)}` }).campaign(),
    ),
  )
  await nextTurn()
  taken()
  const calls: string[] = []
  await until(
    () => {
      calls.push(...taken())
      return calls.filter((call) => call === 'Range').length >= 2
    },
    { what: 'two confirmed renewals' },
  )
  expect(new Set(calls)).toEqual(new Set(['stream LeaseKeepAlive', 'Range']))
  // One stream, and another after each late answer; never one per election.
  const streams = calls.filter((call) => call === 'stream LeaseKeepAlive').length
  expect(streams).toBeGreaterThanOrEqual(1)
  expect(streams).toBeLessThan(5)
  expect(leaderships.every((leadership) => leadership.isValid())).toBe(true)
})
