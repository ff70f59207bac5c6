// What users do with a TestEtcd: elections without waiting, and everything that can go wrong, on request.

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

/** Two processes: the first one leads, the second one waits. */
async function setUpTwo(options?: TestEtcdOptions) {
  const { etcd, candidate, ...rest } = setUp(options)
  const [home, away] = [etcd.connect(), etcd.connect()]
  const one = candidate('one', home)
  const two = candidate('two', away)
  const first = await one.campaign()
  const second = two.campaign()
  second.catch(() => undefined)
  await etcd.settled()
  const leaseOf = (name: string) =>
    etcd.candidates(election).find((contender) => contender.name === name)?.leaseId ?? 0n
  return { etcd, candidate, ...rest, home, away, one, two, first, second, leaseOf }
}

describe('without faults', () => {
  test('elections take no time at all', async () => {
    const { clock, names, one, first, second } = await setUpTwo()
    expect(names()).toEqual(['one', 'two'])
    await first.resign()
    expect((await second).fencingToken).toBeGreaterThan(first.fencingToken)
    expect(names()).toEqual(['two'])
    await one.close()
    expect(clock.monotonicMs()).toBe(0)
  })

  test('a leader keeps its lease for as long as time passes', async () => {
    const { clock, first, second } = await setUpTwo()
    await clock.advance(3_600_000)
    expect(first.isValid()).toBe(true)
    expect(await isPending(second)).toBe(true)
  })

  test('a look inside shows candidates and leases as etcd has them', async () => {
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

  test('the same seed makes the same run, another one another', async () => {
    const run = async (seed: number) => {
      const { etcd, clock, first } = await setUpTwo({ seed })
      await clock.advance(2000)
      return { term: first.term, leases: etcd.leases() }
    }
    expect(await run(7)).toEqual(await run(7))
    expect(await run(8)).not.toEqual(await run(7))
  })

  test('two etcds may go by one clock, and know nothing of each other', async () => {
    const clock = new TestClock()
    const here = setUp({ clock })
    const there = setUp({ clock })
    expect(here.etcd.clock).toBe(there.etcd.clock)
    await here.candidate('here').campaign()
    await there.candidate('there').campaign()
    expect([here.names(), there.names()]).toEqual([['here'], ['there']])
  })
})

describe('ending leases and keys by hand', () => {
  test.each(['revokeLease', 'expireLease'] as const)('%s ends the term', async (end) => {
    const { etcd, first, second, leaseOf, clock } = await setUpTwo()
    etcd[end](leaseOf('one'))
    expect((await second).fencingToken).toBeGreaterThan(first.fencingToken)
    expect(first.isValid()).toBe(false)
    expect(await first.ended).toMatch(/^(revoked|deleted)$/)
    expect(clock.monotonicMs()).toBe(0)
  })

  test('a waiting candidate that loses its lease joins again, at the back', async () => {
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

  test('putKey puts a stranger into an election, on a lease if it is to have one', async () => {
    const { etcd, names, candidate } = setUp()
    etcd.putKey(`${election}/abc`, 'stränger')
    const campaign = candidate('one').campaign()
    await etcd.settled()
    expect(names()).toEqual(['stränger', 'one'])
    expect(await isPending(campaign)).toBe(true)
    etcd.deleteKey(`${election}/abc`)
    const { term } = await campaign
    const [{ leaseId } = { leaseId: 0n }] = etcd.candidates(election)
    etcd.putKey('beside', '1', { leaseId })
    expect(etcd.leases()[0]?.keys).toEqual([term, 'beside'])
  })

  test('a lease that is not there cannot be ended or used', () => {
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

  test('a call that fails is tried again until the fault is used up', async () => {
    const { etcd, clock, candidate } = setUp()
    etcd.fail(noLeader, { method: 'Txn', times: 2 })
    const campaign = candidate('one').campaign()
    await etcd.settled()
    expect(await isPending(campaign)).toBe(true)
    expect((await clock.advanceUntilSettled(campaign)).isValid()).toBe(true)
    expect(clock.monotonicMs()).toBeGreaterThan(0)
  })

  test('a refusal reaches whoever called, with what etcd would say', async () => {
    const { etcd, candidate } = setUp()
    const message = 'etcdserver: permission denied'
    const callOff = etcd.fail({ status: 'PERMISSION_DENIED', message }, { method: 'Txn' })
    await expect(candidate('one').campaign()).rejects.toMatchObject({ code: 'ELECT_AUTH' })
    await expect(candidate('two').campaign()).rejects.toThrow('permission denied')
    callOff()
    await candidate('three').campaign()
  })

  test('only the client that is meant is hit', async () => {
    const { etcd, candidate } = setUp()
    const [home, away] = [etcd.connect({ callTimeoutMs: 1000 }), etcd.connect()]
    etcd.fail(noLeader, { client: home })
    await candidate('two', away).campaign()
    await expect(
      etcd.clock.advanceUntilSettled(candidate('one', home).campaign()),
    ).rejects.toMatchObject({
      code: 'ELECT_UNAVAILABLE',
    })
  })

  test('a request that is lost was never heard of; one whose answer is lost was carried out once', async () => {
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

  test('a delay is one each way, and lasts until it is called off', async () => {
    const { etcd, clock, candidate } = setUp()
    const callOff = etcd.delay(200, { method: 'Txn' })
    await clock.advanceUntilSettled(candidate('one').campaign())
    expect(clock.monotonicMs()).toBe(400)
    callOff()
    expect((await candidate('two').leader()).name).toBe('one')
    expect(clock.monotonicMs()).toBe(400)
  })

  test('clearFaults ends all of them', async () => {
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
  test('a leader that is cut off knows that it is over before another one leads', async () => {
    const { etcd, clock, first, second, home } = await setUpTwo()
    etcd.cut(home)
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

  test('what is cut off for less than the TTL goes on as if nothing had been', async () => {
    const { etcd, clock, first, home } = await setUpTwo()
    etcd.cut(home)
    await clock.advance(1500)
    etcd.heal(home)
    await clock.advance(60_000)
    expect(first.isValid()).toBe(true)
  })

  test('what is held arrives when the line is healed, in order', async () => {
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

  test('streams that break are opened again, and nothing is missed', async () => {
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

describe('faults of the etcd', () => {
  test('while it is paused nobody is answered and no lease runs out', async () => {
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

  test('after a restart that keeps the store the leader leads on, with a whole TTL', async () => {
    const { etcd, clock, first, names } = await setUpTwo()
    etcd.stop()
    await clock.advance(2000)
    etcd.start()
    expect(etcd.leases().map(({ remainingMs }) => remainingMs)).toEqual([5000, 5000])
    await clock.advance(60_000)
    expect(first.isValid()).toBe(true)
    expect(names()).toEqual(['one', 'two'])
  })

  test('leases do not run out while it is stopped', async () => {
    const { etcd, clock } = await setUpTwo()
    etcd.stop()
    await clock.advance(60_000)
    expect(etcd.leases()).toHaveLength(2)
    etcd.start()
    await clock.advance(0)
    expect(etcd.leases()).toHaveLength(2)
  })

  test('after one that loses it all contend anew, with greater tokens', async () => {
    const { etcd, clock, first, second, two } = await setUpTwo()
    etcd.restart({ store: 'lost' })
    expect(etcd.leases()).toEqual([])
    const later = await clock.advanceUntilSettled(second)
    expect(later.fencingToken).toBeGreaterThan(first.fencingToken)
    expect(await first.ended).not.toBe('resigned')
    expect((await two.leader()).name).toBe('two')
  })

  test('an etcd that begins at revision 1 again gives smaller tokens, which is what happens to lost data', async () => {
    const { etcd, candidate } = setUp()
    for (let i = 0; i < 5; i++) etcd.putKey('a', String(i))
    const before = await candidate('one').campaign()
    etcd.restart({ store: 'lost', firstRevision: 1n })
    const after = await etcd.clock.advanceUntilSettled(candidate('two').campaign())
    expect(after.fencingToken).toBeLessThan(before.fencingToken)
  })

  test('a compaction goes unnoticed by those who follow', async () => {
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

  test('what is asked of a stopped one fails as UNAVAILABLE within the time that a call may take', async () => {
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

  test('what does not apply does nothing', async () => {
    const { etcd, first } = await setUpTwo()
    etcd.start({ store: 'lost' })
    etcd.resume()
    expect(etcd.leases()).toHaveLength(2)
    expect(first.isValid()).toBe(true)
  })
})

describe('closing', () => {
  test('ends what waits, and leaves no timer', async () => {
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

  test('is what disposing does', async () => {
    const etcd = new TestEtcd()
    const campaign = new Candidate(etcd.connect(), { election, name: 'one', ttl }).campaign()
    await campaign
    await etcd[Symbol.asyncDispose]()
    expect(await (await campaign).ended).toBe('closed')
  })
})

test.each<[string, (etcd: TestEtcd) => unknown, string]>([
  ['options', () => new TestEtcd(null as never), 'options: expected an object like { seed: 1 }'],
  ['clock', () => new TestEtcd({ clock: {} as never }), 'clock: expected a TestClock'],
  ['seed', () => new TestEtcd({ seed: 0.5 }), 'seed: expected an integer, got 0.5'],
  ['callTimeoutMs', (etcd) => etcd.connect({ callTimeoutMs: 0 }), 'callTimeoutMs: expected'],
  [
    'status',
    (etcd) => etcd.fail({ status: 'LATE' as never, message: '' }),
    'status: expected one of UNAVAILABLE, ',
  ],
  [
    'message',
    (etcd) => etcd.fail({ status: 'INTERNAL' } as never),
    'message: expected a string, got undefined',
  ],
  ['failure', (etcd) => etcd.fail('INTERNAL' as never), 'failure: expected an object like'],
  ['where', (etcd) => etcd.dropAnswers('Txn' as never), 'where: expected an object like'],
  ['method', (etcd) => etcd.dropAnswers({ method: 'Put' as never }), 'method: expected one of'],
  ['client', (etcd) => etcd.dropAnswers({ client: {} as never }), 'client: expected what connect'],
  ['times', (etcd) => etcd.dropAnswers({ times: 0 }), 'times: expected an integer from 1 up'],
  ['ms', (etcd) => etcd.delay(-1), 'ms: expected milliseconds above 0, got -1'],
  [
    'a client of another',
    (etcd) => {
      etcd.cut(new TestEtcd().connect())
    },
    'client: expected a client that this TestEtcd created',
  ],
  [
    'store',
    (etcd) => {
      etcd.restart({ store: 'half' as never })
    },
    "store: expected 'kept' or 'lost', got \"half\"",
  ],
  [
    'firstRevision',
    (etcd) => {
      etcd.restart({ firstRevision: 0n })
    },
    'firstRevision: expected a bigint from 1n up',
  ],
])('a wrong %s is refused', (_, act, message) => {
  const { etcd } = setUp()
  expect(() => act(etcd)).toThrow(message)
})
