import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { inProcessTransport } from '../../../src/devserver/in-process.js'
import { DevMember } from '../../../src/devserver/member.js'
import { routerOf } from '../../../src/devserver/router.js'
import { keyBytes, keyText } from '../../../src/devserver/store/interval.js'
import { parseEndpoint } from '../../../src/etcd/wire/endpoint.js'
import { Election, CampaignRequestSchema } from '../../../src/etcd/wire/gen/election_pb.js'
import {
  KV,
  PutRequestSchema,
  RangeRequestSchema,
  Watch,
  type WatchResponse,
  WatchRequestSchema,
} from '../../../src/etcd/wire/gen/rpc_pb.js'
import { type RpcError, Status, type Transport } from '../../../src/etcd/wire/transport.js'
import { seededRandom } from '../../../src/testing/seeded-random.js'
import { settled, TestClock } from '../../../src/testing/test-clock.js'

const options = { metadata: {}, timeoutMs: 5000 }

function setUp() {
  const clock = new TestClock()
  const settings = {
    name: 'devserver',
    clock,
    random: seededRandom(1),
    firstRevision: 1n,
    progressNotifyIntervalMs: 1000,
  }
  const member = new DevMember(settings)
  const router = routerOf(member)
  const connect = () => inProcessTransport(() => router, clock)(parseEndpoint('http://test:2379'))
  return { clock, member, connect, transport: connect() }
}

function put(transport: Transport, key: string, value: string) {
  const request = create(PutRequestSchema, { key: keyBytes(key), value: keyBytes(value) })
  return transport.unary(KV.method.put, request, options)
}

async function get(transport: Transport, key: string) {
  const request = create(RangeRequestSchema, { key: keyBytes(key) })
  return (await transport.unary(KV.method.range, request, options)).kvs[0]
}

function watch(transport: Transport, key: string) {
  const messages: WatchResponse[] = []
  const ends: RpcError[] = []
  const stream = transport.duplex(
    Watch.method.watch,
    {},
    { message: (message) => messages.push(message), closed: (error) => ends.push(error) },
  )
  const value = { key: keyBytes(key) }
  stream.send(create(WatchRequestSchema, { requestUnion: { case: 'createRequest', value } }))
  return { messages, ends, stream }
}

describe('the in-process transport', () => {
  test('returns copies: when a client modifies one, others do not see it', async () => {
    const { transport } = setUp()
    await put(transport, 'a', '1')
    const copy = await get(transport, 'a')
    copy?.value.fill(0)
    expect(keyText((await get(transport, 'a'))?.value ?? keyBytes(''))).toBe('1')
  })

  test('makes no callback before it has returned', async () => {
    const { transport } = setUp()
    const { messages } = watch(transport, 'a')
    expect(messages).toEqual([])
    await settled()
    expect(messages.map(({ created }) => created)).toEqual([true])
  })

  test('keeps the order of requests and messages', async () => {
    const { transport } = setUp()
    const { messages } = watch(transport, 'a')
    await settled()
    const values = Array.from({ length: 50 }, (_, i) => String(i))
    await Promise.all(values.map((value) => put(transport, 'a', value)))
    await settled()
    const events = messages.flatMap(({ events }) => events)
    expect(events.map(({ kv }) => keyText(kv?.value ?? keyBytes('')))).toEqual(values)
  })

  test('a canceled stream gets no more messages, and the member drops its watches', async () => {
    const { member, transport } = setUp()
    const { messages, ends, stream } = watch(transport, 'a')
    await settled()
    expect(member.watches.size).toBe(1)
    stream.cancel()
    await put(transport, 'a', '1')
    await settled()
    expect(messages).toHaveLength(1)
    expect(ends).toEqual([])
    expect(member.watches.size).toBe(0)
  })

  test('closing ends all its calls and streams, and none of other transports', async () => {
    const { member, transport, connect } = setUp()
    const other = watch(connect(), 'a')
    const { ends } = watch(transport, 'a')
    await settled()
    await campaign(transport)
    const waiting = expect(campaign(transport)).rejects.toMatchObject({ code: Status.cancelled })
    await settled()
    transport.close()
    await waiting
    expect(ends.map(({ code }) => code)).toEqual([Status.cancelled])
    expect(member.watches.size).toBe(1)
    expect(other.ends).toEqual([])
  })

  test('an unanswered call fails after its timeout, by the given clock', async () => {
    const { clock, transport } = setUp()
    await campaign(transport)
    const second = campaign(transport)
    const outcome = expect(second).rejects.toMatchObject({ code: Status.deadlineExceeded })
    await clock.advance(5000)
    await outcome
    const prefix = create(RangeRequestSchema, { key: keyBytes('e/'), rangeEnd: keyBytes('e0') })
    await settled()
    expect((await transport.unary(KV.method.range, prefix, options)).count).toBe(1n)
  })

  test('a signal cancels a call, even if it was aborted before', async () => {
    const { transport } = setUp()
    const request = create(RangeRequestSchema, { key: keyBytes('a') })
    const signal = AbortSignal.abort()
    await expect(
      transport.unary(KV.method.range, request, { ...options, signal }),
    ).rejects.toMatchObject({ code: Status.cancelled })
  })

  test('a refusal arrives with its status and text', async () => {
    const { transport } = setUp()
    await expect(put(transport, '', '1')).rejects.toMatchObject({
      code: Status.invalidArgument,
      message: 'etcdserver: key is not provided',
    })
  })
})

function campaign(transport: Transport) {
  const request = create(CampaignRequestSchema, { name: keyBytes('e'), value: keyBytes('me') })
  return transport.unary(Election.method.campaign, request, options)
}
