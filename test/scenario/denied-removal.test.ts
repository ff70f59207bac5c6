// A key that its candidate may not remove any more, because the right to write was withdrawn.

import { expect, onTestFinished, test } from 'vitest'
import { Candidate } from '../../src/index.js'
import { TestEtcd } from '../../src/testing/index.js'

const denied = { status: 'PERMISSION_DENIED', message: 'etcdserver: permission denied' } as const

async function setUp() {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  const client = world.connect()
  const a = new Candidate(client, { election: 'jobs', name: 'a', ttl: 5 })
  const b = new Candidate(world.connect(), { election: 'jobs', name: 'b', ttl: 5 })
  await a.campaign()
  const waiting = b.campaign()
  await world.settled()
  const granted = world.fail(denied, { method: 'Txn', client })
  const revoking = world.fail(denied, { method: 'LeaseRevoke', client })
  return {
    ...{ world, clock: world.clock, a, b, waiting },
    grantAgain: () => {
      granted()
      revoking()
    },
  }
}

test('keeps nobody from leading for longer than a TTL', async () => {
  const { clock, a, waiting } = await setUp()
  await expect(a.resign()).rejects.toMatchObject({ code: 'ELECT_AUTH' })
  expect((await clock.advanceUntilSettled(waiting, 6_000)).name).toBe('b')
})

test('does not keep its candidate from campaigning when it has the right again', async () => {
  const { world, clock, a, b, grantAgain } = await setUp()
  await expect(a.resign()).rejects.toMatchObject({ code: 'ELECT_AUTH' })
  await clock.advance(10_000)
  grantAgain()
  const campaign = a.campaign()
  await clock.advance(1_000)
  expect(world.candidates('jobs').map(({ name }) => name)).toEqual(['b', 'a'])
  await b.resign()
  expect((await clock.advanceUntilSettled(campaign)).isValid()).toBe(true)
})

test('is not waited for by closing, which says that it is still there', async () => {
  const { world, clock, a } = await setUp()
  await expect(clock.advanceUntilSettled(a.close())).rejects.toMatchObject({ code: 'ELECT_AUTH' })
  await clock.advance(6_000)
  expect(world.candidates('jobs').map(({ name }) => name)).toEqual(['b'])
})
