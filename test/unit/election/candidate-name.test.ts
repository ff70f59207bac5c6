import { expect, test } from 'vitest'
import { CandidateName } from '../../../src/election/candidate-name.js'
import { decode } from '../../../src/election/keys.js'
import { KV } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeEtcd, kv } from '../../support/fake-etcd.js'
import { fakeLease } from '../../support/fake-renewal.js'

const { txn } = KV.method
const candidacy = { election: 'jobs', term: 'jobs/1a', fencingToken: 12n }
const { signal } = new AbortController()

function setUp() {
  const fake = new FakeEtcd()
  const { lease } = fakeLease(fake.api)
  const name = new CandidateName(fake.api)
  name.wanted = 'web-1'
  return {
    ...{ fake, lease, name },
    /** The name that the last request is to set, and the revision that it depends on. */
    asked: () => {
      const { success, compare } = fake.cluster.call(txn).request
      const request = success[0]?.request
      const targets = compare.map(({ targetUnion }) => targetUnion)
      return {
        name: request?.case === 'requestPut' ? decode(request.value.value) : undefined,
        since: targets.find(({ case: target }) => target === 'modRevision')?.value,
        conditions: compare.length,
      }
    },
  }
}

test('a key that has the name already is left alone', async () => {
  const { fake, lease, name } = setUp()
  await name.joined({ candidacy, name: 'web-1', modRevision: 12n }, lease, signal)
  expect(fake.txns).toBe(0)
})

test('a key from an earlier holder of the lease gets the name, whether or not it leads', async () => {
  const { fake, lease, name, asked } = setUp()
  const joined = name.joined({ candidacy, name: 'before', modRevision: 15n }, lease, signal)
  await settled()
  expect(asked()).toEqual({ name: 'web-1', since: 15n, conditions: 2 })
  fake.answerTxn(16n, true)
  await joined
  expect(name.wanted).toBe('web-1')
})

test('each new name depends on the last change of the key that is known', async () => {
  const { fake, lease, name, asked } = setUp()
  await name.joined({ candidacy, name: 'web-1', modRevision: 12n }, lease, signal)
  for (const [next, since, revision] of [
    ['web-2', 12n, 20n],
    ['web-3', 20n, 30n],
  ] as const) {
    const proclaimed = name.proclaim(candidacy, lease, next, undefined)
    await settled()
    expect(asked()).toEqual({ name: next, since, conditions: 3 })
    fake.answerTxn(revision, true)
    expect(await proclaimed).toBe(true)
    expect(name.wanted).toBe(next)
  }
})

test('a name that was not set is not wanted for the next candidacy', async () => {
  const { fake, lease, name } = setUp()
  await name.joined({ candidacy, name: 'web-1', modRevision: 12n }, lease, signal)
  const proclaimed = name.proclaim(candidacy, lease, 'web-2', undefined)
  await settled()
  fake.answerTxn(20n, false, kv('jobs/1a', '', 12n))
  expect(await proclaimed).toBe(false)
  expect(name.wanted).toBe('web-1')
})
