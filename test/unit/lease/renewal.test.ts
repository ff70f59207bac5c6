import { describe, expect, test } from 'vitest'
import { encode } from '../../../src/election/keys.js'
import { KV, Lease } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { Status } from '../../../src/etcd/wire/transport.js'
import { afterGrant, validForMs } from '../../../src/lease/deadline.js'
import { LoopRenewal, renewalIntervalMs } from '../../../src/lease/renewal.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd, kv } from '../../support/fake-etcd.js'

const { leaseKeepAlive } = Lease.method
const { range } = KV.method

function setUp({ ttlS = 6, endpoints = ['a:1'], mayRenew = (): boolean => true } = {}) {
  const fake = new FakeEtcd({ endpoints, random: () => 1 })
  const { api, cluster, clock } = fake
  const heard: string[] = []
  const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() }
  const deadline = afterGrant(now, validForMs(ttlS, 0.05))
  const renewal = new LoopRenewal(
    { api, id: 0x1an, ttlS, deadline },
    {
      acknowledged: () => heard.push('acknowledged'),
      confirmed: () => heard.push('confirmed'),
      leaseMissing: (answeredAtMs) => heard.push(`missing at ${String(answeredAtMs)}`),
    },
    mayRenew,
  )
  return {
    ...{ fake, api, cluster, clock, renewal, heard },
    /** How often keep-alives were sent, on all streams. */
    asked: () => cluster.streams(leaseKeepAlive).reduce((sum, { sent }) => sum + sent.length, 0),
    answer: (raftTerm = 3n, TTL = 6n) => {
      cluster.stream(leaseKeepAlive).message({ TTL, header: { raftTerm } })
    },
    /** The key that was read last, as text. */
    readKey: () => Buffer.from(cluster.call(range).request.key).toString(),
    renewedAtMs: () => renewal.deadline.renewedAt.monotonicMs,
  }
}

/** As `setUp()`, with a keep-alive that was sent at 2000 ms and answered at once. */
async function acknowledged(options?: Parameters<typeof setUp>[0]) {
  const setup = setUp(options)
  setup.renewal.confirmWith([encode('k')])
  await setup.clock.advance(2_000)
  setup.answer()
  return setup
}

describe('renewals', () => {
  test('are sent three times per TTL, from sending to sending', async () => {
    expect(renewalIntervalMs(6)).toBe(2_000)
    const { clock, asked, answer } = setUp()
    await clock.advance(1_999)
    expect(asked()).toBe(0)
    await clock.advance(1)
    expect(asked()).toBe(1)
    await clock.advance(400)
    answer()
    await clock.advance(1_599)
    expect(asked()).toBe(1)
    await clock.advance(1)
    expect(asked()).toBe(2)
  })

  test('are sent now on demand', () => {
    const { renewal, asked } = setUp()
    renewal.renewNow()
    expect(asked()).toBe(1)
  })

  test('are not sent while the process is not fit, which is asked for every 200 ms', async () => {
    let isHealthy = false
    const { clock, asked } = setUp({ mayRenew: () => isHealthy })
    await clock.advance(10_000)
    expect(asked()).toBe(0)
    isHealthy = true
    await clock.advance(200)
    expect(asked()).toBe(1)
  })

  test('end when it is closed', async () => {
    const { clock, renewal, asked } = setUp()
    renewal.close()
    renewal.renewNow()
    await clock.advance(60_000)
    expect(asked()).toBe(0)
  })

  test('that find no lease say so, and when', async () => {
    const { clock, answer, heard } = setUp()
    await clock.advance(2_000)
    await clock.advance(10)
    answer(3n, 0n)
    expect(heard).toEqual(['missing at 2010'])
  })

  test('ask another member after a twelfth of the TTL', async () => {
    const { clock, cluster } = setUp({ endpoints: ['a:1', 'b:1'] })
    await clock.advance(2_499)
    expect(cluster.streams(leaseKeepAlive)).toHaveLength(1)
    await clock.advance(1)
    expect(cluster.streams(leaseKeepAlive)).toHaveLength(2)
  })
})

