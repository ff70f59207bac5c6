import { describe, expect, test } from 'vitest'
import { LockDelay } from '../../../src/election/lock-delay.js'
import { ViewSource } from '../../../src/election/view-source.js'
import { Event_EventType as Type } from '../../../src/etcd/wire/gen/kv_pb.js'
import { Lease as LeaseService, Watch } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd, kv, type KeyValueInit } from '../../support/fake-etcd.js'
import { fakeLease } from '../../support/fake-renewal.js'

const look = (): void => undefined
const candidacy = { election: 'jobs', term: 'jobs/1a', fencingToken: 4n }

function setUp({ withDelay = false } = {}) {
  const fake = new FakeEtcd()
  const { api, clock } = fake
  const { lease, renewal } = fakeLease(api, 0x1an)
  const heard: string[] = []
  const source = new ViewSource(
    api,
    'jobs',
    {
      changed: ({ revision }) => heard.push(`changed ${String(revision)}`),
      failed: ({ code }) => heard.push(code),
    },
    withDelay ? new LockDelay(clock, 0.05) : undefined,
  )
  return {
    ...{ fake, clock, lease, renewal, source, heard },
    /** Subscribes, and sees these keys as of revision 5. */
    sees: async (...kvs: KeyValueInit[]) => {
      const ready = source.subscribe().ready()
      fake.answerRead(5n, ...kvs)
      await ready
      await settled()
    },
  }
}

describe('nothing can be seen', () => {
  test('without a roster', () => {
    const { source, lease } = setUp()
    expect(source.roster).toBe(undefined)
    expect(source.view(lease, look)).toBe(undefined)
  })

  test('without a lease, or with one that is lost', async () => {
    const { source, lease, sees } = setUp()
    await sees()
    expect(source.view(undefined, look)).toBe(undefined)
    expect(source.view(lease, look)).not.toBe(undefined)
    lease.end('closed')
    expect(source.view(lease, look)).toBe(undefined)
  })
})

describe('a view', () => {
  test('shows the key on the lease, and the token of the first', async () => {
    const { source, lease, sees } = setUp()
    await sees(kv('jobs/2b', 'other', 3n), kv('jobs/1a', 'own', 4n))
    expect(source.view(lease, look)).toEqual({
      ...{ own: candidacy, first: 3n, leaseValid: true, delayed: false },
    })
  })

  test('of an election without candidates shows none', async () => {
    const { source, lease, sees } = setUp()
    await sees()
    expect(source.view(lease, look)).toMatchObject({ own: undefined, first: undefined })
  })

  test('says when the lease is not valid', async () => {
    const { source, lease, renewal, sees } = setUp()
    await sees(kv('jobs/1a', 'own', 4n))
    renewal.isLeaseMissing = true
    expect(source.view(lease, look)).toMatchObject({ leaseValid: false })
  })

  test('leaves out a key that etcd confirmed to be removed, and no later one', async () => {
    const { source, lease, fake, sees } = setUp()
    await sees(kv('jobs/1a', 'own', 4n))
    source.removed(candidacy)
    expect(source.view(lease, look)?.own).toBe(undefined)
    const events = [{ kv: kv('jobs/1a', 'own', 9n) }]
    fake.cluster.stream(Watch.method.watch).message({ watchId: 1n, events })
    expect(source.view(lease, look)?.own).toEqual({ ...candidacy, fencingToken: 9n })
  })
})

describe('the roster', () => {
  test('is subscribed to once, and its changes are told', async () => {
    const { source, heard, sees } = setUp()
    await sees(kv('jobs/1a', 'own', 4n))
    expect(source.subscribe()).toBe(source.subscribe())
    expect(heard).toEqual(['changed 5'])
  })

  test('is given up on demand', async () => {
    const { source, fake, sees } = setUp()
    await sees()
    source.unsubscribe()
    await settled()
    expect(source.roster).toBe(undefined)
    expect(fake.cluster.stream(Watch.method.watch).isOpen).toBe(false)
  })

  test('is gone before it is told that etcd refuses it, so that it can be subscribed to anew', async () => {
    const { source, fake, heard, sees } = setUp()
    await sees()
    const refusal = { created: true, canceled: true, cancelReason: 'permission denied' }
    fake.cluster.stream(Watch.method.watch).message({ watchId: -1n, ...refusal })
    expect(heard).toEqual(['changed 5', 'ELECT_AUTH'])
    expect(source.roster).toBe(undefined)
    expect(source.subscribe().roster.size).toBe(0)
  })
})

describe('with a lock delay', () => {
  test('the former leaders are tracked from the first subscription on', async () => {
    const { source, fake, sees } = setUp({ withDelay: true })
    expect(source.waitsForFormerLeaders).toBe(true)
    await sees(kv('jobs/2b', 'other', 3n))
    const { request } = fake.cluster.call(LeaseService.method.leaseTimeToLive)
    expect(request.ID).toBe(0x2bn)
  })

  test('the first is delayed, and looks again when the delay is over', async () => {
    const { source, clock, lease, sees } = setUp({ withDelay: true })
    await sees(kv('jobs/1a', 'own', 4n))
    const looks: number[] = []
    const lookAgain = (): void => {
      looks.push(clock.monotonicMs())
    }
    expect(source.view(lease, lookAgain)).toMatchObject({ own: candidacy, delayed: true })
    // So long may a former leader outlive its last renewal by a lease of 5 s.
    await clock.advance(5_350)
    expect(looks).toEqual([5_350])
  })

  test('a look that is due can be called off', async () => {
    const { source, clock, lease, sees } = setUp({ withDelay: true })
    await sees(kv('jobs/1a', 'own', 4n))
    let looks = 0
    source.view(lease, () => (looks += 1))
    source.cancelDelay()
    await clock.advance(60_000)
    expect(looks).toBe(0)
  })

  test('no other need wait for a candidacy that is over', async () => {
    const { source, fake, clock, sees } = setUp({ withDelay: true })
    await sees(kv('jobs/1a', 'own', 4n), kv('jobs/2b', 'other', 5n))
    await clock.advance(1_900)
    const stream = fake.cluster.stream(Watch.method.watch)
    stream.message({ watchId: 1n, events: [{ type: Type.DELETE, kv: kv('jobs/1a', '', 0n, 6n) }] })
    const delayMs = (): number =>
      source.subscribe().formerLeaders().delayMs(5n, 5, 0.05, clock.monotonicMs())
    expect(delayMs()).toBe(5_350)
    source.over(candidacy)
    // What is left is the wait for leaders from before the watch.
    expect(delayMs()).toBe(3_450)
  })
})

test('without a lock delay no candidate waits', () => {
  expect(setUp().source.waitsForFormerLeaders).toBe(false)
})
