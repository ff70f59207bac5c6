// What a user's unit tests look like: ten elections, each with a leader that goes another way and somebody who follows.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { Candidate } from 'etcd-elect'
import { TestEtcd } from 'etcd-elect/testing'

let etcd, home, first, second

beforeEach(async () => {
  etcd = new TestEtcd()
  home = etcd.connect()
  const one = new Candidate(home, { election: 'jobs', name: 'one', ttl: 5 })
  const two = new Candidate(etcd.connect(), { election: 'jobs', name: 'two', ttl: 5 })
  first = await one.campaign()
  second = two.campaign()
  await etcd.settled()
})
afterEach(() => etcd.close())

const ways = {
  'it resigns': () => first.resign(),
  'its lease is revoked': () => etcd.revokeLease(etcd.candidates('jobs')[0].leaseId),
  'its lease runs out': () => etcd.expireLease(etcd.candidates('jobs')[0].leaseId),
  'its key is deleted': () => etcd.deleteKey(first.term),
  'it is cut off': () => etcd.cut(home),
  'it is held back': () => etcd.hold(home),
  'its keep-alives are lost': () => etcd.dropRequests({ method: 'LeaseKeepAlive', client: home }),
  'its client is closed': () => home.close(),
  'etcd loses its store': () => etcd.restart({ store: 'lost' }),
  'etcd freezes for a minute': async () => {
    etcd.pause()
    await etcd.clock.advance(60_000)
    etcd.resume()
  },
}

for (const [way, act] of Object.entries(ways)) {
  test(`somebody follows when ${way}`, async () => {
    await act()
    const next = await etcd.clock.advanceUntilSettled(second)
    assert.ok(next.fencingToken > first.fencingToken)
    assert.equal(first.isValid(), false)
    assert.equal(next.isValid(), true)
  })
}
