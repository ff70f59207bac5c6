// How fresh an observer says that its view is.

import { expect, onTestFinished, test } from 'vitest'
import { Candidate, Observer } from '../../src/index.js'
import { TestEtcd } from '../../src/testing/index.js'

const election = 'jobs'

function setUp() {
  const etcd = new TestEtcd()
  onTestFinished(() => etcd.close())
  const client = etcd.connect()
  return { etcd, client, clock: etcd.clock, observer: new Observer(client, { election }) }
}

test('says for how long etcd has been silent: never for long while it can be reached', async () => {
  const { clock, observer } = setUp()
  expect(observer.silentForMs).toBe(Infinity)
  await observer.start()
  expect(observer.silentForMs).toBe(0)
  let longest = 0
  for (let seconds = 0; seconds < 60; seconds++) {
    await clock.advance(1_000)
    longest = Math.max(longest, observer.silentForMs)
  }
  expect(longest).toBeLessThanOrEqual(2_000)
  await observer.stop()
  expect(observer.silentForMs).toBe(Infinity)
})

test('grows while etcd is out of reach, and is small again with the first word after that', async () => {
  const { etcd, client, clock, observer } = setUp()
  const leadership = await new Candidate(etcd.connect(), {
    election,
    name: 'a',
    ttl: 60,
  }).campaign()
  await observer.start()
  etcd.hold(client)
  await leadership.proclaim('b')
  await clock.advance(30_000)
  expect(observer.silentForMs).toBe(30_000)
  expect(observer.leader?.name).toBe('a')
  etcd.heal(client)
  await clock.advance(10_000)
  expect(observer.leader?.name).toBe('b')
  expect(observer.silentForMs).toBeLessThanOrEqual(2_000)
})

test('never goes back, even when its shared roster has heard less than init() has read', async () => {
  const { etcd, client, clock, observer } = setUp()
  const other = etcd.connect()
  const [a, b] = ['a', 'b'].map((name) => new Candidate(other, { election, name, ttl: 60 }))
  const waiting = new Candidate(client, { election, name: 'c', ttl: 60 })
  onTestFinished(() => waiting.close())
  await a?.campaign()
  const next = b?.campaign()
  await etcd.settled()
  void waiting.campaign().catch(() => undefined)
  await etcd.settled()
  const slow = etcd.delay(1_000, { method: 'Watch', client })
  await a?.resign()
  await next
  await observer.init()
  const { revision } = observer
  expect(observer.leader?.name).toBe('b')
  await observer.start()
  expect(observer.leader?.name).toBe('b')
  expect(observer.revision).toBeGreaterThanOrEqual(revision)
  await clock.advance(5_000)
  slow()
  expect(observer.leader?.name).toBe('b')
})
