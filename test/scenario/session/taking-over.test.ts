// What becomes of a session that is meant to adopt a lease.

import { expect, onTestFinished, test } from 'vitest'
import { Candidate, Session } from '../../../src/index.js'
import { TestEtcd } from '../../../src/testing/index.js'

function setUp() {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  return { world, clock: world.clock }
}

test('a campaign whose lease is gone goes on with one of its own', async () => {
  const { world, clock } = setUp()
  const session = new Session(world.connect(), { ttl: 5, leaseId: 12345n })
  const candidate = new Candidate(session, { election: 'jobs', name: 'a' })
  const leadership = await clock.advanceUntilSettled(candidate.campaign())
  expect(leadership.isValid()).toBe(true)
  expect(world.leases().map(({ id }) => id)).toEqual([session.leaseId])
})

test('opening says once that the lease is gone', async () => {
  const { world } = setUp()
  const session = new Session(world.connect(), { ttl: 5, leaseId: 12345n })
  await expect(session.open()).rejects.toMatchObject({ code: 'ELECT_SESSION_LOST' })
  await session.open()
  expect(session.leaseId).not.toBe(12345n)
})

test('an etcd that cannot be reached is no reason to give the lease up', async () => {
  const { world, clock } = setUp()
  const before = new Session(world.connect(), { ttl: 60 })
  await before.open()
  const { leaseId } = before
  before.orphan()
  world.stop()
  const after = new Session(world.connect(), { ttl: 60, leaseId })
  await expect(clock.advanceUntilSettled(after.open())).rejects.toMatchObject({
    code: 'ELECT_UNAVAILABLE',
  })
  world.start()
  await after.open()
  expect(after.leaseId).toBe(leaseId)
})
