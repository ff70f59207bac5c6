import { describe, expect, test } from 'vitest'
import { ClosedError } from '../../../src/base/errors.js'
import { Candidate } from '../../../src/candidate/candidate.js'
import type { CandidateOptions } from '../../../src/candidate/options.js'
import { Lease as LeaseService } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { Session } from '../../../src/session/session.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd } from '../../support/fake-etcd.js'

const options: CandidateOptions = { election: 'jobs', name: 'web-1', ttl: 5 }
const reason = new Error('no longer interested')

/** A candidate on a cluster whose members answer nothing. */
function setUp() {
  const fake = new FakeEtcd()
  return { fake, candidate: new Candidate(fake.etcd, options) }
}

/** Aborted before it is used. */
const aborted = AbortSignal.abort(reason)

describe('a new candidate', () => {
  test('connects to nothing, and neither leads nor waits', () => {
    const { fake, candidate } = setUp()
    expect(fake.cluster.connected).toEqual([])
    expect(candidate).toMatchObject({ election: 'jobs', name: 'web-1', term: '' })
    expect(candidate.leadership).toBe(undefined)
  })

  test('has a session of its own, or the one that it is given', () => {
    const { fake, candidate } = setUp()
    expect(candidate.session.ttl).toBe(5)
    const session = new Session(fake.etcd, { ttl: 7 })
    expect(new Candidate(session, { election: 'jobs', name: 'web-1' }).session).toBe(session)
  })

  test('knows without asking etcd that it does not lead', async () => {
    const { fake, candidate } = setUp()
    expect(await candidate.isLeader()).toBe(false)
    await candidate.resign()
    await expect(candidate.proclaim('web-2')).rejects.toMatchObject({ code: 'ELECT_NOT_LEADER' })
    expect(candidate.name).toBe('web-1')
    expect(fake.cluster.connected).toEqual([])
  })
})

describe('a campaign', () => {
  test('is one at a time', async () => {
    const { candidate } = setUp()
    const stop = new AbortController()
    const first = candidate.campaign({ signal: stop.signal })
    await expect(candidate.campaign()).rejects.toMatchObject({ code: 'ELECT_CAMPAIGN_PENDING' })
    stop.abort(reason)
    await expect(first).rejects.toBe(reason)
    const stopAgain = new AbortController()
    const second = candidate.campaign({ signal: stopAgain.signal })
    stopAgain.abort(reason)
    await expect(second).rejects.toBe(reason)
  })

  test('that is given up makes no key, also when its lease comes late', async () => {
    const { fake, candidate } = setUp()
    const stop = new AbortController()
    const campaign = candidate.campaign({ signal: stop.signal })
    await settled()
    stop.abort(reason)
    await expect(campaign).rejects.toBe(reason)
    fake.cluster.call(LeaseService.method.leaseGrant).answer({ TTL: 5n })
    await settled()
    expect(fake.txns).toBe(0)
  })

  test('gives the candidate its name at once', async () => {
    const { candidate } = setUp()
    const stop = new AbortController()
    const campaign = candidate.campaign({ name: 'web-2', signal: stop.signal })
    expect(candidate.name).toBe('web-2')
    stop.abort(reason)
    await expect(campaign).rejects.toBe(reason)
  })

  test('with a signal that is aborted already does not begin', async () => {
    const { fake, candidate } = setUp()
    await expect(candidate.campaign({ signal: aborted })).rejects.toBe(reason)
    expect(fake.cluster.connected).toEqual([])
    expect(candidate.name).toBe('web-1')
  })

  test('has no place beside another candidate of its session in this election', async () => {
    const { fake } = setUp()
    const session = new Session(fake.etcd, { ttl: 5 })
    const [one, other] = ['web-1', 'web-2'].map(
      (name) => new Candidate(session, { election: 'jobs', name }),
    )
    const stop = new AbortController()
    const first = one?.campaign({ signal: stop.signal })
    await expect(other?.campaign()).rejects.toMatchObject({ code: 'ELECT_ALREADY_A_CANDIDATE' })
    stop.abort(reason)
    await expect(first).rejects.toBe(reason)
  })

  test('ends when the candidate is closed', async () => {
    const { candidate } = setUp()
    const campaign = candidate.campaign()
    void candidate.close().catch(() => undefined)
    await expect(campaign).rejects.toBeInstanceOf(ClosedError)
  })
})

test.each([
  ['init', (candidate: Candidate) => candidate.init()],
  ['campaign', (candidate: Candidate) => candidate.campaign()],
  ['lead', (candidate: Candidate) => candidate.lead(() => undefined)],
  ['proclaim', (candidate: Candidate) => candidate.proclaim('web-2')],
  ['leader', (candidate: Candidate) => candidate.leader()],
  ['isLeader', (candidate: Candidate) => candidate.isLeader()],
  ['resign', (candidate: Candidate) => candidate.resign()],
])('closed, it refuses %s()', async (_method, call) => {
  const { fake, candidate } = setUp()
  await candidate.close()
  await expect(call(candidate)).rejects.toThrow("this candidate of 'jobs' is closed")
  await expect(call(candidate)).rejects.toBeInstanceOf(ClosedError)
  expect(fake.cluster.connected).toEqual([])
})

test('closing twice is closing once', async () => {
  const { candidate } = setUp()
  expect(candidate.close()).toBe(candidate.close())
  await candidate.close()
})

describe('lead()', () => {
  test('does not begin with a session or a client that is closed', async () => {
    const { fake } = setUp()
    const session = new Session(fake.etcd, { ttl: 5 })
    const candidate = new Candidate(session, { election: 'jobs', name: 'web-1' })
    await session.close()
    await expect(candidate.lead(() => undefined)).rejects.toThrow('its session is closed')
    const { fake: other, candidate: another } = setUp()
    await other.etcd.close()
    await expect(another.lead(() => undefined)).rejects.toThrow('the Etcd client was closed')
  })

  test('is over at once with a signal that is aborted already', async () => {
    const { fake, candidate } = setUp()
    await candidate.lead(() => undefined, { signal: aborted })
    expect(fake.cluster.connected).toEqual([])
  })
})
