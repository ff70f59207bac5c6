import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { encode } from '../../../src/election/keys.js'
import { RosterFeed } from '../../../src/election/roster-feed.js'
import { Event_EventType as Type } from '../../../src/etcd/wire/gen/kv_pb.js'
import { KV, Lease, Watch } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { Status } from '../../../src/etcd/wire/transport.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd, kv, type KeyValueInit } from '../../support/fake-etcd.js'

const { range } = KV.method
const { leaseTimeToLive } = Lease.method
const { watch } = Watch.method

/** An error that may pass, and that is not tried again within the call. */
const noSpace = [Status.resourceExhausted, 'etcdserver: mvcc: database space exceeded'] as const

function setUp(election = 'jobs') {
  const fake = new FakeEtcd()
  const { api, cluster, clock } = fake
  const ends = vi.fn()
  const feed = new RosterFeed(api, election, ends)
  const heard: string[] = []
  const subscribe = (who = '') =>
    feed.subscribe({
      changed: (roster) => {
        const names = roster.list().map(({ name }) => name)
        heard.push(`${who}${String(roster.revision)}: ${names.join(' ')}`)
      },
      failed: (error) => heard.push(`${who}${error.code}`),
    })
  return {
    ...{ fake, api, cluster, clock, feed, ends, heard, subscribe },
    subscription: subscribe(),
    /** The watch with this id shows what happened. */
    happened: (watchId: bigint, type: Type, key: KeyValueInit) => {
      cluster.stream(watch).message({ watchId, events: [{ type, kv: key }] })
    },
  }
}

/** A feed that has read two candidates, a and b, as of revision 5, and watches. */
async function following(election = 'jobs') {
  const setup = setUp(election)
  const ready = setup.subscription.ready()
  setup.fake.answerRead(5n, kv('jobs/1', 'a', 3n), kv('jobs/2', 'b', 4n))
  await ready
  await settled()
  setup.fake.confirmWatch(1n, 5n)
  setup.heard.length = 0
  return setup
}

/** A feed whose watch goes on, on another stream, with a member that knows only revision 2. */
async function behind() {
  const setup = await following()
  setup.cluster.stream(watch).end()
  await setup.clock.advance(50)
  setup.fake.confirmWatch(1n, 2n)
  return setup
}

describe('the first list', () => {
  test('is read once for all who wait, and watched from the revision after it', async () => {
    const { fake, subscription, heard } = setUp()
    const both = Promise.all([subscription.ready(), subscription.ready()])
    fake.answerRead(5n, kv('jobs/1', 'a', 3n))
    await both
    await subscription.ready()
    await settled()
    expect(fake.reads).toBe(1)
    expect(fake.watches).toEqual(['jobs/ from 6'])
    expect(heard).toEqual(['5: a'])
  })

  test('is read for the others when one gives up waiting', async () => {
    const { fake, subscription } = setUp()
    const controller = new AbortController()
    const reason = new Error('no longer interested')
    const [impatient, patient] = [subscription.ready(controller.signal), subscription.ready()]
    controller.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    fake.answerRead(5n)
    await patient
  })

  test('that could not be read is read again for the next who waits', async () => {
    const { fake, cluster, subscription } = setUp()
    const refused = subscription.ready()
    cluster.call(range).fail(...noSpace)
    await expect(refused).rejects.toMatchObject({ code: 'ELECT_REFUSED' })
    const ready = subscription.ready()
    fake.answerRead(5n)
    await ready
  })

  test('may be handed in, which saves the read', async () => {
    const { fake, subscription, heard } = setUp()
    const sortedByCreateRevision = [kv('jobs/1', 'a', 3n)] as never
    const snapshot = { revision: 5n, raftTerm: 1n, sortedByCreateRevision }
    subscription.seed(snapshot, subscription.mark())
    await subscription.ready()
    await settled()
    expect(fake.reads).toBe(0)
    expect(fake.watches).toEqual(['jobs/ from 6'])
    expect(heard).toEqual(['5: a'])
  })
})

describe('what happens', () => {
  test('is told to all who subscribe, unless it was known', async () => {
    const { subscribe, heard, happened } = await following()
    subscribe('other ')
    happened(1n, Type.DELETE, kv('jobs/1', '', 0n, 6n))
    happened(1n, Type.DELETE, kv('jobs/1', '', 0n, 6n))
    expect(heard).toEqual(['6: b', 'other 6: b'])
  })

  test('and does not concern the election moves the revision only', async () => {
    const { cluster, subscription, heard } = await following()
    cluster.stream(watch).message({ watchId: 1n, header: { revision: 20n } })
    expect(subscription.mark().revision).toBe(20n)
    expect(heard).toEqual([])
  })

  test('is known already when a list shows it that is handed in', async () => {
    const { subscription, heard } = await following()
    const seed = (revision: bigint): void => {
      const list = { revision, raftTerm: 1n, sortedByCreateRevision: [] }
      subscription.seed(list, { revision, history: 0 })
    }
    seed(5n)
    expect(heard).toEqual([])
    seed(7n)
    expect(heard).toEqual(['7: '])
  })

  test('is known as of the last message from the member', async () => {
    const { cluster, clock, subscription } = await following()
    await clock.advance(700)
    cluster.stream(watch).message({ watchId: 1n, header: { revision: 20n } })
    expect(subscription.heardAtMs).toBe(700)
    expect(setUp().subscription.heardAtMs).toBe(-Infinity)
  })
})

