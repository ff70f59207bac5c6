import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { leaveElection, type Leaver } from '../../../src/election/leave.js'
import { Roster } from '../../../src/election/roster.js'
import { KeyValueSchema } from '../../../src/etcd/wire/gen/kv_pb.js'
import { KV } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { Status } from '../../../src/etcd/wire/transport.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd, kv } from '../../support/fake-etcd.js'
import { fakeLease } from '../../support/fake-renewal.js'

const { range, txn } = KV.method
const candidacy = { election: 'jobs', term: 'jobs/1a', fencingToken: 12n }
/** An error that may pass, and that is not tried again within the call. */
const noSpace = [Status.resourceExhausted, 'etcdserver: mvcc: database space exceeded'] as const
const denied = [Status.permissionDenied, 'etcdserver: permission denied'] as const

function rosterOf(...kvs: [term: string, token: bigint][]): Roster {
  const roster = new Roster()
  roster.snapshot(
    20n,
    kvs.map(([term, token]) => create(KeyValueSchema, kv(term, '', token))),
  )
  return roster
}

function setUp(given: Partial<Leaver> = {}) {
  const fake = new FakeEtcd()
  const { api, cluster, clock } = fake
  const { lease } = fakeLease(api, 0x1an)
  const failures: string[] = []
  const leaver = { election: 'jobs', lease, candidacy, markNextIn: undefined, ...given }
  const leaving = leaveElection(api, leaver, (error) => {
    failures.push((error as { code: string }).code)
  })
  return {
    ...{ fake, cluster, clock, lease, failures, leaving },
    /** The keys that the last transaction removes and writes. */
    asked: () =>
      cluster.call(txn).request.success.map(({ request }) => {
        const { case: what, value } = request
        if (what !== 'requestDeleteRange' && what !== 'requestPut') return what
        return `${what === 'requestPut' ? 'put' : 'delete'} ${Buffer.from(value.key).toString()}`
      }),
  }
}

describe('a candidate that leaves', () => {
  test('removes its key', async () => {
    const { fake, asked, leaving } = setUp()
    await settled()
    expect(asked()).toEqual(['delete jobs/1a'])
    fake.answerTxn(21n, true)
    expect(await leaving).toEqual({ removed: candidacy })
    expect(fake.reads).toBe(0)
  })

  test('and does not know its key asks for it first', async () => {
    const { fake, asked, cluster, leaving } = setUp({ candidacy: undefined })
    expect(Buffer.from(cluster.call(range).request.key).toString()).toBe('jobs/1a')
    fake.answerRead(20n, kv('jobs/1a', '', 14n))
    await settled()
    expect(asked()).toEqual(['delete jobs/1a'])
    fake.answerTxn(21n, true)
    expect(await leaving).toEqual({ removed: { ...candidacy, fencingToken: 14n } })
  })

  test('and has no key removes none', async () => {
    const { fake, leaving } = setUp({ candidacy: undefined })
    fake.answerRead(20n)
    expect(await leaving).toEqual({ removed: undefined })
    expect(fake.txns).toBe(0)
  })
})

describe('an attempt that fails', () => {
  test('is told, and followed by another after a growing pause', async () => {
    const { fake, cluster, clock, failures, leaving } = setUp()
    await settled()
    for (const [count, pauseMs] of [50, 100, 200, 400, 800, 1_000, 1_000].entries()) {
      cluster.call(txn).fail(...noSpace)
      await clock.advance(pauseMs - 1)
      expect(fake.txns).toBe(count + 1)
      await clock.advance(1)
      expect(fake.txns).toBe(count + 2)
    }
    expect(failures).toEqual(Array(7).fill('ELECT_REFUSED'))
    fake.answerTxn(21n, true)
    expect(await leaving).toEqual({ removed: candidacy })
  })

  test('because etcd denies it ends the lease: the key would block the election', async () => {
    const { fake, cluster, lease, failures, leaving } = setUp()
    await settled()
    cluster.call(txn).fail(...denied)
    expect(await leaving).toBe(undefined)
    expect(lease.loss).toBe('expired')
    expect(failures).toEqual(['ELECT_AUTH'])
    expect(fake.txns).toBe(1)
  })
})

describe('a lease that ends', () => {
  test('before takes the key with it: nothing is asked', async () => {
    const { api } = new FakeEtcd()
    const { lease } = fakeLease(api, 0x1an)
    lease.end('revoked')
    const { fake, leaving } = setUp({ lease })
    expect(await leaving).toBe(undefined)
    expect(fake.txns).toBe(0)
  })

  test.each([
    [
      'answer',
      ({ fake }: ReturnType<typeof setUp>) => {
        fake.answerTxn(21n, true)
      },
    ],
    [
      'failure',
      ({ cluster }: ReturnType<typeof setUp>) => {
        cluster.call(txn).fail(...denied)
      },
    ],
  ])('before the %s makes that of no interest', async (_what, settle) => {
    const setup = setUp()
    await settled()
    setup.lease.end('revoked')
    settle(setup)
    expect(await setup.leaving).toBe(undefined)
    expect(setup.failures).toEqual([])
    expect(setup.lease.loss).toBe('revoked')
  })

  test('during a pause ends the attempts', async () => {
    const { fake, cluster, clock, lease, leaving } = setUp()
    await settled()
    cluster.call(txn).fail(...noSpace)
    await settled()
    lease.end('revoked')
    await clock.advance(60_000)
    expect(await leaving).toBe(undefined)
    expect(fake.txns).toBe(1)
  })
})

describe('a leave that is to be marked', () => {
  test('as the leader’s writes the key of the next candidate', async () => {
    const { fake, asked, leaving } = setUp({
      markNextIn: rosterOf(['jobs/1a', 12n], ['jobs/2b', 13n], ['jobs/3c', 14n]),
    })
    await settled()
    expect(asked()).toEqual(['delete jobs/1a', 'put jobs/2b'])
    fake.answerTxn(21n, true)
    expect(await leaving).toEqual({ removed: candidacy })
    expect(fake.txns).toBe(1)
  })

  test.each([
    ['one who does not lead', rosterOf(['jobs/2b', 11n], ['jobs/1a', 12n])],
    ['a leader without a next candidate', rosterOf(['jobs/1a', 12n])],
  ])('is not, for %s', async (_what, markNextIn) => {
    const { fake, asked, leaving } = setUp({ markNextIn })
    await settled()
    expect(asked()).toEqual(['delete jobs/1a'])
    fake.answerTxn(21n, true)
    await leaving
  })

  test.each([
    [
      'the next candidate is gone',
      ({ fake }: ReturnType<typeof setUp>) => {
        fake.answerTxn(21n, false)
      },
    ],
    [
      'etcd has no space',
      ({ cluster }: ReturnType<typeof setUp>) => {
        cluster.call(txn).fail(...noSpace)
      },
    ],
  ])('is not when %s', async (_what, settle) => {
    const setup = setUp({ markNextIn: rosterOf(['jobs/1a', 12n], ['jobs/2b', 13n]) })
    await settled()
    settle(setup)
    await settled()
    expect(setup.asked()).toEqual(['delete jobs/1a'])
    setup.fake.answerTxn(22n, true)
    expect(await setup.leaving).toEqual({ removed: candidacy })
    expect(setup.failures).toEqual([])
  })
})
