// Uses TestEtcd as a user's test does: elections without waiting, and all its faults.

import { describe, expect, onTestFinished, test } from 'vitest'
import { Candidate, ClosedError, type Etcd, Observer, Session } from '../../../src/index.js'
import { TestClock, TestEtcd, type TestEtcdOptions } from '../../../src/testing/index.js'
import { isPending } from '../../support/scope.js'

const election = 'jobs'
const ttl = 5

function setUp(options?: TestEtcdOptions) {
  const etcd = new TestEtcd(options)
  onTestFinished(() => etcd.close())
  const candidate = (name: string, on: Etcd = etcd.connect()) =>
    new Candidate(on, { election, name, ttl })
  const names = () => etcd.candidates(election).map(({ name }) => name)
  return { etcd, clock: etcd.clock, candidate, names }
}

/** Plays two processes: the first leads, the second waits. */
async function setUpTwo(options?: TestEtcdOptions) {
  const { etcd, candidate, ...rest } = setUp(options)
  const clientOfOne = etcd.connect()
  const one = candidate('one', clientOfOne)
  const two = candidate('two', etcd.connect())
  const first = await one.campaign()
  const second = two.campaign()
  second.catch(() => undefined)
  await etcd.settled()
  const leaseOf = (name: string) =>
    etcd.candidates(election).find((candidate) => candidate.name === name)?.leaseId ?? 0n
  return { etcd, candidate, ...rest, clientOfOne, one, two, first, second, leaseOf }
}

describe('without faults', () => {
  test('elections take no time', async () => {
    const { clock, names, one, first, second } = await setUpTwo()
    expect(names()).toEqual(['one', 'two'])
    await first.resign()
    expect((await second).fencingToken).toBeGreaterThan(first.fencingToken)
    expect(names()).toEqual(['two'])
    await one.close()
    expect(clock.monotonicMs()).toBe(0)
  })

  test('a leader keeps its lease, however much time passes', async () => {
    const { clock, first, second } = await setUpTwo()
    await clock.advance(3_600_000)
    expect(first.isValid()).toBe(true)
    expect(await isPending(second)).toBe(true)
  })

  test('candidates() and leases() return what etcd has', async () => {
    const { etcd, clock, first } = await setUpTwo()
    const [one, two] = etcd.candidates(election)
    expect(one).toEqual({
      name: 'one',
      term: first.term,
      fencingToken: first.fencingToken,
      revision: first.fencingToken,
      leaseId: one?.leaseId,
    })
    expect(etcd.leases()).toEqual([
      { id: one?.leaseId, ttl, remainingMs: 5000, keys: [first.term] },
      { id: two?.leaseId, ttl, remainingMs: 5000, keys: [two?.term] },
    ])
    await clock.advance(500)
    expect(etcd.leases().map(({ remainingMs }) => remainingMs)).toEqual([4500, 4500])
  })

  test('the same seed makes the same run, another seed another run', async () => {
    const run = async (seed: number) => {
      const { etcd, clock, first } = await setUpTwo({ seed })
      await clock.advance(2000)
      return { term: first.term, leases: etcd.leases() }
    }
    expect(await run(7)).toEqual(await run(7))
    expect(await run(8)).not.toEqual(await run(7))
  })

  test('two etcds can share a clock, and are otherwise independent', async () => {
    const clock = new TestClock()
    const a = setUp({ clock })
    const b = setUp({ clock })
    expect(a.etcd.clock).toBe(b.etcd.clock)
    await a.candidate('a').campaign()
    await b.candidate('b').campaign()
    expect([a.names(), b.names()]).toEqual([['a'], ['b']])
  })
})