describe('a member that is behind', () => {
  test('has the list read again; the watch goes on', async () => {
    const { fake, heard, cluster } = await behind()
    fake.answerRead(9n, kv('jobs/2', 'b', 4n))
    await settled()
    expect(heard).toEqual(['9: b'])
    expect(fake.watches).toEqual(['jobs/ from 6'])
    expect(cluster.stream(watch).sent).toHaveLength(1)
  })

  test('only lags if the list knows as much as the roster: nothing is forgotten', async () => {
    const { fake, heard, subscription } = await behind()
    fake.answerRead(5n)
    await settled()
    expect(heard).toEqual([])
    expect(subscription.roster.size).toBe(2)
  })

  test('and a list that knows less mean a rewritten history: roster and watch begin anew', async () => {
    const { fake, heard, happened } = await behind()
    fake.answerRead(2n, kv('jobs/7', 'new', 2n))
    await settled()
    await settled()
    expect(fake.watches).toEqual(['jobs/ from 6', 'jobs/ from 3'])
    happened(1n, Type.PUT, kv('jobs/8', 'of the old watch', 8n))
    expect(heard).toEqual(['2: new'])
  })

  test('makes the history begin anew once, also if two lists show it', async () => {
    const { fake, subscription, heard } = await behind()
    const mark = subscription.mark()
    fake.answerRead(2n, kv('jobs/7', 'new', 2n))
    await settled()
    subscription.seed({ revision: 1n, raftTerm: 1n, sortedByCreateRevision: [] }, mark)
    expect(heard).toEqual(['2: new'])
    expect(subscription.roster.size).toBe(1)
  })

  test('has the list read until it is there', async () => {
    const { fake, cluster, clock, heard } = await behind()
    for (const pauseMs of [50, 100]) {
      const { reads } = fake
      cluster.call(range).fail(...noSpace)
      await clock.advance(pauseMs - 1)
      expect(fake.reads).toBe(reads)
      await clock.advance(1)
      expect(fake.reads).toBe(reads + 1)
    }
    fake.answerRead(9n, kv('jobs/2', 'b', 4n))
    await settled()
    expect(heard).toEqual(['9: b'])
  })

  test('is of no interest once the feed has ended', async () => {
    const { fake, cluster, clock, subscription } = await behind()
    cluster.call(range).fail(...noSpace)
    subscription.release()
    await clock.advance(60_000)
    expect(fake.reads).toBe(2)
  })

  test('is the end if etcd then refuses the list', async () => {
    const { fake, cluster, clock, heard, ends } = await behind()
    cluster.call(range).fail(Status.permissionDenied)
    await settled()
    expect(heard).toEqual(['ELECT_AUTH'])
    expect(ends).toHaveBeenCalledOnce()
    await clock.advance(60_000)
    expect(fake.reads).toBe(2)
  })
})

test('after a compaction the list is read again, and watched from the revision after it', async () => {
  const { fake, cluster, heard } = await following()
  cluster.stream(watch).message({ watchId: 1n, canceled: true, compactRevision: 50n })
  fake.answerRead(60n, kv('jobs/2', 'b', 4n))
  await settled()
  expect(heard).toEqual(['60: b'])
  expect(fake.watches.at(-1)).toBe('jobs/ from 61')
})

describe('the end of a feed', () => {
  test('comes with the last subscription: nothing is watched any more', async () => {
    const { fake, cluster, subscription, subscribe, ends, heard, happened } = await following()
    const other = subscribe('other ')
    subscription.release()
    expect(ends).not.toHaveBeenCalled()
    happened(1n, Type.DELETE, kv('jobs/1', '', 0n, 6n))
    expect(heard).toEqual(['other 6: b'])
    other.release()
    expect(ends).toHaveBeenCalledOnce()
    await settled()
    expect(cluster.stream(watch).isOpen).toBe(false)
    await fake.etcd.close()
    expect(ends).toHaveBeenCalledOnce()
  })

  test('comes when etcd refuses the watch, and is told to all once', async () => {
    const { cluster, subscribe, heard, ends } = await following()
    subscribe('other ')
    const refusal = { canceled: true, cancelReason: 'etcdserver: permission denied' }
    cluster.stream(watch).message({ watchId: 1n, ...refusal })
    expect(heard).toEqual(['ELECT_AUTH', 'other ELECT_AUTH'])
    expect(ends).toHaveBeenCalledOnce()
  })

  test('comes with the end of the client', async () => {
    const { fake, heard } = await following()
    await fake.etcd.close()
    expect(heard).toEqual(['ELECT_CLOSED'])
  })

  test('leaves no list behind that is read late', async () => {
    const { fake, cluster, subscription, heard } = setUp()
    const ready = subscription.ready()
    subscription.release()
    fake.answerRead(5n, kv('jobs/1', 'a', 3n))
    await ready
    await settled()
    expect(heard).toEqual([])
    expect(cluster.streams(watch)).toEqual([])
  })
})