describe('an acknowledged renewal', () => {
  test('without a key to read is not confirmed', async () => {
    const { clock, answer, heard, renewedAtMs, fake } = setUp()
    await clock.advance(2_000)
    answer()
    await clock.advance(1_000)
    expect(heard).toEqual(['acknowledged'])
    expect(renewedAtMs()).toBe(0)
    expect(fake.reads).toBe(0)
  })

  test('counts from its sending once a read of its key had the same raft term', async () => {
    const { fake, clock, heard, readKey, renewedAtMs, renewal } = await acknowledged()
    expect(readKey()).toBe('k')
    await clock.advance(30)
    expect(renewal.deadline.unconfirmed).toMatchObject({ sentAt: { monotonicMs: 2_000 } })
    expect(renewedAtMs()).toBe(0)
    fake.answerRead(9n, kv('k', '', 5n))
    await settled()
    expect(heard).toEqual(['acknowledged', 'confirmed'])
    expect(renewedAtMs()).toBe(2_000)
    expect(renewal.deadline.unconfirmed).toBe(undefined)
  })

  test('is confirmed by a read that is linearizable, and does not wait in line', async () => {
    const { cluster } = await acknowledged()
    expect(cluster.call(range).request).toMatchObject({ serializable: false, keysOnly: true })
  })

  test('is not confirmed by another raft term, and asks again soon', async () => {
    const { fake, clock, heard, renewedAtMs, asked } = await acknowledged()
    fake.raftTerm = 4n
    fake.answerRead(9n, kv('k', '', 5n))
    await settled()
    expect(heard).toEqual(['acknowledged'])
    expect(renewedAtMs()).toBe(0)
    await clock.advance(49)
    expect(asked()).toBe(1)
    await clock.advance(1)
    expect(asked()).toBe(2)
  })

  test('is not confirmed by a read that was sent before it was acknowledged', async () => {
    const { fake, clock, renewal, answer, renewedAtMs } = await acknowledged()
    await clock.advance(100)
    renewal.renewNow()
    answer()
    expect(fake.reads).toBe(1)
    fake.answerRead(9n, kv('k', '', 5n))
    await settled()
    expect(renewedAtMs()).toBe(2_000)
    expect(renewal.deadline.unconfirmed).toMatchObject({ sentAt: { monotonicMs: 2_100 } })
  })

  test('is not confirmed when the key is gone: another key is read next', async () => {
    const setup = setUp()
    setup.renewal.confirmWith([encode('k'), encode('other')])
    await setup.clock.advance(2_000)
    setup.answer()
    expect(setup.readKey()).toBe('k')
    setup.fake.answerRead(9n)
    await settled()
    expect(setup.heard).toEqual(['acknowledged'])
    await setup.clock.advance(50)
    setup.answer()
    expect(setup.readKey()).toBe('other')
    setup.fake.answerRead(9n, kv('other', '', 5n))
    await settled()
    expect(setup.heard).toEqual(['acknowledged', 'acknowledged', 'confirmed'])
  })

  test('is not confirmed by a read that fails, and asks again soon', async () => {
    const { cluster, clock, heard, asked } = await acknowledged()
    cluster.call(range).fail(Status.permissionDenied)
    await clock.advance(50)
    expect(heard).toEqual(['acknowledged'])
    expect(asked()).toBe(2)
  })

  test('is confirmed by another request of the lease as well', async () => {
    const { renewal, heard, renewedAtMs } = await acknowledged()
    renewal.confirm(renewal.deadline.unconfirmed, 4n)
    expect(heard).toEqual(['acknowledged'])
    renewal.confirm(renewal.deadline.unconfirmed, 3n)
    renewal.confirm(renewal.deadline.unconfirmed, 3n)
    expect(heard).toEqual(['acknowledged', 'confirmed'])
    expect(renewedAtMs()).toBe(2_000)
  })

  test('has another member read the key when one is silent', async () => {
    const { cluster, clock, fake, renewedAtMs } = await acknowledged({ endpoints: ['a:1', 'b:1'] })
    const [first] = cluster.calls(range)
    await clock.advance(499)
    expect(fake.reads).toBe(1)
    await clock.advance(1)
    expect(cluster.calls(range)).toHaveLength(2)
    expect(cluster.call(range).url).not.toBe(first?.url)
    fake.answerRead(9n, kv('k', '', 5n))
    await settled()
    expect(renewedAtMs()).toBe(2_000)
    expect(first?.options.signal?.aborted).toBe(true)
  })

  test('is not confirmed once the renewal is closed', async () => {
    const { fake, renewal, heard } = await acknowledged()
    renewal.close()
    fake.answerRead(9n, kv('k', '', 5n))
    await settled()
    expect(heard).toEqual(['acknowledged'])
  })
})

test('pauses after doubtful renewals grow up to 500 ms, until one is confirmed', async () => {
  const { fake, clock, cluster, asked, answer } = await acknowledged()
  const pauses: number[] = []
  for (let round = 0; round < 6; round++) {
    fake.raftTerm = 4n
    fake.answerRead(9n, kv('k', '', 5n))
    await settled()
    const count = asked()
    pauses.push(await clock.advanceUntil(() => asked() > count, 2_000))
    answer()
  }
  expect(pauses).toEqual([50, 100, 200, 400, 500, 500])
  fake.raftTerm = 3n
  fake.answerRead(9n, kv('k', '', 5n))
  await settled()
  await clock.advance(2_000)
  answer()
  cluster.call(range).fail(Status.permissionDenied)
  await settled()
  const count = asked()
  expect(await clock.advanceUntil(() => asked() > count, 2_000)).toBe(50)
})
