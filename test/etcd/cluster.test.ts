// Leaders, waiters and observers while members of etcd, or the connections to them, fail.

import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import type { Leadership } from '../../src/index.js'
import { campaignPatiently } from '../support/campaign.js'
import { type EtcdCluster, type EtcdProcess, startCluster, startEtcd } from '../support/etcd.js'
import { Proxy } from '../support/proxy.js'
import { scope, seen } from '../support/scope.js'
import { until } from '../support/until.js'

/** Resolves when the lease was renewed so many times, or the term is over. */
async function renewed(leadership: Leadership, times: number): Promise<void> {
  let last = leadership.remainingMs()
  let count = 0
  await until(
    () => {
      const now = leadership.remainingMs()
      if (now > last) count += 1
      last = now
      return count >= times || leadership.signal.aborted
    },
    { what: `${String(times)} renewals`, timeoutMs: 60_000 },
  )
}

describe('with three members', () => {
  let cluster: EtcdCluster
  beforeEach(async () => {
    cluster = await startCluster()
  })
  afterEach(async () => {
    await cluster[Symbol.asyncDispose]()
  })

  test.each(['killed', 'hung'] as const)(
    'a leader outlives any one follower of etcd being %s, and so do waiter and observer',
    async (how) => {
      const { candidate, client, observer } = scope(cluster.endpoints)
      const a = candidate('a', { on: client(), ttl: 10 })
      const b = candidate('b', { on: client(), ttl: 10 })
      const watching = observer(client())
      await watching.start()
      const leadership = await a.campaign()
      const next = b.campaign()
      await until(() => b.term !== '', { what: 'b to be in the queue' })
      const { term } = b
      for (const member of await cluster.followers()) {
        if (how === 'killed') await member.kill()
        else await member.pause()
        await renewed(leadership, 2)
        expect(leadership.isValid()).toBe(true)
        if (how === 'killed') await member.restart()
        else member.resume()
        await renewed(leadership, 1)
      }
      expect(leadership.signal.aborted).toBe(false)
      expect(b.term).toBe(term)
      await a.resign()
      expect((await next).term).toBe(term)
      await seen(watching, 'b')
    },
  )

  test('a leader outlives the death of the member that leads etcd', async () => {
    const { candidate } = scope(cluster.endpoints)
    const leadership = await candidate('a', { ttl: 15 }).campaign()
    const leader = await cluster.leader()
    await leader.kill()
    await renewed(leadership, 2)
    expect(leadership.signal.aborted).toBe(false)
    expect(leadership.isValid()).toBe(true)
  })

  test('thirty elections keep their leaders while one follower hangs', async () => {
    const { candidate, client, election } = scope(cluster.endpoints)
    const leaderships = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        candidate('a', {
          on: client(),
          election: `${election}-${String(index)}`,
          ttl: 15,
        }).campaign(),
      ),
    )
    const [follower] = await cluster.followers()
    await follower?.pause()
    await Promise.all(leaderships.map((leadership) => renewed(leadership, 2)))
    expect(leaderships.filter((leadership) => leadership.signal.aborted)).toEqual([])
  })

  test('a client moves on from a member that has lost its cluster', async () => {
    const [first, ...others] = cluster.members
    if (first === undefined) throw new Error('no member')
    const { candidate, client } = scope(cluster.endpoints)
    // The member that this client asks first has no etcd leader once the others are killed.
    const on = client({ random: () => 0 })
    const a = candidate('a', { on, ttl: 5 })
    const leadership = await a.campaign()
    for (const other of others) await other.kill()
    await leadership.ended
    expect(leadership.isValid()).toBe(false)
    for (const other of others) await other.restart({ wait: false })
    await first.kill()
    const again = await campaignPatiently(a)
    expect(again.fencingToken).toBeGreaterThan(leadership.fencingToken)
  })
})

