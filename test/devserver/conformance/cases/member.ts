// The member itself: its identity, status and health, unknown methods, and size limits.

import { expect, test } from 'vitest'
import { fromBinary } from '@bufbuild/protobuf'
import { HealthCheckResponse_ServingStatus as Serving } from '../../../../src/etcd/wire/gen/health_pb.js'
import { KV, RangeResponseSchema } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { failure } from '../raw/client.js'
import { RawEtcd } from '../raw/etcd.js'
import { header, keyspace, positive, since, type Subject } from '../subject.js'

export function memberCases(subject: () => Subject): void {
  test('one member is listed, with the URL of its clients', async () => {
    const { etcd, endpoint } = subject()
    const answer = await etcd.members()
    expect(answer.header).toEqual({ ...header(0n), revision: undefined })
    expect(answer.members).toEqual([
      {
        ID: positive,
        name: expect.stringMatching(/./) as unknown,
        peerURLs: [expect.any(String)],
        clientURLs: [endpoint],
      },
    ])
    expect((await etcd.members(false)).members).toEqual(answer.members)
  })

  test('calls and streams that require a leader are served', async () => {
    const { endpoint } = subject()
    const etcd = new RawEtcd(endpoint, { hasleader: 'true' })
    const key = keyspace()('a')
    const stream = etcd.watch({ key })
    await stream.next()
    await etcd.put({ key, value: '1' })
    expect((await stream.next()).events?.[0]?.kv?.value).toBe('1')
    const keepAlive = etcd.keepAlive()
    keepAlive.send({ ID: 1n })
    expect((await keepAlive.next()).ID).toBe(1n)
    etcd.close()
  })

  test('every response names the same cluster and member as the member list and the status', async () => {
    const { etcd } = subject()
    const raw = await etcd.callBytes('/etcdserverpb.KV/Range', Buffer.from([0x0a, 0x01, 0x61]))
    const rawHeader = fromBinary(KV.method.range.output, raw).header
    const status = await etcd.status()
    const { members } = await etcd.members()
    expect(members?.[0]?.ID).toBe(rawHeader?.memberId)
    expect(status.leader).toBe(rawHeader?.memberId)
    expect(status.raftTerm).toBe(rawHeader?.raftTerm)
    expect(rawHeader?.clusterId).not.toBe(0n)
  })

  test('the status has a version, sizes, the leader and no errors', async () => {
    const { etcd, series } = subject()
    const revision = await etcd.revision()
    const known = { storageVersion: `${series}.0`, dbSizeQuota: 2n ** 31n, downgradeInfo: {} }
    expect(await etcd.status()).toEqual({
      header: header(revision),
      version: expect.stringMatching(/^3\.[4-7]\.\d+$/) as unknown,
      dbSize: positive,
      dbSizeInUse: positive,
      leader: positive,
      raftIndex: positive,
      raftTerm: positive,
      raftAppliedIndex: positive,
      ...since<object>(series, '3.6', known, {}),
    })
  })

  test('the health service says that the member is serving', async () => {
    const { etcd } = subject()
    expect(await etcd.call(etcd.health.check, {})).toEqual({ status: Serving.SERVING })
  })

  test('the health of an unknown service is not found', async () => {
    const { etcd } = subject()
    expect(await failure(etcd.call(etcd.health.check, { service: 'nobody' }))).toBe(
      'NOT_FOUND unknown service',
    )
  })

  test('watching the health sends the status at once', async () => {
    const { etcd } = subject()
    const stream = etcd.serverStream(etcd.health.watch, {})
    expect(await stream.next()).toEqual({ status: Serving.SERVING })
    stream.cancel()
  })

  test('an unknown method or service is refused as unimplemented', async () => {
    const { etcd } = subject()
    const empty = Buffer.alloc(0)
    expect(await failure(etcd.callBytes('/etcdserverpb.KV/Increment', empty))).toBe(
      'UNIMPLEMENTED unknown method Increment for service etcdserverpb.KV',
    )
    expect(await failure(etcd.callBytes('/shop.Cart/Add', empty))).toBe(
      'UNIMPLEMENTED unknown service shop.Cart',
    )
  })

  test('a request that is not a valid message is refused, and the connection goes on', async () => {
    const { etcd } = subject()
    const garbage = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x61])
    expect(await failure(etcd.callBytes('/etcdserverpb.KV/Range', garbage))).toMatch(/^INTERNAL /)
    const raw = await etcd.callBytes('/etcdserverpb.KV/Range', Buffer.from([0x0a, 0x01, 0x61]))
    expect(fromBinary(RangeResponseSchema, raw).header?.revision).toBeGreaterThan(0n)
  })

  test('fields that the server does not know are ignored', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    await etcd.put({ key, value: '1' })
    const request = Buffer.concat([
      Buffer.from([0x0a, key.length]),
      Buffer.from(key, 'latin1'),
      Buffer.from([0xfa, 0x3f, 0x02, 0x68, 0x69]),
    ])
    const raw = await etcd.callBytes('/etcdserverpb.KV/Range', request)
    expect(fromBinary(RangeResponseSchema, raw).count).toBe(1n)
  })

  test('a request over 1.5 MiB is too large; one over 2 MiB is not even read', async () => {
    const { etcd } = subject()
    const key = keyspace()('a')
    const limit = 1.5 * 1024 * 1024
    const sized = (size: number) => 'x'.repeat(size)
    await etcd.put({ key, value: sized(limit - 1024) })
    expect(await failure(etcd.put({ key, value: sized(limit + 1024) }))).toBe(
      'INVALID_ARGUMENT etcdserver: request is too large',
    )
    const over = 2 * 1024 * 1024 - 17
    expect(await failure(etcd.put({ key, value: sized(over) }))).toBe(
      'INVALID_ARGUMENT etcdserver: request is too large',
    )
    expect(await failure(etcd.put({ key, value: sized(over + 1024) }))).toBe(
      `RESOURCE_EXHAUSTED grpc: received message larger than max (${over + 1024 + 17} vs. 2097152)`,
    )
    expect((await etcd.range({ key })).kvs?.[0]?.version).toBe(1n)
    await etcd.deleteRange({ key })
  })

  test('a response may be larger than any request', async () => {
    const { etcd } = subject()
    const k = keyspace()
    const value = 'x'.repeat(1_400_000)
    for (let i = 0; i < 5; i++) await etcd.put({ key: k(`${i}`), value })
    const { kvs } = await etcd.range({ key: k('0'), rangeEnd: k('9') })
    expect(kvs?.map((kv) => kv.value?.length)).toEqual(Array(5).fill(value.length))
    await etcd.deleteRange({ key: k('0'), rangeEnd: k('9') })
  })
}
