// A candidate that lost its lease gives a campaign up while etcd is away.

import { expect, onTestFinished, test } from 'vitest'
import { Candidate, Session } from '../../src/index.js'
import { TestEtcd } from '../../src/testing/index.js'

/**
 * A candidate that led, lost its lease while etcd was away, and gave up the campaign that followed.
 */
async function givenUp() {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  const { clock } = world
  const session = new Session(world.connect(), { ttl: 5 })
  const candidate = new Candidate(session, { election: 'jobs', name: 'a' })
  const { ended } = await candidate.campaign()
  world.stop()
  expect(await clock.advanceUntilSettled(ended)).toBe('expired')
  const patience = new AbortController()
  const campaign = candidate.campaign({ signal: patience.signal })
  await clock.advance(1_000)
  patience.abort(new Error('enough'))
  await expect(campaign).rejects.toThrow('enough')
  return { world, clock, candidate }
}

test('the next campaign is not kept waiting for a key that went with the lease', async () => {
  const { world, clock, candidate } = await givenUp()
  world.start()
  const leadership = await clock.advanceUntilSettled(candidate.campaign())
  expect(leadership.isValid()).toBe(true)
})

test('resigning and closing settle', async () => {
  const { clock, candidate } = await givenUp()
  await clock.advanceUntilSettled(candidate.resign())
  await clock.advanceUntilSettled(candidate.close())
})
