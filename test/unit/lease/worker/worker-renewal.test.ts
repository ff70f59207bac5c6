// A lease that a renewal worker renews, on a clock that the test turns. The worker and the main
// thread are two event loops on this clock, and the test can stall each.

import { describe, expect, onTestFinished, test } from 'vitest'
import type { CompanionListener } from '../../../../src/base/companion.js'
import type { EtcdApi } from '../../../../src/etcd/api.js'
import { grantLease } from '../../../../src/lease/grant.js'
import type { Lease } from '../../../../src/lease/lease.js'
import { LeaseRenewer } from '../../../../src/lease/worker/program/lease-renewer.js'
import type { WorkerReport, WorkerOrder } from '../../../../src/lease/worker/protocol.js'
import { WorkerSupervisor } from '../../../../src/lease/worker/supervisor.js'
import { Heartbeat } from '../../../../src/lease/worker/shared-memory.js'
import { WorkerRenewal } from '../../../../src/lease/worker/worker-renewal.js'
import { PausableClock } from '../../../../src/testing/pausable-clock.js'
import { TestEtcd } from '../../../../src/testing/test-etcd.js'

/** An event loop: messages that are sent while it stalls arrive when it goes on. */
class Loop {
  readonly clock: PausableClock
  #waiting: (() => void)[] | undefined

  constructor(etcd: TestEtcd) {
    this.clock = new PausableClock(etcd.clock)
  }

