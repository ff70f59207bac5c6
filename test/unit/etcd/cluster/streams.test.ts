import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { Members } from '../../../../src/etcd/cluster/members.js'
import { type Credentials, SignIn } from '../../../../src/etcd/cluster/sign-in.js'
import { Streams } from '../../../../src/etcd/cluster/streams.js'
import { parseEndpoint } from '../../../../src/etcd/wire/endpoint.js'
import { Auth } from '../../../../src/etcd/wire/gen/auth_pb.js'
import { Lease, LeaseKeepAliveRequestSchema } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { Status } from '../../../../src/etcd/wire/transport.js'
import { settled, TestClock } from '../../../../src/testing/test-clock.js'
import { FakeCluster } from '../../../support/fake-cluster.js'

const { leaseKeepAlive } = Lease.method
const { authenticate } = Auth.method

function setUp(credentials?: Credentials) {
  const clock = new TestClock()
  const cluster = new FakeCluster(clock)
  const members = new Members([parseEndpoint('a:1')], cluster.connect, clock, () => 0)
  const signIn = new SignIn(credentials)
  const streams = new Streams(signIn, 2_000)
  const heard: string[] = []
  const stream = streams.open(leaseKeepAlive, members.preferred, {
    message: ({ TTL }) => heard.push(`TTL ${String(TTL)}`),
    closed: ({ code, message }) => heard.push(`closed ${String(code)}: ${message}`),
  })
  return {
    ...{ clock, cluster, signIn, heard, stream },
    ask: () => signIn.authenticate(members.preferred, 2_000),
    send: (id: bigint) => {
      stream.send(create(LeaseKeepAliveRequestSchema, { ID: id }))
    },
    sent: () => cluster.stream(leaseKeepAlive).sent.map(({ ID }) => ID),
    opened: () => cluster.streams(leaseKeepAlive).length,
  }
}

describe('without a user', () => {
  test('a stream is open at once, and passes on what comes', () => {
    const { cluster, heard, send, sent } = setUp()
    send(1n)
    expect(cluster.stream(leaseKeepAlive).metadata).toEqual({ hasleader: 'true' })
    expect(sent()).toEqual([1n])
    cluster.stream(leaseKeepAlive).message({ TTL: 5n })
    cluster.stream(leaseKeepAlive).end(Status.unavailable, 'gone')
    expect(heard).toEqual(['TTL 5', 'closed 14: gone'])
  })
})

describe('with a user who is not signed in', () => {
  const user = { user: 'u', password: 'p' }

  test('what is sent before the token is there follows it, in order', async () => {
    const { cluster, send, sent, opened } = setUp(user)
    send(1n)
    send(2n)
    expect(opened()).toBe(0)
    cluster.call(authenticate).answer({ token: 't1' })
    await settled()
    send(3n)
    expect(cluster.stream(leaseKeepAlive).metadata).toMatchObject({ token: 't1' })
    expect(sent()).toEqual([1n, 2n, 3n])
  })

  test('a stream that is cancelled before is never opened, nor reported as closed', async () => {
    const { cluster, stream, heard, opened } = setUp(user)
    stream.cancel()
    cluster.call(authenticate).answer({ token: 't1' })
    await settled()
    expect(opened()).toBe(0)
    expect(heard).toEqual([])
  })

  test('a stream that is cancelled afterwards is closed', async () => {
    const { cluster, stream } = setUp(user)
    cluster.call(authenticate).answer({ token: 't1' })
    await settled()
    stream.cancel()
    expect(cluster.stream(leaseKeepAlive).isOpen).toBe(false)
  })

  test('a sign-in that fails closes the stream, unless it was cancelled', async () => {
    const { clock, heard } = setUp(user)
    const cancelled = setUp(user)
    cancelled.stream.cancel()
    await Promise.all([clock.advance(2_000), cancelled.clock.advance(2_000)])
    expect(heard).toEqual([`closed ${String(Status.deadlineExceeded)}: no answer in time`])
    expect(cancelled.heard).toEqual([])
  })

  test('a stream that ends because of its token has the next one sign in again', async () => {
    const { cluster, signIn, heard } = setUp(user)
    cluster.call(authenticate).answer({ token: 't1' })
    await settled()
    cluster.stream(leaseKeepAlive).end(Status.unauthenticated, 'etcdserver: invalid auth token')
    expect(signIn.metadata).toBe(undefined)
    expect(heard).toEqual(['closed 16: etcdserver: invalid auth token'])
  })

  test('a stream whose token is refused late leaves a newer one alone', async () => {
    const { cluster, signIn, ask } = setUp(user)
    cluster.call(authenticate).answer({ token: 't1' })
    await settled()
    signIn.forget()
    const next = ask()
    cluster.call(authenticate).answer({ token: 't2' })
    await next
    cluster.stream(leaseKeepAlive).end(Status.unauthenticated, 'etcdserver: invalid auth token')
    expect(signIn.metadata).toMatchObject({ token: 't2' })
  })

  test('a stream that ends for another reason keeps the token', async () => {
    const { cluster, signIn } = setUp(user)
    cluster.call(authenticate).answer({ token: 't1' })
    await settled()
    cluster.stream(leaseKeepAlive).end(Status.unavailable)
    expect(signIn.metadata).toMatchObject({ token: 't1' })
  })
})
