// A candidate that is closed while it prepares for its first campaign.

import { expect, onTestFinished, test, vi } from 'vitest'
import { Candidate, Session } from '../../src/index.js'
import { TestEtcd } from '../../src/testing/index.js'

test('does not begin to look at the election', async () => {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  const client = world.connect()
  const watch = vi.spyOn(client.api, 'watch')
  const session = new Session(client, { ttl: 5 })
  const candidate = new Candidate(session, { election: 'jobs', name: 'a', lockDelay: true })
  world.delay(50)
  const preparing = candidate.init()
  await world.clock.advance(10)
  const closing = candidate.close()
  await world.clock.advanceUntilSettled(Promise.allSettled([preparing, closing]))
  await world.clock.advance(1_000)
  expect(session.leaseId).not.toBe(undefined)
  expect(watch).not.toHaveBeenCalled()
})
