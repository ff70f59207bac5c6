// Calls and losses that meet in one turn, or while a candidate waits for etcd.

import { describe, expect, onTestFinished, test } from 'vitest'
import { Candidate, ClosedError, NotLeaderError, Observer, Session } from '../../src/index.js'
import { TestEtcd } from '../../src/testing/index.js'
import { until } from '../support/until.js'

const election = 'jobs'
const ttl = 5

function setUp() {
  const etcd = new TestEtcd()
  onTestFinished(() => etcd.close())
  const client = etcd.connect()
  const candidate = (name: string, more = {}): Candidate =>
    new Candidate(etcd.connect(), { election, name, ttl, ...more })
  return { etcd, client, candidate }
}

describe('campaign()', () => {
  test('under another name, on a leader that resigns meanwhile, is a campaign', async () => {
    const { candidate } = setUp()
    const a = candidate('a')
    const first = await a.campaign()
    const again = a.campaign({ name: 'b' })
    await Promise.resolve()
    await a.resign()
    const second = await again
    expect(second.fencingToken).toBeGreaterThan(first.fencingToken)
    expect(second.isValid()).toBe(true)
    expect((await a.leader()).name).toBe('b')
  })

  test('that is won in the turn in which its signal is aborted stays won', async () => {
    const { client, etcd, candidate } = setUp()
    const session = new Session(client, { ttl })
    const x = new Candidate(session, { election: 'x', name: 'a' })
    const y = new Candidate(session, { election: 'y', name: 'a' })
    const before = await candidate('b', { election: 'x' }).campaign()
    const shard = await y.campaign()
    const stop = new AbortController()
    shard.signal.addEventListener('abort', () => {
      stop.abort(new Error('a shard was lost'))
    })
    const campaign = x.campaign({ signal: stop.signal })
    await until(() => x.term !== '', { what: 'x to wait' })
    etcd.deleteKey(before.term)
    etcd.deleteKey(shard.term)
    const leadership = await campaign
    expect(stop.signal.aborted).toBe(true)
    expect(leadership.isValid()).toBe(true)
  })
})

describe('proclaim()', () => {
  test('asked for in one term renames no other one', async () => {
    const { candidate, etcd } = setUp()
    const a = candidate('a', { ttl: 60 })
    const first = await a.campaign()
    etcd.dropAnswers({ method: 'Txn', times: 1 })
    const one = first.proclaim('one').catch(() => undefined)
    const two = expect(first.proclaim('two')).rejects.toBeInstanceOf(NotLeaderError)
    await etcd.settled()
    etcd.deleteKey(first.term)
    await first.ended
    const second = await a.campaign()
    await etcd.clock.advance(5_000)
    await Promise.all([one, two])
    expect(second.isValid()).toBe(true)
    expect((await a.leader()).name).not.toBe('two')
  })
})

describe('lead()', () => {
  test('of one who waits ends when its candidate is closed', async () => {
    const { candidate } = setUp()
    await candidate('a').campaign()
    const b = candidate('b')
    const leading = b.lead(() => undefined)
    await b.session.open()
    await b.close()
    await expect(leading).resolves.toBeUndefined()
  })

  test.each([
    ['candidate', (candidate: Candidate) => candidate.close()],
    ['session', (candidate: Candidate) => candidate.session.close()],
  ])('on a %s that is closed already rejects', async (_what, close) => {
    const a = setUp().candidate('a')
    await close(a)
    await expect(a.lead(() => undefined)).rejects.toBeInstanceOf(ClosedError)
  })

  test('on a client that is closed already rejects', async () => {
    const { client } = setUp()
    const a = new Candidate(client, { election, name: 'a', ttl })
    await client.close()
    await expect(a.lead(() => undefined)).rejects.toBeInstanceOf(ClosedError)
  })
})

describe('an observer that is stopped while it starts', () => {
  test('shows nothing, even when another observer watches the election', async () => {
    const { client } = setUp()
    await new Candidate(client, { election, name: 'a', ttl }).campaign()
    const observer = new Observer(client, { election })
    const starting = observer.start()
    await observer.stop()
    await starting
    expect(observer.leader).toBeUndefined()
    expect(observer.silentForMs).toBe(Infinity)
  })

  test('and is started anew is not stopped by the first signal', async () => {
    const { client, candidate, etcd } = setUp()
    await candidate('a').campaign()
    const observer = new Observer(client, { election })
    const slow = etcd.delay(50)
    const first = new AbortController()
    const one = observer.start({ signal: first.signal })
    void one.catch(() => undefined)
    await observer.stop()
    const two = observer.start()
    first.abort(new Error('the first one'))
    await etcd.clock.advance(1_000)
    slow()
    await expect(one).rejects.toThrow('the first one')
    await two
    expect(observer.leader?.name).toBe('a')
  })
})
