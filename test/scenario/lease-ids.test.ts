// To which process a lease belongs when its id is taken already.

import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import { inProcessTransport } from '../../src/devserver/in-process.js'
import { Candidate, Etcd, Session } from '../../src/index.js'
import { TestEtcd } from '../../src/testing/index.js'
import { EtcdHost } from '../../src/testing/etcd-host.js'
import { seededRandom } from '../../src/testing/seeded-random.js'
import { settled, TestClock } from '../../src/testing/test-clock.js'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Connects clients to one etcd, as if each were in a process of its own. */
function cluster() {
  const clock = new TestClock()
  const machine = new EtcdHost({ clock, random: seededRandom(1), firstRevision: 1n })
  onTestFinished(() => {
    machine.close()
  })
  const connect = (random?: () => number): Etcd => {
    const transport = inProcessTransport(() => machine.router(), clock)
    const etcd = new Etcd({ endpoints: 'http://etcd.test:1', transport, clock, random })
    onTestFinished(() => etcd.close())
    return etcd
  }
  return { connect }
}

test('processes whose random numbers are the same do not share a lease', async () => {
  const { connect } = cluster()
  const [a, b] = ['a', 'b'].map(
    (name) => new Candidate(connect(seededRandom(7)), { election: 'jobs', name, ttl: 5 }),
  )
  const leadership = await a?.campaign()
  const waiting = b?.campaign()
  waiting?.catch(() => undefined)
  await settled()
  expect(leadership?.isValid()).toBe(true)
  expect(b?.leadership).toBe(undefined)
  expect(b?.session.leaseId).not.toBe(a?.session.leaseId)
})

test('random numbers that are always the same are not tried for ever', async () => {
  const { connect } = cluster()
  const [a, b] = [1, 2].map(
    () =>
      new Session(
        connect(() => 0.25),
        { ttl: 5 },
      ),
  )
  await a?.open()
  await expect(b?.open()).rejects.toMatchObject({ code: 'ELECT_REFUSED' })
})

test('a process that was cloned draws other lease ids than the original', async () => {
  const { connect } = cluster()
  vi.spyOn(Math, 'random').mockReturnValue(0.25)
  const [a, b] = [1, 2].map(() => new Session(connect(), { ttl: 5 }))
  await Promise.all([a?.open(), b?.open()])
  expect(a?.leaseId).not.toBe(b?.leaseId)
})

test('a lease whose grant was answered in vain is taken', async () => {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  world.dropAnswers({ method: 'LeaseGrant', times: 1 })
  const session = new Session(world.connect(), { ttl: 5 })
  await world.clock.advanceUntilSettled(session.open())
  expect(world.leases().map(({ id }) => id)).toEqual([session.leaseId])
})
