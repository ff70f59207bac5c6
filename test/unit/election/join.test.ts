import { describe, expect, test } from 'vitest'
import { CandidateName } from '../../../src/election/candidate-name.js'
import { joinElection } from '../../../src/election/join.js'
import { subscribeToRoster } from '../../../src/election/roster-feeds.js'
import { KV } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { Status } from '../../../src/etcd/wire/transport.js'
import type { Lease } from '../../../src/lease/lease.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd, kv } from '../../support/fake-etcd.js'
import { fakeLease, type FakeRenewal } from '../../support/fake-renewal.js'

const { txn } = KV.method
const denied = [Status.permissionDenied, 'etcdserver: permission denied'] as const
const noLease = [Status.notFound, 'etcdserver: requested lease not found'] as const

/** A candidate named web-1 that joins 'jobs'; its leases have the ids 1a, 1b, … */
function setUp() {
  const fake = new FakeEtcd({ attemptTimeoutMs: 1_000, callTimeoutMs: 1_500 })
  const { api, clock, cluster } = fake
  const name = new CandidateName(api)
  name.wanted = 'web-1'
  const leases: Lease[] = []
  const renewals: FakeRenewal[] = []
  const mayJoinLate: Lease[] = []
  const abort = new AbortController()
  const subscription = subscribeToRoster(api, 'jobs', {
    changed: () => undefined,
    failed: () => undefined,
  })
  const joiner = {
    ...{ api, election: 'jobs', name },
    takeLease: () => {
      const last = leases.at(-1)
      if (last !== undefined && last.loss === undefined) return Promise.resolve(last)
      const { lease, renewal } = fakeLease(api, 0x1an + BigInt(leases.length))
      leases.push(lease)
      renewals.push(renewal)
      return Promise.resolve(lease)
    },
    subscribe: () => subscription,
    expectLateJoin: (lease: Lease) => {
      mayJoinLate.push(lease)
    },
  }
  const join = async ({ patient = false } = {}) => {
    const joining = joinElection(joiner, { patient, signal: abort.signal })
    joining.catch(() => undefined)
    await settled()
    return { joining }
  }
  const joined = (term = 'jobs/1a', keyName = 'web-1'): void => {
    fake.answerTxn(12n, true, kv('jobs/2', 'other', 5n), kv(term, keyName, 12n))
  }
  return {
    ...{ fake, clock, cluster, joiner, leases, renewals, mayJoinLate, abort, subscription },
    ...{ join, joined },
  }
}

describe('a candidate that joins', () => {
  test('gets its candidacy, and hands the list to the roster', async () => {
    const { join, joined, subscription, mayJoinLate } = setUp()
    const { joining } = await join()
    joined()
    expect(await joining).toEqual({
      is: 'joined',
      candidacy: { election: 'jobs', term: 'jobs/1a', fencingToken: 12n },
    })
    expect(subscription.roster.list().map(({ name }) => name)).toEqual(['other', 'web-1'])
    expect(subscription.roster.revision).toBe(12n)
    expect(mayJoinLate).toEqual([])
  })

  test('confirms the renewal that was unconfirmed when it asked, and no later one', async () => {
    const { join, joined, joiner, renewals, clock } = setUp()
    await joiner.takeLease()
    const now = () => ({ monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() })
    await clock.advance(10)
    renewals[0]?.acknowledge(now())
    const { joining } = await join()
    const asked = renewals[0]?.deadline.unconfirmed
    await clock.advance(10)
    renewals[0]?.acknowledge(now())
    joined()
    await joining
    expect(renewals[0]?.confirmations).toEqual([[asked, 3n]])
  })

  test('gives a key with another name its own', async () => {
    const { join, joined, fake } = setUp()
    const { joining } = await join()
    joined('jobs/1a', 'before')
    await settled()
    expect(fake.txns).toBe(2)
    fake.answerTxn(13n, true)
    expect(await joining).toMatchObject({ is: 'joined' })
  })

  test('may make its key twice when it had to ask twice', async () => {
    const { join, joined, clock, leases, mayJoinLate } = setUp()
    const { joining } = await join()
    await clock.advance(1_200)
    joined()
    expect(await joining).toMatchObject({ is: 'joined' })
    expect(mayJoinLate).toEqual(leases)
  })
})

