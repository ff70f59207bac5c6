// A session that is orphaned while it opens leaves a lease that runs out, and renews nothing.

import { expect, onTestFinished, test } from 'vitest'
import { Session } from '../../../src/index.js'
import { TestEtcd } from '../../../src/testing/index.js'

async function orphanedWhileOpening(world: TestEtcd, leaseId?: bigint): Promise<void> {
  const { clock } = world
  const session = new Session(world.connect(), { ttl: 5, leaseId })
  const soon = world.delay(50)
  const opening = session.open()
  await clock.advance(60)
  session.orphan()
  await expect(clock.advanceUntilSettled(opening)).rejects.toMatchObject({ code: 'ELECT_CLOSED' })
  soon()
}

test('a lease that it was granted runs out', async () => {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  await orphanedWhileOpening(world)
  expect(world.leases()).toHaveLength(1)
  await world.clock.advance(10_000)
  expect(world.leases()).toHaveLength(0)
})

test('a lease that it was to take over is neither revoked nor renewed for ever', async () => {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  const before = new Session(world.connect(), { ttl: 5 })
  await before.open()
  const { leaseId } = before
  before.orphan()
  await orphanedWhileOpening(world, leaseId)
  expect(world.leases().map(({ id }) => id)).toEqual([leaseId])
  await world.clock.advance(10_000)
  expect(world.leases()).toHaveLength(0)
})