describe('changing leases and keys by hand', () => {
  test.each(['revokeLease', 'expireLease'] as const)('%s ends the term', async (end) => {
    const { etcd, first, second, leaseOf, clock } = await setUpTwo()
    etcd[end](leaseOf('one'))
    expect((await second).fencingToken).toBeGreaterThan(first.fencingToken)
    expect(first.isValid()).toBe(false)
    expect(await first.ended).toMatch(/^(revoked|deleted)$/)
    expect(clock.monotonicMs()).toBe(0)
  })

  test('a waiting candidate that loses its lease joins again, at the end of the queue', async () => {
    const { etcd, names, candidate, leaseOf } = await setUpTwo()
    candidate('three')
      .campaign()
      .catch(() => undefined)
    await etcd.settled()
    etcd.revokeLease(leaseOf('two'))
    await etcd.clock.advance(1000)
    expect(names()).toEqual(['one', 'three', 'two'])
  })

  test('deleteKey ends the term, and nothing else', async () => {
    const { etcd, first, second } = await setUpTwo()
    etcd.deleteKey(first.term)
    await second
    expect(await first.ended).toBe('deleted')
    expect(etcd.leases()).toHaveLength(2)
    etcd.deleteKey('nothing')
  })

  test('putKey adds a foreign candidate to an election, on a lease if one is given', async () => {
    const { etcd, names, candidate } = setUp()
    etcd.putKey(`${election}/abc`, 'stränger')
    const campaign = candidate('one').campaign()
    await etcd.settled()
    expect(names()).toEqual(['stränger', 'one'])
    expect(await isPending(campaign)).toBe(true)
    etcd.deleteKey(`${election}/abc`)
    const { term } = await campaign
    const [{ leaseId } = { leaseId: 0n }] = etcd.candidates(election)
    etcd.putKey('other', '1', { leaseId })
    expect(etcd.leases()[0]?.keys).toEqual([term, 'other'])
  })

  test('a missing lease cannot be ended or used', () => {
    const { etcd } = setUp()
    expect(() => {
      etcd.revokeLease(1n)
    }).toThrow('requested lease not found')
    expect(() => {
      etcd.putKey('a', '1', { leaseId: 1n })
    }).toThrow('leaseId: expected a lease that is there, got 1')
  })
})

describe('faults of calls', () => {
  const noLeader = { status: 'UNAVAILABLE', message: 'etcdserver: no leader' } as const

  test('a call that fails is retried until the fault is used up', async () => {
    const { etcd, clock, candidate } = setUp()
    etcd.fail(noLeader, { method: 'Txn', times: 2 })
    const campaign = candidate('one').campaign()
    await etcd.settled()
    expect(await isPending(campaign)).toBe(true)
    expect((await clock.advanceUntilSettled(campaign)).isValid()).toBe(true)
    expect(clock.monotonicMs()).toBeGreaterThan(0)
  })

  test('a refusal reaches the caller with the message of etcd', async () => {
    const { etcd, candidate } = setUp()
    const message = 'etcdserver: permission denied'
    const removeFault = etcd.fail({ status: 'PERMISSION_DENIED', message }, { method: 'Txn' })
    await expect(candidate('one').campaign()).rejects.toMatchObject({ code: 'ELECT_AUTH' })
    await expect(candidate('two').campaign()).rejects.toThrow('permission denied')
    removeFault()
    await candidate('three').campaign()
  })

  test('a fault of one client does not affect the others', async () => {
    const { etcd, candidate } = setUp()
    const client = etcd.connect({ callTimeoutMs: 1000 })
    etcd.fail(noLeader, { client })
    await candidate('two', etcd.connect()).campaign()
    await expect(
      etcd.clock.advanceUntilSettled(candidate('one', client).campaign()),
    ).rejects.toMatchObject({
      code: 'ELECT_UNAVAILABLE',
    })
  })

  test('a lost request is not executed; a request whose answer is lost is executed once', async () => {
    const { etcd, clock, candidate, names } = setUp()
    etcd.dropRequests({ method: 'Txn', times: 1 })
    const one = candidate('one').campaign()
    await etcd.settled()
    expect(names()).toEqual([])
    await clock.advanceUntilSettled(one)
    etcd.dropAnswers({ method: 'Txn', times: 1 })
    const two = candidate('two').campaign()
    await etcd.settled()
    expect(names()).toEqual(['one', 'two'])
    await clock.advance(3000)
    expect(names()).toEqual(['one', 'two'])
    expect(await isPending(two)).toBe(true)
    two.catch(() => undefined)
  })

  test('a delay applies in both directions, until it is removed', async () => {
    const { etcd, clock, candidate } = setUp()
    const removeFault = etcd.delay(200, { method: 'Txn' })
    await clock.advanceUntilSettled(candidate('one').campaign())
    expect(clock.monotonicMs()).toBe(400)
    removeFault()
    expect((await candidate('two').leader()).name).toBe('one')
    expect(clock.monotonicMs()).toBe(400)
  })

  test('clearFaults removes all faults', async () => {
    const { etcd, clock, candidate } = setUp()
    etcd.fail(noLeader)
    etcd.dropRequests()
    etcd.dropAnswers({ method: 'Watch' })
    etcd.delay(1000)
    etcd.clearFaults()
    await candidate('one').campaign()
    expect(clock.monotonicMs()).toBe(0)
  })
})