describe('the former leaders', () => {
  const delayMs = (setup: Awaited<ReturnType<typeof following>>, token: bigint): number =>
    setup.subscription.formerLeaders().delayMs(token, 5, 0.05, setup.clock.monotonicMs())

  test('are not asked for unless a subscriber wants to know', async () => {
    const { cluster, happened } = await following()
    happened(1n, Type.DELETE, kv('jobs/1', '', 0n, 6n))
    expect(cluster.calls(leaseTimeToLive)).toEqual([])
  })

  test('count for as long as the TTL that etcd granted them', async () => {
    const setup = await following()
    await setup.clock.advance(200_000)
    setup.subscription.formerLeaders()
    expect(setup.cluster.call(leaseTimeToLive).request.ID).toBe(1n)
    setup.cluster.call(leaseTimeToLive).answer({ TTL: 50n, grantedTTL: 60n })
    await setup.clock.advance(100_000)
    setup.happened(1n, Type.DELETE, kv('jobs/1', '', 0n, 6n))
    expect(delayMs(setup, 4n)).toBe(60_000 * 1.05 + 100)
  })

  test('are asked for once each, and again after a change if etcd did not answer', async () => {
    const { cluster, subscription, happened } = await following()
    subscription.formerLeaders()
    happened(1n, Type.PUT, kv('jobs/3', 'c', 6n))
    expect(cluster.calls(leaseTimeToLive)).toHaveLength(1)
    cluster.call(leaseTimeToLive).fail(Status.permissionDenied)
    await settled()
    happened(1n, Type.PUT, kv('jobs/4', 'd', 7n))
    expect(cluster.calls(leaseTimeToLive)).toHaveLength(2)
    cluster.call(leaseTimeToLive).answer({ TTL: 5n, grantedTTL: 5n })
    await settled()
    happened(1n, Type.PUT, kv('jobs/5', 'e', 8n))
    expect(cluster.calls(leaseTimeToLive)).toHaveLength(2)
  })

  test('that this process vouches for are not waited for, and that is told', async () => {
    const setup = await following()
    setup.subscription.formerLeaders()
    setup.cluster.call(leaseTimeToLive).answer({ TTL: 5n, grantedTTL: 5n })
    await setup.clock.advance(100_000)
    setup.happened(1n, Type.DELETE, kv('jobs/1', '', 0n, 6n))
    expect(delayMs(setup, 4n)).toBeGreaterThan(0)
    setup.subscription.vouchFor({ election: 'jobs', term: 'jobs/1', fencingToken: 3n })
    expect(delayMs(setup, 4n)).toBe(0)
    expect(setup.heard).toEqual(['6: b', '6: b'])
  })

  test('are not known any more after a compaction', async () => {
    const setup = await following()
    setup.subscription.formerLeaders()
    setup.cluster.call(leaseTimeToLive).answer({ TTL: 5n, grantedTTL: 5n })
    await setup.clock.advance(100_000)
    expect(delayMs(setup, 3n)).toBe(0)
    setup.cluster.stream(watch).message({ watchId: 1n, canceled: true, compactRevision: 50n })
    setup.fake.answerRead(60n, kv('jobs/2', 'b', 4n))
    await settled()
    expect(delayMs(setup, 4n)).toBe(5_350)
  })
})

test('a leader from an election within the election is warned of, once', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  onTestFinished(() => {
    warn.mockRestore()
  })
  const { happened } = await following()
  happened(1n, Type.PUT, kv('jobs/nested/3', 'c', 6n))
  expect(warn).not.toHaveBeenCalled()
  happened(1n, Type.DELETE, { key: encode('jobs/1'), modRevision: 7n })
  happened(1n, Type.DELETE, { key: encode('jobs/2'), modRevision: 8n })
  happened(1n, Type.PUT, kv('jobs/4', 'd', 9n))
  expect(warn).toHaveBeenCalledOnce()
  expect(warn).toHaveBeenCalledWith(expect.stringContaining("'jobs/nested/3'"), {
    code: 'ELECT_NESTED_ELECTIONS',
  })
})
