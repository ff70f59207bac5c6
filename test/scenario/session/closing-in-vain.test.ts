// What close() reports when it cannot know that the lease is gone.

import { expect, onTestFinished, test } from 'vitest'
import { Candidate, Session } from '../../../src/index.js'
import { TestEtcd } from '../../../src/testing/index.js'

const denied = { status: 'PERMISSION_DENIED', message: 'etcdserver: permission denied' } as const

function setUp() {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  return { world, clock: world.clock, client: world.connect() }
}

test('closing says that etcd denies the right to revoke, and goes on trying', async () => {
  const { world, clock, client } = setUp()
  const candidate = new Candidate(client, { election: 'jobs', name: 'a', ttl: 60 })
  await candidate.campaign()
  world.fail(denied, { method: 'LeaseRevoke' })
  await expect(candidate.close()).rejects.toMatchObject({ code: 'ELECT_AUTH' })
  expect(world.leases()).toHaveLength(1)
  world.clearFaults()
  await clock.advance(5_000)
  expect(world.leases()).toHaveLength(0)
})

test('closing says that the client was closed meanwhile', async () => {
  const { world, clock, client } = setUp()
  const session = new Session(client, { ttl: 60 })
  await session.open()
  world.delay(50)
  const closing = session.close()
  await world.settled()
  await client.close()
  await expect(clock.advanceUntilSettled(closing)).rejects.toMatchObject({ code: 'ELECT_CLOSED' })
  expect(world.leases()).toHaveLength(1)
})

test('a lease that is gone already is no failure', async () => {
  const { world, client } = setUp()
  const session = new Session(client, { ttl: 60 })
  await session.open()
  world.revokeLease(session.leaseId ?? 0n)
  await session.close()
})

test('a lost lease that may not be revoked does not stand in the way of the next one', async () => {
  const { world, clock, client } = setUp()
  const session = new Session(client, { ttl: 5 })
  await session.open()
  const before = session.leaseId
  world.fail(denied, { method: 'LeaseRevoke' })
  const lost = new Promise((resolve) => session.on('lost', resolve))
  world.stop()
  expect(await clock.advanceUntilSettled(lost)).toMatchObject({ loss: 'expired' })
  world.start()
  await clock.advanceUntilSettled(session.open())
  expect(session.leaseId).not.toBe(before)
})
