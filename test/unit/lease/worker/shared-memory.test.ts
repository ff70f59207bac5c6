import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { transformSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { type Deadline, afterGrant } from '../../../../src/lease/deadline.js'
import { Heartbeat, SharedDeadline } from '../../../../src/lease/worker/shared-memory.js'

const initial = afterGrant({ monotonicMs: 10, wallMs: 1_000_010 }, 4_000)

/** All its fields hold the same number. */
function nth(n: number): Deadline {
  return {
    ...initial,
    renewedAt: { monotonicMs: n, wallMs: n + 1_000_000 },
    unconfirmed: { sentAt: { monotonicMs: n + 1, wallMs: n + 2 }, raftTerm: BigInt(n) },
  }
}

describe('a deadline in shared memory', () => {
  test('is what it was made with until something is published', () => {
    expect(new SharedDeadline(initial).read()).toBe(initial)
  })

  test('is read as it was published, to the microsecond and never later', () => {
    const writer = new SharedDeadline(initial)
    const reader = new SharedDeadline(initial, writer.buffer)
    writer.publish(nth(5))
    expect(reader.read()).toEqual(nth(5))
    expect(reader.read()).toBe(reader.read())
    writer.publish({ ...nth(5), renewedAt: { monotonicMs: 7.123_999_9, wallMs: -0.000_1 } })
    expect(reader.read().renewedAt).toEqual({ monotonicMs: 7.123, wallMs: -0.001 })
    writer.publish({ ...nth(6), unconfirmed: undefined })
    expect(reader.read()).toEqual({ ...nth(6), unconfirmed: undefined })
  })

  test('that is infinitely old can be published', () => {
    const shared = new SharedDeadline(initial)
    shared.publish(afterGrant({ monotonicMs: -Infinity, wallMs: -Infinity }, 4_000))
    expect(shared.read().renewedAt.monotonicMs).toBeLessThan(-1e9)
  })

  test('stays as it was while its writer is half-way, and for ever when the writer is no more', () => {
    const shared = new SharedDeadline(initial)
    shared.publish(nth(5))
    expect(shared.read()).toEqual(nth(5))
    const words = new BigInt64Array(shared.buffer)
    Atomics.add(words, 0, 1n)
    Atomics.store(words, 2, 99_000n)
    expect(shared.read()).toEqual(nth(5))
  })

  test('is gone when it is said to be, and stays so', () => {
    const writer = new SharedDeadline(initial)
    const reader = new SharedDeadline(initial, writer.buffer)
    expect(reader.isLeaseMissing).toBe(false)
    writer.publishLeaseMissing()
    writer.publish(nth(5))
    expect(reader.isLeaseMissing).toBe(true)
  })

  test('is never read torn while another thread writes', async () => {
    const shared = new SharedDeadline(initial)
    const source = readFileSync(
      new URL('../../../../src/lease/worker/shared-memory.ts', import.meta.url),
      'utf8',
    )
    const { code } = transformSync(source, { loader: 'ts', format: 'cjs', target: 'es2023' })
    const program = `
      const { workerData, parentPort } = require('node:worker_threads')
      ${code}
      const shared = new module.exports.SharedDeadline({ validForMs: 4_000 }, workerData)
      parentPort.postMessage('writing')
      for (let n = 1; ; n++) {
        shared.publish({
          renewedAt: { monotonicMs: n, wallMs: n + 1_000_000 },
          unconfirmed: { sentAt: { monotonicMs: n + 1, wallMs: n + 2 }, raftTerm: BigInt(n) },
        })
      }`
    const worker = new Worker(program, { eval: true, workerData: shared.buffer })
    await new Promise((resolve) => worker.once('message', resolve))
    const seen = new Set<number>()
    let last = 0
    while (seen.size < 2_000) {
      const read = shared.read()
      if (read === initial) continue
      const n = read.renewedAt.monotonicMs
      if (seen.has(n)) continue
      seen.add(n)
      expect(n).toBeGreaterThan(last)
      expect(read).toEqual(nth(n))
      last = n
    }
    await worker.terminate()
  })
})

test('a heartbeat tells when it beat last, and whether all was well', () => {
  const writer = new Heartbeat()
  const reader = new Heartbeat(writer.buffer)
  writer.beat(123.456, true)
  expect([reader.lastMs, reader.isHealthy]).toEqual([123.456, true])
  writer.beat(124, false)
  expect([reader.lastMs, reader.isHealthy]).toEqual([124, false])
})
