// A lease that has little time left, or none, when the session gets it.

import { expect, onTestFinished, test } from 'vitest'
import { Candidate, Session } from '../../../src/index.js'
import { TestEtcd } from '../../../src/testing/index.js'

/** A leader left its lease behind some time ago; a candidate takes it over. */
async function takenOver({ ttl, afterMs }: { ttl: number; afterMs: number }) {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  const { clock } = world
  const before = new Session(world.connect(), { ttl })
  const { fencingToken } = await new Candidate(before, { election: 'jobs', name: 'a' }).campaign()
  const { leaseId } = before
  before.orphan()
  await clock.advance(afterMs)
  const session = new Session(world.connect(), { ttl, leaseId })
  const candidate = new Candidate(session, { election: 'jobs', name: 'a' })
  return { world, clock, session, candidate, leaseId, fencingToken }
}

test.each([
  { ttl: 10, afterMs: 8_000 },
  { ttl: 60, afterMs: 57_000 },
  { ttl: 60, afterMs: 58_900 },
  { ttl: 600, afterMs: 575_000 },
])('a lease of $ttl s keeps its place $afterMs ms later', async ({ ttl, afterMs }) => {
  const { clock, session, candidate, leaseId, fencingToken } = await takenOver({ ttl, afterMs })
  const leadership = await clock.advanceUntilSettled(candidate.campaign())
  expect(leadership.fencingToken).toBe(fencingToken)
  await clock.advance(ttl * 2_000)
  expect(leadership.isValid()).toBe(true)
  expect(session.leaseId).toBe(leaseId)
})

test('a lease that is taken over counts from its first confirmed renewal on', async () => {
  const { world, clock, candidate } = await takenOver({ ttl: 60, afterMs: 1_000 })
  const called = world.dropRequests({ method: 'LeaseKeepAlive' })
  const campaign = candidate.campaign()
  await clock.advance(30_000)
  expect(candidate.term).not.toBe('')
  expect(candidate.leadership).toBe(undefined)
  called()
  expect((await clock.advanceUntilSettled(campaign)).isValid()).toBe(true)
})

test('a lease that is over before it is granted is told of', async () => {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  const session = new Session(world.connect(), { ttl: 2 })
  const told: unknown[] = []
  session.on('opened', ({ leaseId }) => told.push(['opened', leaseId]))
  session.on('lost', ({ leaseId, loss }) => told.push([loss, leaseId]))
  const soon = world.delay(950)
  const opening = session.open()
  await expect(world.clock.advanceUntilSettled(opening)).rejects.toMatchObject({
    code: 'ELECT_SESSION_LOST',
  })
  soon()
  const [, lost] = told as [string, bigint][]
  expect(told).toEqual([
    ['opened', lost?.[1]],
    ['expired', lost?.[1]],
  ])
  await world.clock.advanceUntilSettled(session.open())
  expect(world.leases().map(({ id }) => id)).toEqual([session.leaseId])
})