describe('faults of lines', () => {
  test('a leader that is cut off knows that its term is over before another one leads', async () => {
    const { etcd, clock, first, second, clientOfOne } = await setUpTwo()
    etcd.cut(clientOfOne)
    let isSecond = false
    void second.then(() => {
      isSecond = true
      expect(first.isValid()).toBe(false)
    })
    const tookMs = await clock.advanceUntil(() => isSecond, 20_000)
    expect(await first.ended).toBe('expired')
    expect(tookMs).toBeGreaterThan(3000)
    expect(tookMs).toBeLessThanOrEqual(5000)
  })

  test('a leader that is cut off for less than the TTL goes on leading', async () => {
    const { etcd, clock, first, clientOfOne } = await setUpTwo()
    etcd.cut(clientOfOne)
    await clock.advance(1500)
    etcd.heal(clientOfOne)
    await clock.advance(60_000)
    expect(first.isValid()).toBe(true)
  })

  test('held messages arrive in order when the line is healed', async () => {
    const { etcd, candidate, names } = setUp()
    etcd.hold()
    const campaigns = ['one', 'two'].map((name) => candidate(name).campaign())
    await etcd.settled()
    expect(names()).toEqual([])
    etcd.heal()
    campaigns[1]?.catch(() => undefined)
    await campaigns[0]
    expect(names()).toEqual(['one', 'two'])
  })

  test('broken streams are opened again, and miss nothing', async () => {
    const { etcd, clock, candidate } = setUp()
    const observer = new Observer(etcd.connect(), { election })
    await observer.start()
    await candidate('one').campaign()
    await etcd.settled()
    etcd.breakStreams()
    etcd.deleteKey(etcd.candidates(election)[0]?.term ?? '')
    etcd.putKey(`${election}/abc`, 'two')
    await clock.advance(2000)
    expect(observer.leader?.name).toBe('two')
    await observer.stop()
  })
})

