// What the Go package `elect` promises of each of its calls, on each installed etcd.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  CampaignPendingError,
  ClosedError,
  type Leadership,
  NoLeaderError,
  NotLeaderError,
} from '../../src/index.js'
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

  /** Reads the keys of an election with etcdctl, oldest first. */
  async function keysOf(election: string): Promise<{ key: string; value: string; rev: string }[]> {
    const { stdout } = await server.etcdctl(
      ...['get', `${election}/`, '--prefix', '--sort-by=CREATE', '--order=ASCEND', '-w', 'json'],
    )
    const { kvs = [] } = JSON.parse(quoteIntegers(stdout)) as {
      kvs?: { key: string; value: string; create_revision: string }[]
    }
    return kvs.map(({ key, value, create_revision }) => ({
      key: fromBase64(key),
      value: fromBase64(value),
      rev: create_revision,
    }))
  }

  describe('campaign', () => {
    test('blocks until elected', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      const b = candidate('b')
      const leadership = await a.campaign()
      expect(leadership.isValid()).toBe(true)
      const waiting = b.campaign()
      await until(() => b.term !== '', { what: 'b to be in the queue' })
      expect(await isPending(waiting)).toBe(true)
      await a.resign()
      const next = await waiting
      expect(next.name).toBe('b')
      expect(next.fencingToken).toBeGreaterThan(leadership.fencingToken)
    })

    test('is cancelled by its signal, and then leaves no key', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      const b = candidate('b')
      await a.campaign()
      const stop = new AbortController()
      const waiting = b.campaign({ signal: stop.signal })
      await until(() => b.term !== '', { what: 'b to be in the queue' })
      const reason = new Error('enough')
      stop.abort(reason)
      await expect(waiting).rejects.toBe(reason)
      await until(async () => (await keysOf(election)).length === 1, { what: 'one key' })
      expect((await keysOf(election))[0]?.value).toBe('a')
    })

    test('a cancelled one is never elected later, and may campaign again', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      const b = candidate('b')
      const c = candidate('c')
      await a.campaign()
      const stop = new AbortController()
      const cancelled = b.campaign({ signal: stop.signal })
      await until(() => b.term !== '', { what: 'b to be in the queue' })
      const third = c.campaign()
      await until(() => c.term !== '', { what: 'c to be in the queue' })
      stop.abort()
      await expect(cancelled).rejects.toThrow()
      await a.resign()
      expect((await third).name).toBe('c')
      expect(b.leadership).toBeUndefined()
      const again = b.campaign()
      await c.resign()
      expect((await again).name).toBe('b')
    })

    test('sends nothing when its signal is aborted already', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      await expect(a.campaign({ signal: AbortSignal.abort('no') })).rejects.toBe('no')
      expect(a.session.leaseId).toBeUndefined()
      expect(await keysOf(election)).toEqual([])
    })

    test('waits no longer than its signal, but a term outlives the signal', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      const stop = new AbortController()
      const leadership = await a.campaign({ signal: stop.signal })
      stop.abort()
      expect(leadership.isValid()).toBe(true)
      expect(leadership.signal.aborted).toBe(false)
      expect(await a.isLeader()).toBe(true)
    })

    test('of the leader resolves at once with the leadership that it has', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      const leadership = await a.campaign()
      expect(await a.campaign()).toBe(leadership)
    })

    test('of the leader, with another name, proclaims instead of blocking', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      const leadership = await a.campaign()
      expect(await a.campaign({ name: 'a2' })).toBe(leadership)
      expect(a.name).toBe('a2')
      expect((await a.leader()).name).toBe('a2')
      expect((await a.leader()).revision).toBe(leadership.fencingToken)
    })

    test('is refused while an earlier one of the same candidate waits, and that one goes on', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      const b = candidate('b')
      await a.campaign()
      const first = b.campaign()
      await expect(b.campaign()).rejects.toBeInstanceOf(CampaignPendingError)
      await a.resign()
      expect((await first).name).toBe('b')
    })

    test('may follow a resignation, with a greater token', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      let last: Leadership | undefined
      for (let round = 0; round < 3; round++) {
        const leadership = await a.campaign()
        expect(leadership.fencingToken).toBeGreaterThan(last?.fencingToken ?? 0n)
        expect(last?.isValid() ?? false).toBe(false)
        last = leadership
        await a.resign()
      }
    })
  })

  describe('proclaim', () => {
    test('changes the name that others see', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      await a.campaign()
      await a.proclaim('a2')
      expect(a.name).toBe('a2')
      expect((await candidate('b').leader()).name).toBe('a2')
    })

    test('of a candidate that never campaigned is an error and changes nothing', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      await expect(a.proclaim('x')).rejects.toBeInstanceOf(NotLeaderError)
      expect(a.name).toBe('a')
      expect(await keysOf(election)).toEqual([])
    })

    test('of a waiting candidate is an error and changes nothing', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      const b = candidate('b')
      await a.campaign()
      const waiting = b.campaign()
      waiting.catch(() => undefined)
      await until(() => b.term !== '', { what: 'b to be in the queue' })
      await expect(b.proclaim('x')).rejects.toBeInstanceOf(NotLeaderError)
      expect(b.name).toBe('b')
      expect((await keysOf(election)).map(({ value }) => value)).toEqual(['a', 'b'])
    })

    test('of a candidate whose key is gone is an error and makes no key', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      const leadership = await a.campaign()
      await server.etcdctl('del', leadership.term)
      await expect(a.proclaim('x')).rejects.toBeInstanceOf(NotLeaderError)
      expect(a.name).toBe('a')
      expect(await keysOf(election)).toEqual([])
    })

    test('leaves the last of many names', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      await a.campaign()
      await Promise.all(['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => a.proclaim(name)))
      expect(a.name).toBe('a5')
      expect((await a.leader()).name).toBe('a5')
    })
  })

  describe('resign', () => {
    test('of a candidate that does not lead has no effect and is no error', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      const b = candidate('b')
      await b.resign()
      await a.campaign()
      const waiting = b.campaign()
      waiting.catch(() => undefined)
      await until(() => b.term !== '', { what: 'b to be in the queue' })
      await b.resign()
      expect((await keysOf(election)).map(({ value }) => value)).toEqual(['a', 'b'])
      expect(await isPending(waiting)).toBe(true)
    })

    test('ends the term before anybody else can lead', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      const leadership = await a.campaign()
      const resigned = a.resign()
      expect(leadership.isValid()).toBe(false)
      expect(leadership.remainingMs()).toBe(0)
      expect(leadership.signal.aborted).toBe(true)
      await resigned
      expect(await leadership.ended).toBe('resigned')
      expect(await keysOf(election)).toEqual([])
    })
  })

  describe('close', () => {
    test('ends term and candidacy, and later calls reject', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      const leadership = await a.campaign()
      await a.close()
      expect(await leadership.ended).toBe('closed')
      expect(leadership.isValid()).toBe(false)
      expect(await keysOf(election)).toEqual([])
      await expect(a.campaign()).rejects.toBeInstanceOf(ClosedError)
      await expect(a.proclaim('x')).rejects.toBeInstanceOf(ClosedError)
      await expect(a.leader()).rejects.toBeInstanceOf(ClosedError)
      await expect(a.isLeader()).rejects.toBeInstanceOf(ClosedError)
      await expect(a.resign()).rejects.toBeInstanceOf(ClosedError)
      await expect(a.init()).rejects.toBeInstanceOf(ClosedError)
      await expect(a.lead(() => undefined)).rejects.toBeInstanceOf(ClosedError)
      await a.close()
    })

    test('rejects the campaign that waits, and leaves no key', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      const b = candidate('b')
      await a.campaign()
      const waiting = b.campaign()
      await until(() => b.term !== '', { what: 'b to be in the queue' })
      const rejected = expect(waiting).rejects.toBeInstanceOf(ClosedError)
      await b.close()
      await rejected
      expect((await keysOf(election)).map(({ value }) => value)).toEqual(['a'])
    })

    test('of a candidate that was never used does nothing', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      await a.close()
      expect(a.session.leaseId).toBeUndefined()
      expect(await keysOf(election)).toEqual([])
    })
  })

  describe('the leader', () => {
    test('leader() gives the values that etcdctl shows', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      await expect(a.leader()).rejects.toBeInstanceOf(NoLeaderError)
      await a.campaign()
      const { term, name, revision } = await candidate('b').leader()
      expect([{ key: term, value: name, rev: String(revision) }]).toEqual(await keysOf(election))
    })

    test('isLeader() is false before, true during, false after', async () => {
      const { candidate } = scope(server.endpoint)
      const a = candidate('a')
      const b = candidate('b')
      expect(await a.isLeader()).toBe(false)
      await b.campaign()
      const waiting = a.campaign()
      await until(() => a.term !== '', { what: 'a to be in the queue' })
      expect(await a.isLeader()).toBe(false)
      await b.resign()
      await waiting
      expect(await a.isLeader()).toBe(true)
      expect(await b.isLeader()).toBe(false)
      await a.resign()
      expect(await a.isLeader()).toBe(false)
    })

    test('term is the key of the candidacy, and empty without one', async () => {
      const { candidate, election } = scope(server.endpoint)
      const a = candidate('a')
      expect(a.term).toBe('')
      const leadership = await a.campaign()
      expect(a.term).toBe(leadership.term)
      expect(a.term).toBe(`${election}/${a.session.leaseId?.toString(16) ?? ''}`)
      await a.resign()
      expect(a.term).toBe('')
    })
  })

  describe('an observer', () => {
    test('reads the election once with init(), and does not watch it', async () => {
      const { candidate, observer } = scope(server.endpoint)
      const watching = observer()
      await watching.init()
      expect(watching.term).toBe('')
      const a = candidate('a')
      await a.campaign()
      expect(watching.term).toBe('')
      await watching.init()
      expect(watching.term).toBe(a.term)
    })

    test('follows elections, proclamations and "nobody"', async () => {
      const { candidate, observer } = scope(server.endpoint)
      const watching = observer()
      await watching.start()
      expect(watching.term).toBe('')
      const a = candidate('a')
      await a.campaign()
      await seen(watching, 'a')
      expect(watching.term).toBe(a.term)
      await a.proclaim('a2')
      await seen(watching, 'a2')
      expect(watching.term).toBe(a.term)
      await a.resign()
      await seen(watching, undefined)
      expect(watching.term).toBe('')
      await candidate('b').campaign()
      await seen(watching, 'b')
      await watching.stop()
      expect(watching.term).toBe('')
    })

    test('lists all candidates, oldest first', async () => {
      const { candidate, observer } = scope(server.endpoint)
      const watching = observer()
      await watching.start()
      await candidate('a').campaign()
      for (const name of ['b', 'c', 'd']) {
        const waiting = candidate(name)
        waiting.campaign().catch(() => undefined)
        await until(() => waiting.term !== '', { what: `${name} to be in the queue` })
      }
      await until(() => watching.candidates.length === 4, { what: 'four candidates' })
      expect(watching.candidates.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
    })

    test('ends its iterations when stopped by its signal', async () => {
      const { observer } = scope(server.endpoint)
      const watching = observer()
      const stop = new AbortController()
      await watching.start({ signal: stop.signal })
      const values: unknown[] = []
      const reading = (async () => {
        for await (const leader of watching) values.push(leader)
      })()
      await until(() => values.length === 1, { what: 'the first value' })
      stop.abort()
      await reading
      expect(values).toEqual([undefined])
    })
  })
})

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString()
}

/** etcdctl writes 64-bit integers as numbers, which JSON.parse would round. */
function quoteIntegers(json: string): string {
  return json.replace(/:(\d+)/g, ':"$1"')
}
