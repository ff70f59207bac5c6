import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Semaphore } from '../../../src/base/semaphore.js'
import { settled } from '../../../src/testing/test-clock.js'

describe('a gate', () => {
  test('lets through at once, without a promise, while there is room', () => {
    const gate = new Semaphore(2)
    expect(gate.acquire()).toBeUndefined()
    expect(gate.acquire()).toBeUndefined()
    expect(gate.acquire()).toBeInstanceOf(Promise)
  })

  test('lets those who wait in in the order of their coming', async () => {
    const gate = new Semaphore(1)
    const entered: string[] = []
    void gate.acquire()
    for (const name of ['a', 'b', 'c']) void gate.acquire()?.then(() => entered.push(name))
    await settled()
    expect(entered).toEqual([])
    for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      gate.release()
      await settled()
      expect(entered).toEqual(expected)
    }
  })

  test('has one who gave up wait no longer, and gives the place to the next', async () => {
    const gate = new Semaphore(1)
    const reason = new Error('enough')
    const controller = new AbortController()
    void gate.acquire()
    const impatient = gate.acquire(controller.signal)
    const patient = gate.acquire()
    controller.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    gate.release()
    await expect(patient).resolves.toBeUndefined()
    // The one who gave up takes no place: after the patient one there is room again.
    gate.release()
    expect(gate.acquire()).toBeUndefined()
  })

  test('takes no notice of a signal that is aborted after the entry', async () => {
    const gate = new Semaphore(1)
    const controller = new AbortController()
    void gate.acquire()
    const turn = gate.acquire(controller.signal)
    gate.release()
    controller.abort()
    await expect(turn).resolves.toBeUndefined()
    const next = gate.acquire()
    expect(next).toBeInstanceOf(Promise)
    gate.release()
    await expect(next).resolves.toBeUndefined()
  })

  test('never holds more than its width, and loses no place, whatever the order', async () => {
    const action = fc.oneof(
      fc.constant('enter' as const),
      fc.constant('leave' as const),
      fc.record({ giveUp: fc.nat(20) }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(action, { maxLength: 40 }),
        async (width, actions) => {
          const gate = new Semaphore(width)
          const controllers: AbortController[] = []
          let inside = 0
          for (const does of actions) {
            if (does === 'enter') {
              const controller = new AbortController()
              controllers.push(controller)
              const turn = gate.acquire(controller.signal)
              if (turn === undefined) inside += 1
              else {
                turn.then(
                  () => (inside += 1),
                  () => undefined,
                )
              }
            } else if (does === 'leave') {
              if (inside > 0) {
                inside -= 1
                gate.release()
              }
            } else {
              controllers[does.giveUp]?.abort()
            }
            await Promise.resolve()
            await Promise.resolve()
            expect(inside).toBeLessThanOrEqual(width)
          }
          for (const controller of controllers) controller.abort()
          for (; inside > 0; inside--) gate.release()
          const free = Array.from({ length: width + 1 }, () => gate.acquire())
          expect(free.map((turn) => turn === undefined)).toEqual([
            ...Array.from({ length: width }, () => true),
            false,
          ])
        },
      ),
      { numRuns: 200 },
    )
  })
})