  receive(message: () => void): void {
    if (this.#waiting === undefined) message()
    else this.#waiting.push(message)
  }

  stop(): void {
    this.#waiting = []
    this.clock.pause()
  }

  /** Timers come before messages, as in Node.js. */
  go(): void {
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    this.clock.resume()
    for (const message of waiting) message()
  }
}

/** A client whose lease work all happens on that event loop. */
function on(loop: Loop, api: EtcdApi): EtcdApi {
  const own: Partial<Record<keyof EtcdApi, unknown>> = {
    clock: loop.clock,
    access: {},
    range: async (...args: Parameters<EtcdApi['range']>) => {
      const answer = await api.range(...args)
      await new Promise<void>((resolve) => {
        loop.receive(resolve)
      })
      return answer
    },
    openKeepAlive: (...[member, sink]: Parameters<EtcdApi['openKeepAlive']>) =>
      api.openKeepAlive(member, {
        message: (message) => {
          loop.receive(() => {
            sink.message(message)
          })
        },
        closed: (error) => {
          loop.receive(() => {
            sink.closed(error)
          })
        },
      }),
  }
  return new Proxy(api, {
    get(target, name) {
      if (name in own) return own[name as keyof EtcdApi]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

interface FakeThread {
  readonly loop: Loop
  readonly listener: CompanionListener<WorkerReport>
  readonly orders: WorkerOrder[]
  /** The client over which the worker renews leases. */
  readonly client: ReturnType<TestEtcd['connect']>
  isOver: boolean
}

interface World {
  readonly etcd: TestEtcd
  readonly main: Loop
  readonly threads: FakeThread[]
  readonly thread: () => FakeThread
  readonly lease: Lease
  readonly facts: string[]
  readonly client: ReturnType<TestEtcd['connect']>
  isHealthy: boolean
}

const maxStallMs = 30_000
const validMs = 4_650

async function setUp(): Promise<World> {
  const etcd = new TestEtcd()
  onTestFinished(() => etcd.close())
  const main = new Loop(etcd)
  const threads: FakeThread[] = []
  const facts: string[] = []
  const worker = new WorkerSupervisor(
    (listener) => {
      const loop = new Loop(etcd)
      const client = etcd.connect()
      const made: FakeThread = { loop, listener, orders: [], client, isOver: false }
      threads.push(made)
      const renewer = new LeaseRenewer(
        (report: WorkerReport) => {
          main.receive(() => {
            if (!made.isOver) listener.report(report)
          })
        },
        loop.clock,
        () => on(loop, client.api),
      )
      const heartbeat = new Heartbeat()
      const beat = (): void => {
        heartbeat.beat(loop.clock.monotonicMs(), true)
        if (!made.isOver) loop.clock.setTimer(500, beat)
      }
      beat()
      loop.receive(() => {
        queueMicrotask(() => {
          listener.report({ is: 'ready' })
        })
      })
      return {
        threadId: threads.length,
        heartbeat,
        send: (order) => {
          made.orders.push(order)
          loop.receive(() => {
            if (!made.isOver) renewer.handle(order)
          })
        },
        terminate: () => {
          made.isOver = true
          loop.stop()
          void client.close()
        },
      }
    },
    main.clock,
    () => 1,
  )
  const leave = worker.join({
    started: (id) => facts.push(`worker ${String(id)} started`),
    lost: (reason) => facts.push(`worker lost: ${reason}`),
  })
  onTestFinished(leave)
  const client = etcd.connect()
  const api = on(main, client.api)
  const world = { isHealthy: true }
  const lease = await grantLease(api, 5, 0.05, (granted, listener) => {
    return new WorkerRenewal(granted, listener, {
      worker,
      maxStallMs,
      isHealthy: () => world.isHealthy,
    })
  })
  onTestFinished(() => {
    lease.end('closed')
  })
  lease.listen({ renewed: () => undefined, lost: (loss) => facts.push(`lease ${loss}`) })
  const key = `jobs/${lease.id.toString(16)}`
  etcd.putKey(key, 'web-1', { leaseId: lease.id })
  lease.dependOn(new TextEncoder().encode(key))
  await etcd.clock.advance(100)
  const thread = (): FakeThread => {
    const last = threads.at(-1)
    if (last === undefined) throw new Error('expected a worker')
    return last
  }
  return Object.assign(world, { etcd, main, threads, thread, lease, facts, client })
}

/** Whether etcd has the lease, read from its store directly. */
const isThere = ({ etcd, lease }: World): boolean => etcd.leases().some(({ id }) => id === lease.id)

/** Lets time pass in steps, and checks at each step that what the client believes is true. */
async function advance(world: World, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 250) {
    await world.etcd.clock.advance(Math.min(250, ms - passed))
    if (world.lease.isValid()) expect(isThere(world)).toBe(true)
  }
}

describe('a lease that a worker renews', () => {
  test('is renewed by the worker alone', async () => {
    const world = await setUp()
    world.etcd.cut(world.client)
    await advance(world, 60_000)
    expect(world.lease.remainingMs()).toBeGreaterThan(validMs - 2_000)
    expect(world.facts).toEqual(['worker 1 started'])
  })

  test('outlives a main thread that stands still for less than it may, and is valid at once after that', async () => {
    const world = await setUp()
    world.main.stop()
    await advance(world, maxStallMs - 1_000)
    // No message was delivered yet: this is the first look.
    expect(world.lease.isValid()).toBe(true)
    world.main.go()
    expect(world.lease.isValid()).toBe(true)
    await advance(world, 10_000)
    expect(world.facts).toEqual(['worker 1 started'])
  })

  test('runs out when the main thread stands still for longer, and is known to be over at once', async () => {
    const world = await setUp()
    world.main.stop()
    // The last renewal may be a third of the TTL old when the stall is noticed.
    await advance(world, maxStallMs + 3_000)
    expect(isThere(world)).toBe(true)
    await advance(world, 3_000)
    expect(isThere(world)).toBe(false)
    expect(world.lease.isValid()).toBe(false)
    world.main.go()
    expect(world.facts).toEqual(['worker 1 started', 'lease expired'])
  })

  test('goes on when the main thread comes back before it has run out', async () => {
    const world = await setUp()
    world.main.stop()
    await advance(world, maxStallMs + 2_500)
    expect(world.lease.isValid()).toBe(true)
    world.main.go()
    await advance(world, 20_000)
    expect(world.lease.isValid()).toBe(true)
    expect(isThere(world)).toBe(true)
  })

  test('that etcd has lost while the main thread stood still is known to be over at the first look', async () => {
    const world = await setUp()
    world.main.stop()
    world.etcd.revokeLease(world.lease.id)
    await world.etcd.clock.advance(3_000)
    expect(world.lease.isValid()).toBe(false)
    world.main.go()
    expect(world.facts).toEqual(['worker 1 started', 'lease revoked'])
  })

  test('runs out when the process says that it is not well', async () => {
    const world = await setUp()
    world.isHealthy = false
    await advance(world, 7_000)
    expect(isThere(world)).toBe(false)
    expect(world.facts).toEqual(['worker 1 started', 'lease expired'])
  })

  test('is kept by the main thread when the worker is gone, and by the next worker then', async () => {
    const world = await setUp()
    const first = world.thread()
    first.isOver = true
    first.loop.stop()
    first.listener.ended('it ended with 1')
    await advance(world, 49)
    expect(world.threads).toHaveLength(1)
    await advance(world, 10_000)
    expect(world.facts).toEqual([
      'worker 1 started',
      'worker lost: it ended with 1',
      'worker 2 started',
    ])
    world.main.stop()
    await advance(world, 20_000)
    expect(world.lease.isValid()).toBe(true)
  })

  test('is kept by the main thread while the worker hangs; the worker is replaced', async () => {
    const world = await setUp()
    world.thread().loop.stop()
    await advance(world, 15_000)
    expect(world.lease.isValid()).toBe(true)
    expect(world.facts).toEqual(['worker 1 started', 'worker lost: it hung', 'worker 2 started'])
    world.main.stop()
    await advance(world, 20_000)
    expect(world.lease.isValid()).toBe(true)
  })

  test('is kept by the main thread while the worker cannot reach etcd', async () => {
    const world = await setUp()
    world.etcd.cut(world.thread().client)
    await advance(world, 30_000)
    expect(world.lease.isValid()).toBe(true)
    world.etcd.heal(world.thread().client)
    await advance(world, 10_000)
    world.etcd.cut(world.client)
    await advance(world, 30_000)
    expect(world.lease.isValid()).toBe(true)
    expect(world.facts).toEqual(['worker 1 started'])
  })

  test('runs out when neither can', async () => {
    const world = await setUp()
    world.etcd.cut()
    await advance(world, 7_000)
    expect(world.facts).toEqual(['worker 1 started', 'lease expired'])
  })

  test('is not taken for a hung worker’s when all of the process was stopped', async () => {
    const world = await setUp()
    world.main.stop()
    world.thread().loop.stop()
    await advance(world, 20_000)
    expect(world.lease.isValid()).toBe(false)
    world.main.go()
    world.thread().loop.go()
    await advance(world, 1_000)
    expect(world.facts).toEqual(['worker 1 started', 'lease expired'])
  })

  test('is not renewed any more after it was ended here', async () => {
    const world = await setUp()
    world.lease.end('closed')
    await advance(world, 6_000)
    expect(isThere(world)).toBe(false)
    expect(world.thread().orders.at(-1)).toMatchObject({ do: 'forget' })
  })
})
