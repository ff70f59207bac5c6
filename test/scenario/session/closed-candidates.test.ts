// A session outlives its candidates, and holds on to none that was closed.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test } from 'vitest'
import { Candidate, Session } from '../../../src/index.js'
import { TestEtcd } from '../../../src/testing/index.js'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function setUp() {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  return { world, clock: world.clock, session: new Session(world.connect(), { ttl: 5 }) }
}

/** Counts what is left in memory of `count` candidates that were used and closed. */
async function left(
  count: number,
  use: (number: number) => Promise<Candidate>,
  between: () => Promise<unknown>,
): Promise<number> {
  const refs: WeakRef<Candidate>[] = []
  for (let number = 0; number < count; number++) refs.push(new WeakRef(await use(number)))
  for (let round = 0; round < 3; round++) {
    await between()
    await new Promise((resolve) => setTimeout(resolve, 5))
    collectGarbage()
  }
  return refs.filter((ref) => ref.deref() !== undefined).length
}

test.each([false, true])('nothing is left of those that led (lockDelay: %s)', async (lockDelay) => {
  const { world, clock, session } = setUp()
  const use = async (number: number): Promise<Candidate> => {
    const election = `jobs/${String(number)}`
    const candidate = new Candidate(session, { election, name: 'a', lockDelay })
    await clock.advanceUntilSettled(candidate.campaign())
    await candidate.close()
    return candidate
  }
  expect(await left(200, use, () => world.settled())).toBeLessThanOrEqual(1)
})

test('nothing is left of those that gave a campaign up, once the lease is over', async () => {
  const { world, clock, session } = setUp()
  const use = async (number: number): Promise<Candidate> => {
    const candidate = new Candidate(session, { election: `jobs/${String(number)}`, name: 'a' })
    const patience = new AbortController()
    const delivered = world.delay(50, { method: 'Txn' })
    const campaign = candidate.campaign({ signal: patience.signal })
    campaign.catch(() => undefined)
    await clock.advance(10)
    patience.abort(new Error('enough'))
    delivered()
    await clock.advanceUntilSettled(candidate.close())
    return candidate
  }
  // Until the lease ends, a late key may appear and has to be removed.
  const lose = async (): Promise<void> => {
    if (world.leases().length > 0) world.revokeLease(session.leaseId ?? 0n)
    await clock.advance(5_000)
  }
  expect(await left(50, use, lose)).toBeLessThanOrEqual(1)
})

test('another candidate has the place of one that was closed', async () => {
  const { session } = setUp()
  const [first, second] = ['a', 'b'].map(
    (name) => new Candidate(session, { election: 'jobs', name }),
  )
  await first?.campaign()
  await first?.close()
  expect((await second?.campaign())?.name).toBe('b')
  // The second candidate has the place now.
  const third = new Candidate(session, { election: 'jobs', name: 'c' })
  await first?.close()
  await expect(third.campaign()).rejects.toMatchObject({ code: 'ELECT_ALREADY_A_CANDIDATE' })
})
