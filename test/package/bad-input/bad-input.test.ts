// Wrong input of every kind is refused at once, before anything is sent.

import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import {
  AlreadyACandidateError,
  CampaignPendingError,
  Candidate,
  ClosedError,
  ElectError,
  Etcd,
  InvalidArgumentError,
  NotLeaderError,
  Observer,
  Session,
} from '../../../src/index.js'
import { KV, Lease, Watch } from '../../../src/etcd/wire/gen/rpc_pb.js'
import { settled } from '../../../src/testing/test-clock.js'
import { makeCertificates } from '../../support/certificates.js'
import { FakeCluster } from '../../support/fake-cluster.js'
import { optionTables } from '../../support/option-tables.js'
import type { Call } from './case.js'
import { calls, table, waits } from './table.js'

const certificates = makeCertificates()
afterAll(() => {
  certificates.remove()
})

let cluster: FakeCluster
let etcd: Etcd

beforeEach(() => {
  cluster = new FakeCluster()
  etcd = new Etcd({ endpoints: 'http://etcd:2379', transport: cluster.connect })
  return async () => {
    await etcd.close()
  }
})

/** Returns the call's error, whether it throws or rejects. */
async function failureOf(make: () => unknown): Promise<unknown> {
  try {
    await make()
  } catch (error) {
    return error
  }
  throw new Error('expected a refusal, but all went well')
}

test.each(table)('$what is refused', async ({ make, option, expected, came }) => {
  const error = await failureOf(() => make(etcd, certificates))
  expect(error).toBeInstanceOf(ElectError)
  expect(error).toBeInstanceOf(InvalidArgumentError)
  const { code, retryable, option: named, message } = error as InvalidArgumentError
  expect({ code, retryable, named }).toEqual({
    code: 'ELECT_INVALID_ARGUMENT',
    retryable: false,
    named: option,
  })
  expect(message.slice(0, option.length + 2)).toBe(`${option}: `)
  expect(message.slice(-came.length - 6)).toBe(`, got ${came}`)
  expect(message.slice(option.length + 2, -came.length - 6)).toMatch(expected)
  expect(cluster.connected).toEqual([])
})

describe('each option', () => {
  /** Each option of each table, and the calls that take it. */
  const options = Object.entries(optionTables).flatMap(([type, options]) =>
    Object.keys(options).map((option) => ({
      type,
      option,
      calls: calls.filter((call) => call.type === type && call.except?.includes(option) !== true),
    })),
  )
  const named = (type: string, option: string): string =>
    type === 'TlsOptions' ? `tls.${option}` : option

  test.each(options)('$option of $type has a row of bad input', ({ type, option, calls }) => {
    const rows = table.filter((row) => row.option === named(type, option))
    const ofCall = ({ call }: Call): boolean =>
      rows.some((row) => row.call === call || row.call.startsWith(`${call} `))
    expect(calls.filter(ofCall)).not.toEqual([])
  })

  test.each(options.flatMap(({ calls, ...rest }) => calls.map((call) => ({ ...rest, ...call }))))(
    '$option of $type is what $call takes its misspelling for',
    async ({ type, option, make }) => {
      const misspelt = option.toUpperCase()
      const error = await failureOf(() => make(etcd, { [misspelt]: 'hunter2' }))
      expect(error).toBeInstanceOf(InvalidArgumentError)
      expect(error).toMatchObject({
        option: named(type, misspelt),
        message: `${named(type, misspelt)}: expected a known option (did you mean '${named(type, option)}'?), got a string`,
      })
      expect(cluster.connected).toEqual([])
    },
  )

  test.each(calls)('of $call is named when nothing like it is known', async (call) => {
    const known = Object.keys(optionTables[call.type])
      .filter((option) => call.except?.includes(option) !== true)
      .map((option) => named(call.type, option))
    const error = (await failureOf(() => call.make(etcd, { zzzz: undefined }))) as Error
    const list = [known.slice(0, -1).join(', '), known.at(-1)].filter((part) => part !== '')
    expect(error.message).toBe(
      `${named(call.type, 'zzzz')}: expected a known option (${list.join(' or ')}), got undefined`,
    )
  })
})

test('a password that is not a string is not shown', async () => {
  const endpoints = 'http://etcd:2379'
  const error = await failureOf(
    () => new Etcd({ endpoints, user: 'root', password: 12345 as never }),
  )
  expect(String(error)).not.toContain('12345')
})

describe('a signal that is aborted already', () => {
  const reason = new Error('too late')

  test.each(Object.entries(waits).filter(([call]) => !/\.lead$|^leadership/.test(call)))(
    'has %s reject with its reason, and nothing is sent',
    async (_call, make) => {
      const signal = AbortSignal.abort(reason)
      expect(await failureOf(() => make(etcd, { signal } as never))).toBe(reason)
      await settled()
      expect(cluster.connected).toEqual([])
    },
  )

  test('has candidate.lead resolve, without the work and without a campaign', async () => {
    const candidate = new Candidate(etcd, { election: 'jobs', name: 'web-1', ttl: 5 })
    const work = () => Promise.reject(new Error('called'))
    await candidate.lead(work, { signal: AbortSignal.abort(reason) })
    expect(cluster.connected).toEqual([])
  })
})

