// How fresh an observer says it is, with time turned by hand.

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