describe('a candidate that is refused', () => {
  test('has no key, and does not ask again', async () => {
    const { join, cluster, fake } = setUp()
    const { joining } = await join()
    cluster.call(txn).fail(...denied)
    expect(await joining).toMatchObject({
      ...{ is: 'joinFailed', mayHaveJoined: false, error: { code: 'ELECT_AUTH' } },
    })
    expect(fake.txns).toBe(1)
  })

  test('may have a key from an attempt before', async () => {
    const { join, cluster, clock, mayJoinLate } = setUp()
    const { joining } = await join({ patient: true })
    await clock.advance(1_500)
    await clock.advance(50)
    cluster.call(txn).fail(...denied)
    expect(await joining).toMatchObject({ is: 'joinFailed', mayHaveJoined: true })
    expect(mayJoinLate.length).toBeGreaterThan(0)
  })
})

describe('without an answer', () => {
  test('a candidate fails in time, and may have a key', async () => {
    const { join, clock, leases, mayJoinLate } = setUp()
    const { joining } = await join()
    await clock.advance(1_500)
    expect(await joining).toMatchObject({ is: 'joinFailed', mayHaveJoined: true })
    expect(mayJoinLate).toEqual(leases)
  })

  test('a patient candidate asks again after a pause', async () => {
    const { join, joined, clock, fake } = setUp()
    const { joining } = await join({ patient: true })
    await clock.advance(1_500)
    const { txns } = fake
    await clock.advance(49)
    expect(fake.txns).toBe(txns)
    await clock.advance(1)
    expect(fake.txns).toBe(txns + 1)
    joined()
    expect(await joining).toMatchObject({ is: 'joined' })
  })
})

describe('a lease that is gone', () => {
  test('has its loss known, and the candidate join with the next, patient or not', async () => {
    const { join, joined, cluster, clock, leases } = setUp()
    const { joining } = await join()
    cluster.call(txn).fail(...noLease)
    await clock.advance(50)
    expect(leases.map(({ loss }) => loss)).toEqual(['revoked', undefined])
    joined('jobs/1b')
    expect(await joining).toMatchObject({ candidacy: { term: 'jobs/1b' } })
  })

  test('while its answer was under way is noticed', async () => {
    const { join, joined, clock, leases, mayJoinLate } = setUp()
    const { joining } = await join()
    leases[0]?.end('expired')
    joined()
    await clock.advance(50)
    expect(mayJoinLate).toEqual([leases[0]])
    joined('jobs/1b')
    expect(await joining).toMatchObject({ candidacy: { term: 'jobs/1b' } })
  })

  test('and cannot be replaced fails the join, without a key', async () => {
    const { joiner, fake } = setUp()
    const error = new Error('no lease to be had')
    const { signal } = new AbortController()
    const input = await joinElection(
      { ...joiner, takeLease: () => Promise.reject(error) },
      { patient: true, signal },
    )
    expect(input).toEqual({ is: 'joinFailed', mayHaveJoined: false, error })
    expect(fake.txns).toBe(0)
  })
})

describe('a join that is given up', () => {
  test('while it is under way has no outcome, and may still make a key', async () => {
    const { join, abort, leases, mayJoinLate } = setUp()
    const { joining } = await join()
    abort.abort()
    expect(await joining).toBe(undefined)
    expect(mayJoinLate).toEqual(leases)
  })

  test('during a pause is not tried again', async () => {
    const { join, abort, clock, fake } = setUp()
    const { joining } = await join({ patient: true })
    await clock.advance(1_500)
    const { txns } = fake
    abort.abort()
    expect(await joining).toBe(undefined)
    await clock.advance(60_000)
    expect(fake.txns).toBe(txns)
  })

  test('after it succeeded has no outcome: the key may be there', async () => {
    const { join, joined, abort, leases, mayJoinLate } = setUp()
    const { joining } = await join()
    joined('jobs/1a', 'before')
    await settled()
    abort.abort()
    expect(await joining).toBe(undefined)
    expect(mayJoinLate).toEqual(leases)
  })
})