describe('after close()', () => {
  const call: Record<string, (candidate: Candidate) => Promise<unknown>> = {
    init: (candidate) => candidate.init(),
    campaign: (candidate) => candidate.campaign(),
    lead: (candidate) => candidate.lead(() => undefined),
    proclaim: (candidate) => candidate.proclaim('web-2'),
    leader: (candidate) => candidate.leader(),
    isLeader: (candidate) => candidate.isLeader(),
    resign: (candidate) => candidate.resign(),
  }

  test.each(Object.entries(call))('a candidate refuses %s', async (_what, make) => {
    const candidate = new Candidate(etcd, { election: 'jobs', name: 'web-1', ttl: 5 })
    await candidate.close()
    const error = await failureOf(() => make(candidate))
    expect(error).toBeInstanceOf(ClosedError)
    expect(error).toMatchObject({
      code: 'ELECT_CLOSED',
      message: "this candidate of 'jobs' is closed: make a new one",
    })
    expect(cluster.connected).toEqual([])
  })

  test.each(Object.entries(call).filter(([what]) => !/proclaim|leader|isLeader|resign/.test(what)))(
    'of its session, a candidate refuses %s',
    async (_what, make) => {
      const session = new Session(etcd, { ttl: 5 })
      const candidate = new Candidate(session, { election: 'jobs', name: 'web-1' })
      await session.close()
      const error = await failureOf(() => make(candidate))
      expect(error).toBeInstanceOf(ClosedError)
      expect((error as Error).message).toMatch(/session (is|was) closed/)
      expect(cluster.connected).toEqual([])
    },
  )

  test('a session refuses to open', async () => {
    const session = new Session(etcd, { ttl: 5 })
    await session.close()
    await expect(session.open()).rejects.toThrow('this session is closed: make a new one')
    expect(cluster.connected).toEqual([])
  })

  test.each(
    Object.entries(waits).filter(([name]) => /open|init|campaign|leader$|start/.test(name)),
  )('of its client, %s is refused', async (_what, make) => {
    await etcd.close()
    const error = await failureOf(() => make(etcd, {} as never))
    expect(error).toBeInstanceOf(ClosedError)
    expect((error as Error).message).toMatch(/Etcd client (is|was) closed/)
    expect(cluster.connected).toEqual([])
  })

  test('everything may be closed again', async () => {
    const session = new Session(etcd, { ttl: 5 })
    const candidate = new Candidate(session, { election: 'jobs', name: 'web-1' })
    const observer = new Observer(etcd, { election: 'jobs' })
    for (let time = 1; time <= 2; time++) {
      await candidate.close()
      await session.close()
      await observer.stop()
      await etcd.close()
    }
    expect(cluster.connected).toEqual([])
  })

  test('an observer that was stopped is not read from', async () => {
    const observer = new Observer(etcd, { election: 'jobs' })
    await observer.stop()
    await expect(observer[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'ELECT_CLOSED',
      message: 'this observer does not follow the election: call start() first',
    })
  })
})

describe('a candidate', () => {
  /** Counts the requests to etcd. */
  const asked = (): number =>
    cluster.calls(KV.method.txn).length +
    cluster.calls(KV.method.range).length +
    cluster.calls(Lease.method.leaseGrant).length +
    cluster.streams(Watch.method.watch).length

  test('that campaigns is refused a second campaign at once', async () => {
    const candidate = new Candidate(etcd, { election: 'jobs', name: 'web-1', ttl: 5 })
    const first = candidate.campaign()
    const closed = expect(first).rejects.toBeInstanceOf(ClosedError)
    await settled()
    const before = asked()
    const error = await failureOf(() => candidate.campaign())
    expect(error).toBeInstanceOf(CampaignPendingError)
    expect(error).toMatchObject({ code: 'ELECT_CAMPAIGN_PENDING' })
    expect((error as Error).message).toMatch(/'jobs' campaigns already: await that campaign, or/)
    expect(asked()).toBe(before)
    await etcd.close()
    await closed
  })

  test('is refused in an election where its session has another one', async () => {
    const session = new Session(etcd, { ttl: 5 })
    const first = new Candidate(session, { election: 'jobs', name: 'web-1' })
    const second = new Candidate(session, { election: 'jobs', name: 'web-2' })
    const closed = expect(first.campaign()).rejects.toBeInstanceOf(ClosedError)
    await settled()
    const before = asked()
    const error = await failureOf(() => second.campaign())
    expect(error).toBeInstanceOf(AlreadyACandidateError)
    expect(error).toMatchObject({ code: 'ELECT_ALREADY_A_CANDIDATE' })
    expect((error as Error).message).toMatch(/^election: .* in 'jobs', .* use another session$/)
    expect(asked()).toBe(before)
    await etcd.close()
    await closed
  })

  test('that never campaigned cannot proclaim, and nothing is sent', async () => {
    const candidate = new Candidate(etcd, { election: 'jobs', name: 'web-1', ttl: 5 })
    const error = await failureOf(() => candidate.proclaim('web-2'))
    expect(error).toBeInstanceOf(NotLeaderError)
    expect((error as Error).message).toContain("'web-1' does not lead 'jobs'")
    expect(cluster.connected).toEqual([])
  })

  test('that never campaigned knows without etcd that it does not lead, and resigns without it', async () => {
    const candidate = new Candidate(etcd, { election: 'jobs', name: 'web-1', ttl: 5 })
    await expect(candidate.isLeader()).resolves.toBe(false)
    await expect(candidate.resign()).resolves.toBeUndefined()
    expect(cluster.connected).toEqual([])
  })
})

test('making clients, sessions, candidates and observers sends nothing', async () => {
  const session = new Session(etcd, { ttl: 5 })
  new Candidate(session, { election: 'jobs', name: 'web-1' })
  new Candidate(etcd, { election: 'jobs', name: 'web-1', ttl: 5 })
  new Observer(etcd, { election: 'jobs' })
  await settled()
  expect(cluster.connected).toEqual([])
})
