// An example of a user's unit tests: ten elections, in each of which the leader ends in another way
// and the next candidate takes over.

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { Candidate, type Etcd, type Leadership } from 'etcd-elect'
import { type TestCandidate, TestEtcd } from 'etcd-elect/testing'

let etcd: TestEtcd
let home: Etcd
let first: Leadership
let second: Promise<Leadership>

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

function leader(): TestCandidate {
  const [one] = etcd.candidates('jobs')
  assert.ok(one)
  return one
}

const ways: Readonly<Record<string, () => unknown>> = {
  'it resigns': () => first.resign(),
  'its lease is revoked': () => {
    etcd.revokeLease(leader().leaseId)
  },
  'its lease runs out': () => {
    etcd.expireLease(leader().leaseId)
  },
  'its key is deleted': () => {
    etcd.deleteKey(first.term)
  },
  'it is cut off': () => {
    etcd.cut(home)
  },
  'it is held back': () => {
    etcd.hold(home)
  },
  'its keep-alives are lost': () => {
    etcd.dropRequests({ method: 'LeaseKeepAlive', client: home })
  },
  'its client is closed': () => home.close(),
  'etcd loses its store': () => {
    etcd.restart({ store: 'lost' })
  },
  'etcd freezes for a minute': async () => {
    etcd.pause()
    await etcd.clock.advance(60_000)
    etcd.resume()
  },
}

for (const [way, act] of Object.entries(ways)) {
  void test(`somebody follows when ${way}`, async () => {
    await act()
    const next = await etcd.clock.advanceUntilSettled(second)
    assert.ok(next.fencingToken > first.fencingToken)
    assert.equal(first.isValid(), false)
    assert.equal(next.isValid(), true)
  })
}
