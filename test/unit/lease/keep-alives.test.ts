import { describe, expect, test } from 'vitest'
import { Lease } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { type KeepAliveAnswer, KeepAlives, type Patience } from '../../../src/lease/keep-alives.js'
import { FakeEtcd } from '../../support/fake-etcd.js'

const { leaseKeepAlive } = Lease.method

/** Members are asked after 100 ms, 200 ms, and never later than after 300 ms. */
const growing: Patience = { firstMs: 100, maxMs: 300 }

function setUp(endpoints = ['a:1', 'b:1', 'c:1'], patience: Patience = growing) {
  const { api, cluster, clock } = new FakeEtcd({ endpoints, random: () => 0 })
  const answers: KeepAliveAnswer[] = []
  const keepAlives = new KeepAlives(api, 0x1an, patience, (answer) => answers.push(answer))
  const streams = () => cluster.streams(leaseKeepAlive)
  return {
    ...{ api, cluster, clock, answers, keepAlives, streams },
    /** The members that were asked, in order of the streams, and how often. */
    asked: () => streams().map(({ url, sent }) => `${url} ${String(sent.length)}`),
    answer: (index: number, TTL = 5n) => {
      streams()[index]?.message({ TTL, header: { raftTerm: 7n } })
    },
    isOpen: () => streams().map(({ isOpen }) => isOpen),
  }
}

describe('one asking', () => {
  test('goes to the preferred member, and tells when it was sent and answered', async () => {
    const { keepAlives, streams, answers, answer, clock } = setUp()
    await clock.advance(1_000)
    keepAlives.ask()
    expect(streams()[0]?.sent).toMatchObject([{ ID: 0x1an }])
    await clock.advance(60)
    answer(0)
    const sentAt = { monotonicMs: 1_000, wallMs: clock.wallMs() - 60 }
    expect(answers).toEqual([{ sentAt, answeredAtMs: 1_060, raftTerm: 7n, ttlS: 5 }])
  })

  test('is one, however often it is asked for before the answer', () => {
    const { keepAlives, asked } = setUp()
    keepAlives.ask()
    keepAlives.ask()
    expect(asked()).toEqual(['a:1 1'])
  })

  test('uses the stream of the one before', async () => {
    const { keepAlives, asked, answer, clock } = setUp()
    keepAlives.ask()
    answer(0)
    await clock.advance(10_000)
    keepAlives.ask()
    expect(asked()).toEqual(['a:1 2'])
  })

  test('is over with its answer: no other member is asked', async () => {
    const { keepAlives, asked, answer, clock } = setUp()
    keepAlives.ask()
    answer(0)
    await clock.advance(10_000)
    expect(asked()).toEqual(['a:1 1'])
  })

  test('that finds no lease says so', () => {
    const { keepAlives, answers, answer } = setUp()
    keepAlives.ask()
    answer(0, 0n)
    expect(answers).toMatchObject([{ ttlS: 0 }])
  })
})

