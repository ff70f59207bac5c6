// Many elections at once on a real etcd: how many requests they make, how one of them affects its
// neighbours, and what they leave behind.

import { setImmediate as nextTurn } from 'node:timers/promises'
import { credentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { readAll } from '../../src/election/requests.js'
import { GrpcTransport } from '../../src/etcd/wire/grpc.js'
import type { Transport, TransportFactory } from '../../src/etcd/wire/transport.js'
import { Candidate, type Leadership, type Session } from '../../src/index.js'
import { enableAuth } from '../support/auth.js'
import { type EtcdOptions, type EtcdProcess, startEtcd } from '../support/etcd.js'
import { scope } from '../support/scope.js'
import { until } from '../support/until.js'
import { describeVersions } from '../support/versions.js'

let server: EtcdProcess
beforeAll(async () => {
  server = await startEtcd()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

async function start(options: EtcdOptions): Promise<EtcdProcess> {
  const etcd = await startEtcd(options)
  onTestFinished(() => etcd[Symbol.asyncDispose]())
  return etcd
}

/** For clients whose requests are counted: a host that stalls must not make them send one again. */
const patient = { attemptTimeoutMs: 20_000, callTimeoutMs: 25_000 }

/** A transport that counts its calls and streams, by method. */
function counting(): { transport: TransportFactory; taken: () => Record<string, number> } {
  let counts: Record<string, number> = {}
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1
  }
  const transport: TransportFactory = (endpoint) => {
    const real = new GrpcTransport(endpoint, credentials.createInsecure())
    const counted: Transport = {
      unary(method, request, options) {
        count(method.name)
        return real.unary(method, request, options)
      },
      duplex(method, metadata, sink) {
        count(`stream ${method.name}`)
        return real.duplex(method, metadata, sink)
      },
      close() {
        real.close()
      },
    }
    return counted
  }
  const taken = (): Record<string, number> => {
    const before = counts
    counts = {}
    return before
  }
  return { transport, taken }
}

function candidates(on: Session, count: number, prefix: string, name = 'a'): Candidate[] {
  return Array.from(
    { length: count },
    (_, index) => new Candidate(on, { election: `${prefix}/${String(index)}`, name }),
  )
}

const campaignAll = (all: readonly Candidate[]): Promise<Leadership[]> =>
  Promise.all(all.map((candidate) => candidate.campaign()))

/** Counts the keys under a prefix. */
async function keysUnder(etcd: EtcdProcess, prefix: string, ...flags: string[]): Promise<number> {
  const { stdout } = await etcd.etcdctl(...flags, 'get', prefix, '--prefix', '--keys-only')
  return stdout.split('\n').filter((line) => line !== '').length
}

describe('one request', () => {
  test('carries 126 joins, 125 proclamations or 126 resignations', async () => {
    const { transport, taken } = counting()
    const { client, session, election } = scope(server.endpoint)
    const shared = session({ ttl: 60 }, client({ transport, ...patient }))
    await shared.open()
    taken()
    const all = candidates(shared, 126, election)
    const leaderships = await campaignAll(all)
    await nextTurn()
    expect(taken()).toEqual({ Txn: 1, 'stream Watch': 1 })
    expect(new Set(leaderships.map(({ fencingToken }) => fencingToken)).size).toBe(1)
    expect(leaderships.every((leadership) => leadership.isValid())).toBe(true)
    await Promise.all(all.slice(1).map((candidate) => candidate.proclaim('b')))
    expect(taken()).toEqual({ Txn: 1 })
    expect((await all[7]?.leader())?.name).toBe('b')
    taken()
    await Promise.all(all.map((candidate) => candidate.resign()))
    expect(taken()).toEqual({ Txn: 1 })
    expect(await keysUnder(server, election)).toBe(0)
  })

  test.each([
    ['of one election', '', ''],
    ['of two elections of which one contains the other', '', '/in/there'],
  ])('never carries two candidacies %s: they would get one token', async (_what, one, other) => {
    const { etcd, session, election } = scope(server.endpoint)
    const sessions = [session({ ttl: 60 }), session({ ttl: 60 })]
    await Promise.all(sessions.map((each) => each.open()))
    const [first, second] = one === other ? sessions : [sessions[0], sessions[0]]
    const both = [
      new Candidate(first as Session, { election: `${election}${one}`, name: 'a' }),
      new Candidate(second as Session, { election: `${election}${other}`, name: 'b' }),
    ]
    const campaigns = both.map((each) => each.campaign().catch(() => undefined))
    await until(() => both.every(({ term }) => term !== ''), { what: 'both to be candidates' })
    const { sortedByCreateRevision } = await readAll(etcd.api, election)
    const tokens = sortedByCreateRevision.map(({ createRevision }) => createRevision)
    expect(new Set(tokens).size).toBe(2)
    await Promise.all(both.map((each) => each.close()))
    await Promise.all(campaigns)
  })
})

describe('what etcd refuses because of one transaction', () => {
  test('too many operations for this etcd: later requests have fewer', async () => {
    const etcd = await start({ args: ['--max-txn-ops=16'] })
    const { transport, taken } = counting()
    const { client, session, election } = scope(etcd.endpoint)
    const shared = session({ ttl: 60 }, client({ transport, ...patient }))
    await shared.open()
    await campaignAll(candidates(shared, 100, `${election}-first`))
    taken()
    expect(await campaignAll(candidates(shared, 100, `${election}-second`))).toHaveLength(100)
    // 14 would fit; halving may lower the limit to half of that.
    const { Txn = 0 } = taken()
    expect(Txn).toBeGreaterThanOrEqual(8)
    expect(Txn).toBeLessThanOrEqual(15)
  })

  test('a name that is too long: it alone is refused, at once and without a key', async () => {
    const { session, election } = scope(server.endpoint)
    const shared = session({ ttl: 60 })
    await shared.open()
    const long = new Candidate(shared, {
      election: `${election}/long`,
      name: 'x'.repeat(2 * 1024 * 1024),
    })
    const all = candidates(shared, 20, election)
    const refused = long.campaign()
    const others = campaignAll(all)
    await expect(refused).rejects.toMatchObject({ code: 'ELECT_REFUSED', retryable: false })
    expect(await others).toHaveLength(20)
    expect(await keysUnder(server, election)).toBe(20)
  })

  test('names that are too long for this etcd only together: all are elected', async () => {
    const etcd = await start({ args: ['--max-request-bytes=20000'] })
    const { session, election } = scope(etcd.endpoint)
    const shared = session({ ttl: 60 })
    await shared.open()
    expect(await campaignAll(candidates(shared, 40, election, 'x'.repeat(2_000)))).toHaveLength(40)
  })

  test('no room: nobody joins, and whoever leads can still resign', async () => {
    const quota = 16 * 1024 * 1024
    const etcd = await start({ args: [`--quota-backend-bytes=${String(quota)}`] })
    const { etcd: client, session, election } = scope(etcd.endpoint)
    const shared = session({ ttl: 60 })
    const leading = candidates(shared, 10, `${election}-in-time`)
    const terms = await campaignAll(leading)
    const value = new Uint8Array(1_000_000)
    const fill = async (): Promise<never> => {
      for (let key = 0; ; key++) {
        const put = { key: new TextEncoder().encode(`fill/${String(key)}`), value }
        await client.api.txn({ success: [{ request: { case: 'requestPut', value: put } }] })
      }
    }
    await expect(fill()).rejects.toThrow('database space exceeded')
    const late = candidates(shared, 10, `${election}-late`)
    const refused = Promise.allSettled(late.map((candidate) => candidate.campaign()))
    const resigned = Promise.all(terms.map((term) => term.resign()))
    for (const outcome of await refused) {
      expect(outcome).toMatchObject({ reason: { code: 'ELECT_REFUSED', retryable: true } })
    }
    await resigned
    expect(await keysUnder(etcd, election)).toBe(0)
  })
})

// etcd 3.4.23 checks no rights inside nested transactions.
describeVersions((version) => {
  test('a right that is missing: one is denied, without a key, and its neighbours are not', async () => {
    const etcd = await start({ version })
    await enableAuth(etcd, [{ name: 'alice', password: 'wonder', prefix: 'hers/' }])
    const { client, session } = scope(etcd.endpoint)
    const shared = session({ ttl: 60 }, client({ user: 'alice', password: 'wonder' }))
    await shared.open()
    const all = candidates(shared, 70, 'hers')
    const denied = candidates(shared, 2, 'theirs')
    const campaigns = campaignAll(all.slice(0, 35))
    const refusals = denied.map((candidate) =>
      expect(candidate.campaign()).rejects.toMatchObject({ code: 'ELECT_AUTH' }),
    )
    const more = campaignAll(all.slice(35))
    await Promise.all(refusals)
    expect([...(await campaigns), ...(await more)]).toHaveLength(70)
    expect(await keysUnder(etcd, 'theirs', '--user=root:secret')).toBe(0)
    await Promise.all(all.map((candidate) => candidate.resign()))
    expect(await keysUnder(etcd, 'hers', '--user=root:secret')).toBe(0)
  })
})