describe('faults of etcd', () => {
  test('while it is paused it sends no answers and expires no leases', async () => {
    const { etcd, clock, first, second } = await setUpTwo()
    etcd.pause()
    await clock.advance(60_000)
    expect(etcd.leases()).toHaveLength(2)
    expect(await first.ended).toBe('expired')
    expect(await isPending(second)).toBe(true)
    etcd.resume()
    expect((await clock.advanceUntilSettled(second)).isValid()).toBe(true)
  })

  test('a short pause changes nothing', async () => {
    const { etcd, clock, first } = await setUpTwo()
    etcd.pause()
    await clock.advance(1000)
    etcd.resume()
    await clock.advance(60_000)
    expect(first.isValid()).toBe(true)
  })

  test('after a restart that keeps the store, the leader goes on with a whole TTL', async () => {
    const { etcd, clock, first, names } = await setUpTwo()
    etcd.stop()
    await clock.advance(2000)
    etcd.start()
    expect(etcd.leases().map(({ remainingMs }) => remainingMs)).toEqual([5000, 5000])
    await clock.advance(60_000)
    expect(first.isValid()).toBe(true)
    expect(names()).toEqual(['one', 'two'])
  })

  test('leases do not expire while it is stopped', async () => {
    const { etcd, clock } = await setUpTwo()
    etcd.stop()
    await clock.advance(60_000)
    expect(etcd.leases()).toHaveLength(2)
    etcd.start()
    await clock.advance(0)
    expect(etcd.leases()).toHaveLength(2)
  })

  test('after a restart that loses the store, all campaign again, with greater fencing tokens', async () => {
    const { etcd, clock, first, second, two } = await setUpTwo()
    etcd.restart({ store: 'lost' })
    expect(etcd.leases()).toEqual([])
    const later = await clock.advanceUntilSettled(second)
    expect(later.fencingToken).toBeGreaterThan(first.fencingToken)
    expect(await first.ended).not.toBe('resigned')
    expect((await two.leader()).name).toBe('two')
  })

  test('an etcd that starts at revision 1 again, as after lost data, gives smaller fencing tokens', async () => {
    const { etcd, candidate } = setUp()
    for (let i = 0; i < 5; i++) etcd.putKey('a', String(i))
    const before = await candidate('one').campaign()
    etcd.restart({ store: 'lost', firstRevision: 1n })
    const after = await etcd.clock.advanceUntilSettled(candidate('two').campaign())
    expect(after.fencingToken).toBeLessThan(before.fencingToken)
  })

  test('an observer does not notice a compaction', async () => {
    const { etcd, clock, candidate } = setUp()
    const observer = new Observer(etcd.connect(), { election })
    await observer.start()
    const one = await candidate('one').campaign()
    etcd.hold()
    await clock.advance(100)
    etcd.deleteKey(one.term)
    etcd.putKey(`${election}/abc`, 'two')
    etcd.compact()
    etcd.compact()
    etcd.breakStreams()
    etcd.heal()
    await clock.advance(2000)
    expect(observer.leader?.name).toBe('two')
    await observer.stop()
  })

  test('a call to a stopped etcd fails as unavailable within the call timeout', async () => {
    const { etcd, clock, candidate } = setUp()
    etcd.stop()
    etcd.stop()
    const call = candidate('one').leader()
    await expect(clock.advanceUntilSettled(call)).rejects.toMatchObject({
      code: 'ELECT_UNAVAILABLE',
      retryable: true,
    })
    expect(clock.monotonicMs()).toBeLessThanOrEqual(10_000)
  })

  test('start() and resume() do nothing while it runs', async () => {
    const { etcd, first } = await setUpTwo()
    etcd.start({ store: 'lost' })
    etcd.resume()
    expect(etcd.leases()).toHaveLength(2)
    expect(first.isValid()).toBe(true)
  })
})

describe('closing', () => {
  test('rejects waiting calls, and leaves no timer', async () => {
    const { etcd, clock, second } = await setUpTwo()
    const session = new Session(etcd.connect(), { ttl })
    await session.open()
    await etcd.close()
    await etcd.close()
    await expect(second).rejects.toBeInstanceOf(ClosedError)
    let fired = 0
    const setTimer = clock.setTimer.bind(clock)
    clock.setTimer = (ms, callback) => {
      fired += 1
      return setTimer(ms, callback)
    }
    await clock.advance(3_600_000)
    expect(fired).toBe(0)
    expect(() => etcd.connect()).toThrow('this TestEtcd is closed: make a new one')
  })

  test('happens on disposal', async () => {
    const etcd = new TestEtcd()
    const campaign = new Candidate(etcd.connect(), { election, name: 'one', ttl }).campaign()
    await campaign
    await etcd[Symbol.asyncDispose]()
    expect(await (await campaign).ended).toBe('closed')
  })
})

test.each<[string, (etcd: TestEtcd) => unknown, string]>([
  ['ms', (etcd) => etcd.delay(-1), 'ms: expected milliseconds above 0, got -1'],
  [
    'client of another TestEtcd',
    (etcd) => {
      etcd.cut(new TestEtcd().connect())
    },
    'client: expected a client that this TestEtcd created',
  ],
])('invalid %s: refused', (_, act, message) => {
  const { etcd } = setUp()
  expect(() => act(etcd)).toThrow(message)
})