describe('with one member', () => {
  let server: EtcdProcess
  beforeEach(async () => {
    server = await startEtcd()
  })
  afterEach(async () => {
    await server[Symbol.asyncDispose]()
  })

  async function keys(): Promise<string[]> {
    const { stdout } = await server.etcdctl('get', '', '--prefix', '--keys-only')
    return stdout.split('\n').filter((line) => line !== '')
  }

  test('that dies and comes back, there is one leader and one key a process', async () => {
    const { candidate, client, observer } = scope(server.endpoint)
    const candidates = ['a', 'b', 'c'].map((name) => candidate(name, { on: client(), ttl: 5 }))
    const stop = new AbortController()
    const terms: Leadership[] = []
    const leading = candidates.map((one) =>
      one.lead(
        async (leadership) => {
          terms.push(leadership)
          await leadership.ended
        },
        { signal: stop.signal },
      ),
    )
    const watching = observer(client())
    await watching.start()
    await until(() => terms.length >= 1, { what: 'the first leader' })
    await until(() => watching.candidates.length === 3, { what: 'all to be candidates' })
    const first = terms[0]
    if (first === undefined) throw new Error('no leader')
    await server.kill()
    expect(await first.ended).toBe('expired')
    expect(first.isValid()).toBe(false)
    await server.restart()
    await until(() => terms.length >= 2, { what: 'the second leader' })
    await until(async () => (await keys()).length === 3, { what: 'three keys' })
    // There is never more than one valid leadership.
    let valid: Leadership[] = []
    await until(() => (valid = terms.filter((term) => term.isValid())).length > 0, {
      what: 'a valid term',
    })
    expect(valid).toHaveLength(1)
    expect(terms[1]?.fencingToken).toBeGreaterThan(first.fencingToken)
    await until(() => watching.leader?.revision === terms.at(-1)?.fencingToken, {
      what: 'the observer to see the leader',
    })
    stop.abort()
    await Promise.all(leading)
    await until(async () => (await keys()).length === 0, { what: 'no key' })
  })

  test('whose connection is reset, nothing is lost', async () => {
    const proxy = await Proxy.before(server.port)
    onTestFinished(() => proxy[Symbol.asyncDispose]())
    const { candidate, client, observer } = scope(proxy.endpoint)
    const direct = client({ endpoints: server.endpoint })
    const leadership = await candidate('a', { on: direct }).campaign()
    const b = candidate('b')
    const next = b.campaign()
    const watching = observer()
    await watching.start()
    await until(() => watching.candidates.length === 2, { what: 'both to be seen' })
    await until(() => b.term !== '', { what: 'b to know of its key' })
    const { term } = b
    for (let round = 0; round < 5; round++) {
      proxy.reset()
      await leadership.proclaim(`a${String(round)}`)
      await seen(watching, `a${String(round)}`)
    }
    proxy.reset()
    await leadership.resign()
    expect((await next).term).toBe(term)
  })

  test('behind a black hole, a leader knows before another one is elected', async () => {
    const proxy = await Proxy.before(server.port)
    onTestFinished(() => proxy[Symbol.asyncDispose]())
    const { candidate, client } = scope(proxy.endpoint)
    const a = candidate('a', { ttl: 2 })
    const leadership = await a.campaign()
    const b = candidate('b', { on: client({ endpoints: server.endpoint }), ttl: 2 })
    let validWhenNextWasElected: boolean | undefined
    const next = b.campaign().then((elected) => {
      validWhenNextWasElected = leadership.isValid()
      return elected
    })
    await until(() => b.term !== '', { what: 'b to be in the queue' })
    proxy.blackhole()
    expect(await leadership.ended).toBe('expired')
    expect((await next).fencingToken).toBeGreaterThan(leadership.fencingToken)
    expect(validWhenNextWasElected).toBe(false)
    proxy.heal()
    await b.close()
    const again = await campaignPatiently(a)
    expect(again.isValid()).toBe(true)
  })

  test('resign and close end within their bound when it hangs, and do not say that it is done', async () => {
    const { candidate, client } = scope(server.endpoint)
    const on = client({ attemptTimeoutMs: 300, callTimeoutMs: 900 })
    const a = candidate('a', { on })
    const leadership = await campaignPatiently(a)
    await server.pause()
    await expect(a.resign()).rejects.toMatchObject({ code: 'ELECT_TIMEOUT', retryable: true })
    expect(leadership.isValid()).toBe(false)
    server.resume()
    await until(() => a.resign().then(() => true), { what: 'a to resign' })
    expect(await keys()).toEqual([])
    await campaignPatiently(a)
    await server.pause()
    await expect(a.close()).rejects.toMatchObject({ code: 'ELECT_TIMEOUT' })
    server.resume()
    await until(async () => (await keys()).length === 0, { what: 'no key' })
  })

  test('that hangs while a candidate joins, the campaign fails and leaves no key behind', async () => {
    const { candidate, client } = scope(server.endpoint)
    const on = client({ attemptTimeoutMs: 300, callTimeoutMs: 900 })
    const a = candidate('a', { on, ttl: 60 })
    await until(() => a.init().then(() => true), { what: 'a to have a lease' })
    await server.pause()
    await expect(a.campaign()).rejects.toMatchObject({ code: 'ELECT_TIMEOUT' })
    server.resume()
    // The server may carry out the request that it has received, but no key of a stays.
    const other = candidate('b', { on: client() })
    expect((await other.campaign()).isValid()).toBe(true)
    await until(async () => (await keys()).length === 1, { what: 'only the key of b' })
    await other.resign()
    expect((await campaignPatiently(a)).isValid()).toBe(true)
  })

  test('an event loop blocked past the TTL does not make isValid() lie', async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a', { ttl: 2 })
    const leadership = await a.campaign()
    expect(leadership.isValid()).toBe(true)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_100)
    expect(leadership.isValid()).toBe(false)
    expect(leadership.remainingMs()).toBe(0)
    // The signal needs the event loop, so it comes later.
    await leadership.ended
    expect(leadership.signal.aborted).toBe(true)
  })
})
