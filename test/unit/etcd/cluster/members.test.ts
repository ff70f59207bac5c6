import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { type Member, Members } from '../../../../src/etcd/cluster/members.js'
import { parseEndpoint } from '../../../../src/etcd/wire/endpoint.js'
import { KV, RangeRequestSchema, Watch } from '../../../../src/etcd/wire/gen/rpc_pb.js'
import { type RpcError, Status } from '../../../../src/etcd/wire/transport.js'
import { settled, TestClock } from '../../../../src/testing/test-clock.js'
import { FakeCluster } from '../../../support/fake-cluster.js'

const { range } = KV.method
const { watch } = Watch.method

function setUp({ urls = ['a:1', 'b:1', 'c:1'], random = 0 } = {}) {
  const clock = new TestClock()
  const cluster = new FakeCluster(clock)
  const endpoints = urls.map((url) => parseEndpoint(url))
  const members = new Members(endpoints, cluster.connect, clock, () => random)
  return { clock, cluster, members }
}

/** The gRPC status with which one call to this member ended; undefined while it has not. */
function ask(member: Member, timeoutMs = 10_000): { code: number | undefined } {
  const outcome: { code: number | undefined } = { code: undefined }
  member.unary(range, create(RangeRequestSchema), { metadata: {}, timeoutMs }).then(
    () => (outcome.code = Status.ok),
    (error: unknown) => (outcome.code = (error as RpcError).code),
  )
  return outcome
}

/** A stream to this member, and how it ended. */
function listen(member: Member) {
  const ends: number[] = []
  const stream = member.duplex(
    watch,
    {},
    { message: () => undefined, closed: ({ code }) => ends.push(code) },
  )
  return { stream, ends }
}

const urlOf = ({ endpoint }: Member): string => endpoint.url

describe('the preferred member', () => {
  test.each([
    [0, 'a:1'],
    [0.34, 'b:1'],
    [0.99, 'c:1'],
    [1, 'a:1'],
  ])('is chosen by chance: with %d it is %s', (random, url) => {
    expect(urlOf(setUp({ random }).members.preferred)).toBe(url)
  })

  test('is the next one after a caller moved on, and the first after the last', () => {
    const { members } = setUp()
    const preferred = [0, 1, 2, 3].map(() => {
      const { preferred: member } = members
      members.moveOnFrom(member)
      return urlOf(member)
    })
    expect(preferred).toEqual(['a:1', 'b:1', 'c:1', 'a:1'])
  })

  test('stays when several callers move on from the same one', () => {
    const { members } = setUp()
    const first = members.preferred
    members.moveOnFrom(first)
    members.moveOnFrom(first)
    expect(urlOf(members.preferred)).toBe('b:1')
  })

  test('has the others after it, in a circle', () => {
    const { members } = setUp()
    const second = members.after(members.preferred)
    const third = members.after(second)
    expect([second, third, members.after(third)].map(urlOf)).toEqual(['b:1', 'c:1', 'a:1'])
    expect(members.size).toBe(3)
  })

  test('is the only one of a cluster of one, also after moving on', () => {
    const { members } = setUp({ urls: ['a:1'] })
    members.moveOnFrom(members.preferred)
    expect(members.after(members.preferred)).toBe(members.preferred)
  })
})

describe('a connection', () => {
  test('is made with the first use, and shared by calls and streams', () => {
    const { cluster, members } = setUp()
    expect(cluster.connected).toEqual([])
    ask(members.preferred)
    ask(members.preferred)
    listen(members.preferred)
    expect(cluster.connected).toEqual(['a:1'])
  })

  test('over which nothing came since a call timed out is given up, with all that is on it', async () => {
    const { clock, cluster, members } = setUp()
    const { ends } = listen(members.preferred)
    await clock.advance(1)
    const other = ask(members.preferred)
    const late = ask(members.preferred, 1_000)
    await clock.advance(1_000)
    expect(late.code).toBe(Status.deadlineExceeded)
    expect(other.code).toBe(Status.cancelled)
    expect(ends).toEqual([Status.cancelled])
    ask(members.preferred)
    expect(cluster.connected).toEqual(['a:1', 'a:1'])
  })

  test('over which a stream’s message came since then is kept', async () => {
    const { clock, cluster, members } = setUp()
    const { ends } = listen(members.preferred)
    await clock.advance(1)
    ask(members.preferred, 1_000)
    await clock.advance(500)
    cluster.stream(watch).message({})
    await clock.advance(500)
    expect(ends).toEqual([])
    ask(members.preferred)
    expect(cluster.connected).toEqual(['a:1'])
  })

  test('over which an answer came since then is kept', async () => {
    const { clock, cluster, members } = setUp()
    await clock.advance(1)
    ask(members.preferred, 1_000)
    ask(members.preferred)
    await clock.advance(500)
    cluster.call(range).answer({})
    await clock.advance(500)
    ask(members.preferred)
    expect(cluster.connected).toEqual(['a:1'])
  })

  test('is kept after a call that got less than a second', async () => {
    const { clock, cluster, members } = setUp()
    const { ends } = listen(members.preferred)
    await clock.advance(1)
    expect(ask(members.preferred, 999).code).toBe(undefined)
    await clock.advance(999)
    expect(ends).toEqual([])
    ask(members.preferred)
    expect(cluster.connected).toEqual(['a:1'])
  })

  test('is kept after a call that failed for another reason', async () => {
    const { clock, cluster, members } = setUp()
    const { ends } = listen(members.preferred)
    await clock.advance(1)
    const refused = ask(members.preferred)
    await clock.advance(2_000)
    cluster.call(range).fail(Status.unavailable)
    await settled()
    expect(refused.code).toBe(Status.unavailable)
    expect(ends).toEqual([])
  })

  test('is silent from when it is made, not from when the client was', async () => {
    const { clock, cluster, members } = setUp()
    await clock.advance(5_000)
    listen(members.preferred)
    members.preferred.giveUpIfSilentSince(4_000)
    expect(cluster.stream(watch).isOpen).toBe(true)
    await clock.advance(1_000)
    members.preferred.giveUpIfSilentSince(5_000)
    expect(cluster.stream(watch).isOpen).toBe(false)
  })
})

test('once closed, calls and streams fail at once and connect to nothing', async () => {
  const { cluster, members } = setUp()
  const before = ask(members.preferred)
  members.close()
  const after = ask(members.preferred)
  const { stream, ends } = listen(members.preferred)
  stream.send({} as never)
  expect(ends).toEqual([])
  await settled()
  expect([before.code, after.code]).toEqual([Status.cancelled, Status.cancelled])
  expect(ends).toEqual([Status.cancelled])
  expect(cluster.connected).toEqual(['a:1'])
})
