// What happens to a leadership when the wall clock is set.

import { expect, onTestFinished, test } from 'vitest'
import { inProcessTransport } from '../../src/devserver/in-process.js'
import { RpcError, Status } from '../../src/etcd/wire/transport.js'
import { Candidate, Etcd } from '../../src/index.js'
import { EtcdHost, testEndpoint } from '../../src/testing/etcd-host.js'
import { settled, TestClock } from '../../src/testing/test-clock.js'

/** A leader on a host whose wall clock can be set; its requests to etcd are counted. */
async function setUp() {
  const clock = new TestClock()
  const machine = new EtcdHost({ clock, random: () => 0.5, firstRevision: 1n })
  const wall = { aheadMs: 0 }
  const etcds = { isAway: false }
  let keepAlives = 0
  const connect = inProcessTransport(() => machine.router(), clock)
  const etcd = new Etcd({
    endpoints: testEndpoint,
    random: () => 0.5,
    clock: {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs() + wall.aheadMs,
      setTimer: (delayMs, callback) => clock.setTimer(delayMs, callback),
    },
    transport: (endpoint) => {
      const transport = connect(endpoint)
      return {
        unary: (method, request, options) =>
          etcds.isAway
            ? Promise.reject(new RpcError(Status.unavailable, 'away'))
            : transport.unary(method, request, options),
        duplex: (method, metadata, sink) => {
          const stream = transport.duplex(method, metadata, sink)
          return {
            send: (message) => {
              if (method.name === 'LeaseKeepAlive') keepAlives += 1
              if (!etcds.isAway) stream.send(message)
            },
            cancel: () => {
              stream.cancel()
            },
          }
        },
        close: () => {
          transport.close()
        },
      }
    },
  })
  onTestFinished(() => etcd.close())
  const candidate = new Candidate(etcd, { election: 'jobs', name: 'a', ttl: 6 })
  const leadership = await candidate.campaign()
  await clock.advance(2_100)
  return { clock, etcds, wall, leadership, keepAlives: () => keepAlives }
}

test('set ahead, it ends belief for as long as it takes to ask etcd, and no longer', async () => {
  const { wall, leadership, keepAlives } = await setUp()
  const before = keepAlives()
  wall.aheadMs = 3_600_000
  expect(leadership.isValid()).toBe(false)
  expect(leadership.isValid()).toBe(false)
  expect(keepAlives()).toBe(before + 1)
  // No time passes: the leader does not wait for the next renewal.
  await settled()
  expect(leadership.isValid()).toBe(true)
  expect(leadership.remainingMs()).toBeGreaterThan(5_000)
  expect(leadership.signal.aborted).toBe(false)
})

test('set ahead time and again, it ends no term', async () => {
  const { clock, wall, leadership } = await setUp()
  for (let hour = 0; hour < 20; hour++) {
    wall.aheadMs += 3_600_000
    await clock.advance(1_000)
    leadership.isValid()
    await settled()
    expect(leadership.isValid()).toBe(true)
  }
  expect(leadership.signal.aborted).toBe(false)
})

test('set ahead while etcd is away, it is not believed until etcd has been asked', async () => {
  const { clock, etcds, wall, leadership, keepAlives } = await setUp()
  etcds.isAway = true
  wall.aheadMs = 3_600_000
  const before = keepAlives()
  for (let look = 0; look < 100; look++) expect(leadership.isValid()).toBe(false)
  expect(keepAlives()).toBe(before + 1)
  await clock.advance(6_000)
  expect(await leadership.ended).toBe('expired')
})

test('set back, it does not make belief last longer', async () => {
  const { clock, etcds, wall, leadership } = await setUp()
  etcds.isAway = true
  wall.aheadMs = -3_600_000
  const leftMs = leadership.remainingMs()
  await clock.advance(leftMs - 1)
  expect(leadership.isValid()).toBe(true)
  await clock.advance(1)
  expect(leadership.isValid()).toBe(false)
  expect(await leadership.ended).toBe('expired')
})

test('set back and forth, it ends no term', async () => {
  const { clock, wall, leadership } = await setUp()
  for (const aheadMs of [-3_600_000, 0, 60_000, -60_000, 1]) {
    wall.aheadMs = aheadMs
    await clock.advance(3_000)
    leadership.isValid()
    await settled()
    expect(leadership.isValid()).toBe(true)
  }
})
