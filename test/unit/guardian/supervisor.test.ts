import { describe, expect, test } from 'vitest'
import type { CompanionListener } from '../../../src/base/companion.js'
import { Etcd } from '../../../src/index.js'
import { GuardianSupervisor, whyNoGuardian } from '../../../src/guardian/supervisor.js'
import {
  lineReader,
  type GuardianOrder,
  type GuardianReport,
} from '../../../src/guardian/protocol.js'
import { TestClock } from '../../../src/testing/test-clock.js'
import { FakeCluster } from '../../support/fake-cluster.js'

interface FakeProcess {
  readonly pid: number
  readonly orders: GuardianOrder[]
  readonly listener: CompanionListener<GuardianReport>
  isStopped: boolean
}

function setUp(): {
  clock: TestClock
  guardian: GuardianSupervisor
  processes: FakeProcess[]
  api: Etcd['api']
} {
  const clock = new TestClock()
  const processes: FakeProcess[] = []
  const guardian = new GuardianSupervisor(
    (listener) => {
      const made: FakeProcess = {
        pid: 100 + processes.length,
        orders: [],
        listener,
        isStopped: false,
      }
      processes.push(made)
      return {
        pid: made.pid,
        send: (order) => made.orders.push(order),
        stop: () => (made.isStopped = true),
      }
    },
    clock,
    () => 1,
  )
  const { api } = new Etcd({ endpoints: 'http://127.0.0.1:1', user: 'alice', password: 'secret' })
  return { clock, guardian, processes, api }
}

/** A session that notes its notifications. */
function listening(): { facts: string[]; started(pid: number): void; lost(reason: string): void } {
  const facts: string[] = []
  return {
    facts,
    started: (pid) => facts.push(`started ${String(pid)}`),
    lost: (reason) => facts.push(`lost: ${reason}`),
  }
}

const leases = (orders: readonly GuardianOrder[]): string[] =>
  orders.flatMap((order) =>
    order.do === 'hold' || order.do === 'release' ? [`${order.do} ${order.lease}`] : [],
  )

describe('the guardian of a process', () => {
  test('is one, however many sessions and clients there are', () => {
    const { guardian, processes, api } = setUp()
    const { api: other } = new Etcd({ endpoints: 'http://127.0.0.1:2' })
    const a = guardian.guard(api, listening())
    const b = guardian.guard(api, listening())
    const c = guardian.guard(other, listening())
    a.hold(1n, 10)
    b.hold(2n, 10)
    c.hold(3n, 10)
    expect(processes).toHaveLength(1)
    const orders = processes[0]?.orders ?? []
    expect(orders.filter((order) => order.do === 'connect')).toHaveLength(2)
    expect(leases(orders)).toEqual(['hold 1', 'hold 2', 'hold 3'])
    for (const guarding of [a, b]) guarding.end()
    expect(processes[0]?.isStopped).toBe(false)
    c.end()
    expect(processes[0]?.isStopped).toBe(true)
  })

  test('is told how to reach the cluster and who we are before it is told of leases', () => {
    const { guardian, processes, api } = setUp()
    guardian.guard(api, listening()).hold(2n ** 62n, 10)
    expect(processes[0]?.orders).toMatchObject([
      {
        do: 'connect',
        access: {
          endpoints: [{ target: '127.0.0.1:1', tls: false }],
          credentials: { user: 'alice', password: 'secret' },
        },
      },
      { do: 'useToken' },
      { do: 'hold', lease: String(2n ** 62n), ttlS: 10 },
    ])
  })

  test('releases what a session held when the session is done, and nothing of the others', () => {
    const { guardian, processes, api } = setUp()
    const a = guardian.guard(api, listening())
    const b = guardian.guard(api, listening())
    a.hold(1n, 10)
    b.hold(2n, 10)
    a.release(2n)
    a.end()
    a.end()
    expect(leases(processes[0]?.orders ?? [])).toEqual(['hold 1', 'hold 2', 'release 1'])
  })

  test('that dies is started again, later and later, and is told everything that is still held', async () => {
    const { clock, guardian, processes, api } = setUp()
    const session = listening()
    const guarding = guardian.guard(api, session)
    guarding.hold(1n, 10)
    guarding.hold(2n, 10)
    guarding.release(1n)
    for (const pauseMs of [50, 100, 200]) {
      const before = processes.length
      processes.at(-1)?.listener.ended('it was ended by SIGKILL')
      await clock.advance(pauseMs - 1)
      expect(processes).toHaveLength(before)
      guarding.hold(BigInt(pauseMs), 10)
      await clock.advance(1)
      expect(processes).toHaveLength(before + 1)
    }
    expect(leases(processes.at(-1)?.orders ?? [])).toEqual([
      ...['hold 2', 'hold 50', 'hold 100', 'hold 200'],
    ])
    expect(session.facts).toEqual(Array(3).fill('lost: it was ended by SIGKILL'))
    // A guardian that lived long is replaced at once.
    await clock.advance(10_000)
    processes.at(-1)?.listener.ended('it ended with 1')
    await clock.advance(50)
    expect(processes).toHaveLength(5)
  })

  test('is not started again when it is not needed any more', async () => {
    const { clock, guardian, processes, api } = setUp()
    const guarding = guardian.guard(api, listening())
    processes[0]?.listener.ended('it ended with 1')
    guarding.end()
    await clock.advance(60_000)
    expect(processes).toHaveLength(1)
    guardian.guard(api, listening())
    expect(processes).toHaveLength(2)
  })

  test('tells each session once that it is there, also those that come later', async () => {
    const { guardian, processes, api } = setUp()
    const [early, late] = [listening(), listening()]
    guardian.guard(api, early)
    const report = { is: 'connected', cluster: 0 } as const
    processes[0]?.listener.report(report)
    processes[0]?.listener.report(report)
    guardian.guard(api, late)
    await Promise.resolve()
    expect([early.facts, late.facts]).toEqual([['started 100'], ['started 100']])
  })
})

test('a client with a transport of its own can have none', () => {
  const own = new Etcd({ endpoints: 'http://a:1', transport: new FakeCluster().connect })
  expect(whyNoGuardian(own.api)).toBe('the client has a transport of its own')
})

test('lines are read as they come, in whatever pieces', () => {
  const lines: string[] = []
  const read = lineReader((line) => lines.push(line))
  for (const piece of ['{"a', '":1}\n{"b":2}\n', '', '{"c":', '3}', '\n{"half']) read(piece)
  expect(lines).toEqual(['{"a":1}', '{"b":2}', '{"c":3}'])
})
