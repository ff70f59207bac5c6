// A leader learns from its verifying reads that its key is gone, while its watch is silent.

import { expect, onTestFinished, test } from 'vitest'
import { Candidate, Session } from '../../src/index.js'
import { TestEtcd } from '../../src/testing/index.js'

test('a key that was deleted is believed in for no longer than a TTL, even when no watch tells of it', async () => {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  const { clock } = world
  const a = new Candidate(world.connect(), { election: 'jobs', name: 'a', ttl: 5 })
  const leadership = await a.campaign()
  await clock.advance(10_000)
  expect(leadership.isValid()).toBe(true)
  world.dropAnswers({ method: 'Watch' })
  world.deleteKey(leadership.term)
  await clock.advance(5_000)
  expect(leadership.isValid()).toBe(false)
  expect(await leadership.ended).toBe('expired')
})

test('one key of many that was deleted does not end what the others stand for', async () => {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  const { clock } = world
  const session = new Session(world.connect(), { ttl: 5 })
  const terms = await Promise.all(
    ['a', 'b', 'c'].map((election) => new Candidate(session, { election, name: 'x' }).campaign()),
  )
  await clock.advance(10_000)
  world.dropAnswers({ method: 'Watch' })
  world.deleteKey(terms[0]?.term ?? '')
  await clock.advance(60_000)
  expect(terms.slice(1).map((term) => term.isValid())).toEqual([true, true])
})