describe('a member that does not answer', () => {
  test('has the next one asked beside it, with more patience in each round', async () => {
    const { keepAlives, streams, clock } = setUp()
    keepAlives.ask()
    const sentAtMs: number[] = []
    for (let count = 1; count <= 9; count++) {
      sentAtMs.push(clock.monotonicMs())
      await clock.advanceUntil(() => streams().length > count, 1_000)
    }
    expect(sentAtMs).toEqual([0, 100, 200, 300, 500, 700, 900, 1_200, 1_500])
    expect(
      streams()
        .map(({ url }) => url.slice(0, 1))
        .join(''),
    ).toBe('abcabcabca')
  })

  test('has later calls go to another', async () => {
    const { keepAlives, api, clock } = setUp()
    keepAlives.ask()
    await clock.advance(100)
    expect(api.preferredMember.endpoint.url).toBe('b:1')
  })

  test('may still answer, and keeps its stream then; the others lose theirs', async () => {
    const { keepAlives, answers, answer, isOpen, clock, asked } = setUp()
    keepAlives.ask()
    await clock.advance(250)
    answer(0)
    expect(answers).toMatchObject([{ sentAt: { monotonicMs: 0 }, answeredAtMs: 250 }])
    expect(isOpen()).toEqual([true, false, false])
    await clock.advance(10_000)
    keepAlives.ask()
    expect(asked()).toEqual(['a:1 2', 'b:1 1', 'c:1 1'])
  })

  test('loses its stream to the one that answers', async () => {
    const { keepAlives, answers, answer, isOpen, clock, asked } = setUp()
    keepAlives.ask()
    await clock.advance(100)
    answer(1)
    expect(answers).toMatchObject([{ sentAt: { monotonicMs: 100 } }])
    expect(isOpen()).toEqual([false, true])
    keepAlives.ask()
    expect(asked()).toEqual(['a:1 1', 'b:1 2'])
  })

  test('has the patience of the first round again after an answer', async () => {
    const { keepAlives, answer, streams, clock } = setUp()
    keepAlives.ask()
    await clock.advance(450)
    answer(3)
    keepAlives.ask()
    const { length } = streams()
    await clock.advance(99)
    expect(streams()).toHaveLength(length)
    await clock.advance(1)
    expect(streams()).toHaveLength(length + 1)
  })

  test('has two streams at most: the oldest is given up for a fresh one', async () => {
    const { keepAlives, isOpen, streams, clock } = setUp(['a:1'])
    keepAlives.ask()
    await clock.advanceUntil(() => streams().length === 2, 1_000)
    expect(isOpen()).toEqual([true, true])
    await clock.advanceUntil(() => streams().length === 3, 1_000)
    expect(isOpen()).toEqual([false, true, true])
  })

  test('and was silent for a second loses its connection', async () => {
    const { keepAlives, cluster, clock } = setUp(['a:1'], { firstMs: 600, maxMs: 600 })
    keepAlives.ask()
    await clock.advance(1_199)
    expect(cluster.connected).toEqual(['a:1'])
    await clock.advance(1)
    expect(cluster.connected).toEqual(['a:1', 'a:1'])
  })
})

describe('a stream that ends', () => {
  test('has the next member asked soon, also in a later round', async () => {
    const { keepAlives, streams, clock } = setUp()
    keepAlives.ask()
    await clock.advance(700)
    expect(streams()).toHaveLength(6)
    streams()[5]?.end()
    await clock.advance(99)
    expect(streams()).toHaveLength(6)
    await clock.advance(1)
    expect(streams()).toHaveLength(7)
  })

  test('and that is not the one last asked hastens nothing', async () => {
    const { keepAlives, streams, clock } = setUp()
    keepAlives.ask()
    await clock.advance(350)
    streams()[0]?.end()
    await clock.advance(149)
    expect(streams()).toHaveLength(4)
    await clock.advance(1)
    expect(streams()).toHaveLength(5)
  })

  test('while nothing is asked is replaced by the next asking', async () => {
    const { keepAlives, answer, streams, asked, clock } = setUp()
    keepAlives.ask()
    answer(0)
    streams()[0]?.end()
    await clock.advance(10_000)
    expect(asked()).toEqual(['a:1 1'])
    keepAlives.ask()
    expect(asked()).toEqual(['a:1 1', 'a:1 1'])
  })
})

test('answers that were not asked for are passed over', () => {
  const { keepAlives, answers, answer } = setUp()
  keepAlives.ask()
  answer(0)
  answer(0)
  expect(answers).toHaveLength(1)
})

test('closed, nothing is asked, and no stream is left open', async () => {
  const { keepAlives, isOpen, clock, asked } = setUp()
  keepAlives.ask()
  await clock.advance(100)
  keepAlives.close()
  keepAlives.ask()
  await clock.advance(10_000)
  expect(isOpen()).toEqual([false, false])
  expect(asked()).toEqual(['a:1 1', 'b:1 1'])
})
