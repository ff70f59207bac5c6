// The cases of etcd's own election and session tests, rebuilt from their description, on each etcd.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Leadership } from '../../src/index.js'
import { describeServers, type Server, startServer } from '../support/server.js'
import { isPending, scope, seen } from '../support/scope.js'
import { until } from '../support/until.js'

describeServers((version) => {
  let server: Server
  beforeAll(async () => {
    server = await startServer(version)
  })
  afterAll(async () => {
    await server[Symbol.asyncDispose]()
  })

  async function keysOf(election: string): Promise<string[]> {
    const { stdout } = await server.etcdctl('get', `${election}/`, '--prefix', '--keys-only')
    return stdout.split('\n').filter((line) => line !== '')
  }

  test('three followers see three leaders in order', async () => {
    const { candidate, observer, client } = scope(server.endpoint)
    const followers = await Promise.all(
      [1, 2, 3].map(async () => {
        const follower = observer(client())
        await follower.start()
        const names: string[] = []
        const reading = (async () => {
          for await (const leader of follower) {
            if (leader !== undefined && names.at(-1) !== leader.name) names.push(leader.name)
            if (leader?.name === 'third') return
          }
        })()
        return { names, reading }
      }),
    )
    for (const name of ['first', 'second', 'third']) {
      const leading = candidate(name)
      await leading.campaign()
      await until(() => followers.every(({ names }) => names.at(-1) === name), {
        what: `all followers to see ${name}`,
      })
      if (name !== 'third') await leading.resign()
    }
    await Promise.all(followers.map(({ reading }) => reading))
    for (const { names } of followers) expect(names).toEqual(['first', 'second', 'third'])
  })

  test("closing the leader's session elects the next", async () => {
    const { candidate, session } = scope(server.endpoint)
    const own = session()
    const leading = candidate('a', { on: own })
    const leadership = await leading.campaign()
    const next = candidate('b').campaign()
    await own.close()
    expect((await next).name).toBe('b')
    expect(await leadership.ended).toBe('closed')
  })

  test('a second campaign on the same lease does not block, and its name is observed', async () => {
    const { candidate, client, observer, session } = scope(server.endpoint)
    const first = session({}, client())
    await candidate('a', { on: first }).campaign()
    const { leaseId } = first
    const restarted = candidate('b', { on: session({ leaseId }, client()) })
    const leadership = await restarted.campaign()
    expect(leadership.name).toBe('b')
    const watching = observer()
    await watching.start()
    await seen(watching, 'b')
    expect(watching.term).toBe(leadership.term)
  })

  test('a key beside the election does not block it', async () => {
    const { candidate, election } = scope(server.endpoint)
    // A character other than '/' follows the name, so these keys are outside of the election.
    await server.etcdctl('put', `${election}a`, 'x')
    await server.etcdctl('put', election, 'x')
    expect((await candidate('a').campaign()).isValid()).toBe(true)
  })

  test('a restarted session on the same lease keeps leadership ahead of a waiter', async () => {
    const { candidate, client, session } = scope(server.endpoint)
    const before = session({ ttl: 30 }, client())
    const old = candidate('a', { on: before })
    const leadership = await old.campaign()
    const waiter = candidate('b')
    const waiting = waiter.campaign()
    waiting.catch(() => undefined)
    await until(() => waiter.term !== '', { what: 'b to be in the queue' })
    const { leaseId } = before
    before.orphan()
    expect(await leadership.ended).toBe('closed')
    const after = candidate('a', { on: session({ leaseId }, client()) })
    const resumed = await after.campaign()
    expect(resumed.fencingToken).toBe(leadership.fencingToken)
    expect(await isPending(waiting)).toBe(true)
    await after.resign()
    expect((await waiting).name).toBe('b')
  })

  test('a lease that does not exist cannot be taken over', async () => {
    const { candidate, session } = scope(server.endpoint)
    const stranger = candidate('a', { on: session({ leaseId: 12345n }) })
    await expect(stranger.init()).rejects.toMatchObject({ code: 'ELECT_SESSION_LOST' })
  })

  test("observing works when the leader's mod revision is compacted", async () => {
    const { candidate, client, observer } = scope(server.endpoint)
    const leading = candidate('a')
    await leading.campaign()
    await leading.proclaim('a2')
    await server.etcdctl('put', 'something', 'else')
    const { revision } = await leading.leader()
    const { code } = await server.etcdctl('compaction', String(revision + 2n))
    expect(code).toBe(0)
    const watching = observer(client())
    await watching.start()
    expect(watching.leader?.name).toBe('a2')
    await leading.proclaim('a3')
    await seen(watching, 'a3')
  })

  test('proclamations abc, def, ghi arrive in order', async () => {
    const { candidate, observer } = scope(server.endpoint)
    const leading = candidate('a')
    await leading.campaign()
    const watching = observer()
    await watching.start()
    const names: string[] = []
    const reading = (async () => {
      for await (const leader of watching) {
        names.push(leader?.name ?? '')
        if (leader?.name === 'ghi') return
      }
    })()
    for (const name of ['abc', 'def', 'ghi']) {
      await leading.proclaim(name)
      await until(() => names.at(-1) === name, { what: `${name} to be seen` })
    }
    await reading
    expect(names).toEqual(['a', 'abc', 'def', 'ghi'])
  })

  test('the middle waiter dying does not promote the one behind it', async () => {
    const { candidate, session } = scope(server.endpoint)
    const a = candidate('a')
    await a.campaign()
    const dying = session()
    const b = candidate('b', { on: dying })
    const c = candidate('c')
    const waitingB = b.campaign()
    waitingB.catch(() => undefined)
    await until(() => b.term !== '', { what: 'b to be in the queue' })
    const waitingC = c.campaign()
    await until(() => c.term !== '', { what: 'c to be in the queue' })
    dying.orphan()
    await expect(waitingB).rejects.toMatchObject({ code: 'ELECT_CLOSED' })
    await server.etcdctl('lease', 'revoke', dying.leaseId?.toString(16) ?? '')
    expect(await isPending(waitingC)).toBe(true)
    expect(await a.isLeader()).toBe(true)
    await a.resign()
    expect((await waitingC).name).toBe('c')
  })

  test('a waiter whose lease is revoked joins again and never wins with the dead key', async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a')
    const b = candidate('b')
    const leadership = await a.campaign()
    const waiting = b.campaign()
    await until(() => b.term !== '', { what: 'b to be in the queue' })
    const dead = b.term
    await server.etcdctl('lease', 'revoke', b.session.leaseId?.toString(16) ?? '')
    await until(() => b.term !== dead && b.term !== '', { what: 'b to be in the queue again' })
    await a.resign()
    const next = await waiting
    expect(next.term).not.toBe(dead)
    expect(next.fencingToken).toBeGreaterThan(leadership.fencingToken)
    expect(await b.isLeader()).toBe(true)
  })

  test('a waiter whose key is deleted joins again at the back of the queue', async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a')
    const b = candidate('b')
    const c = candidate('c')
    await a.campaign()
    const order: string[] = []
    const waiting = [b, c].map(async (candidate) => {
      const leadership = await candidate.campaign()
      order.push(leadership.name)
      await candidate.resign()
    })
    await until(() => b.term !== '' && c.term !== '', { what: 'both to be in the queue' })
    const { election } = a
    const first = (await keysOf(election)).find((key) => key === b.term)
    await server.etcdctl('del', first ?? '')
    await until(
      async () => {
        const { stdout } = await server.etcdctl(
          ...['get', `${election}/`, '--prefix', '--sort-by=CREATE', '--print-value-only'],
        )
        return stdout.trim().split('\n').join() === 'a,c,b'
      },
      { what: 'b to be behind c' },
    )
    await a.resign()
    await Promise.all(waiting)
    expect(order).toEqual(['c', 'b'])
  })

  test("the leader's deleted key ends its term at once, and the next one leads", async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a')
    const leadership = await a.campaign()
    const next = candidate('b').campaign()
    await server.etcdctl('del', leadership.term)
    expect(await leadership.ended).toBe('deleted')
    expect(leadership.isValid()).toBe(false)
    expect(leadership.signal.reason).toMatchObject({ code: 'ELECT_LEADERSHIP_LOST' })
    expect((await next).fencingToken).toBeGreaterThan(leadership.fencingToken)
  })

  test("the leader's revoked lease ends its term at once, and says so", async () => {
    const { candidate } = scope(server.endpoint)
    const a = candidate('a', { ttl: 60 })
    const leadership = await a.campaign()
    await server.etcdctl('lease', 'revoke', a.session.leaseId?.toString(16) ?? '')
    expect(await leadership.ended).toBe('revoked')
    expect(leadership.isValid()).toBe(false)
    const again: Leadership = await a.campaign()
    expect(again.fencingToken).toBeGreaterThan(leadership.fencingToken)
    expect(again.term).not.toBe(leadership.term)
  })

  test('two hundred elections of one session are all taken over when their leaders resign', async () => {
    const { client, session, candidate, election } = scope(server.endpoint)
    const names = Array.from({ length: 200 }, (_, index) => `${election}-${String(index)}`)
    const [here, there] = [session({}, client()), session({}, client())]
    const leaders = names.map((name) => candidate('a', { on: here, election: name }))
    const waiters = names.map((name) => candidate('b', { on: there, election: name }))
    await Promise.all(leaders.map((leader) => leader.campaign()))
    const waiting = waiters.map((waiter) => waiter.campaign())
    await until(() => waiters.every(({ term }) => term !== ''), { what: 'all to be in the queue' })
    await Promise.all(leaders.map((leader) => leader.resign()))
    const taken = await Promise.all(waiting)
    expect(taken.filter((leadership) => leadership.isValid())).toHaveLength(200)
  })

  test('two candidates of one session in one election are refused, before anything is sent', async () => {
    const { candidate, session, election } = scope(server.endpoint)
    const shared = session()
    const a = candidate('a', { on: shared })
    const b = candidate('b', { on: shared })
    await a.campaign()
    await expect(b.campaign()).rejects.toMatchObject({ code: 'ELECT_ALREADY_A_CANDIDATE' })
    expect(await keysOf(election)).toHaveLength(1)
    await a.close()
    expect((await b.campaign()).name).toBe('b')
  })

  test('a name of 1 MiB works; one of 2 MiB is refused, leaves no key, and does no harm', async () => {
    const { candidate, election } = scope(server.endpoint)
    const big = candidate('x'.repeat(2 ** 20))
    await big.campaign()
    expect((await big.leader()).name).toHaveLength(2 ** 20)
    await big.resign()
    await expect(big.campaign({ name: 'x'.repeat(2 ** 21) })).rejects.toMatchObject({
      code: 'ELECT_REFUSED',
      retryable: false,
    })
    await until(async () => (await keysOf(election)).length === 0, { what: 'no key' })
    expect((await big.campaign({ name: 'small' })).name).toBe('small')
  })

  test.each(['Wahl/größte', '選挙', '🗳️/👑', 'with space', 'a\nb', '%s', '--flag'])(
    'an election and a candidate may be called %j',
    async (text) => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate(text, { election: `${election}${text}` })
      await a.campaign()
      const { term, name } = await a.leader()
      expect(name).toBe(text)
      expect(term.startsWith(`${election}${text}/`)).toBe(true)
    },
  )

  test('an observer sees nothing of an election whose name only begins with the same text', async () => {
    const { candidate, observer, election } = scope(server.endpoint)
    const watching = observer()
    await watching.start()
    await candidate('x', { election: `${election}x` }).campaign()
    await candidate('y').campaign()
    await seen(watching, 'y')
    expect(watching.candidates.map(({ name }) => name)).toEqual(['y'])
  })
})
