import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Semaphore } from '../../../src/base/semaphore.js'
import { settled } from '../../../src/testing/test-clock.js'

describe('a semaphore', () => {
  test('grants a slot at once, without a promise, while one is free', () => {
    const semaphore = new Semaphore(2)
    expect(semaphore.acquire()).toBeUndefined()
    expect(semaphore.acquire()).toBeUndefined()
    expect(semaphore.acquire()).toBeInstanceOf(Promise)
  })

  test('grants slots in the order in which they were asked for', async () => {
    const semaphore = new Semaphore(1)
    const entered: string[] = []
    void semaphore.acquire()
    for (const name of ['a', 'b', 'c']) void semaphore.acquire()?.then(() => entered.push(name))
    await settled()
    expect(entered).toEqual([])
    for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      semaphore.release()
      await settled()
      expect(entered).toEqual(expected)
    }
  })

  test('rejects a caller that gives up, and grants the slot to the next one', async () => {
    const semaphore = new Semaphore(1)
    const reason = new Error('enough')
    const controller = new AbortController()
    void semaphore.acquire()
    const impatient = semaphore.acquire(controller.signal)
    const patient = semaphore.acquire()
    controller.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    semaphore.release()
    await expect(patient).resolves.toBeUndefined()
    // The caller that gave up holds no slot, so the patient one's release frees the only one.
    semaphore.release()
    expect(semaphore.acquire()).toBeUndefined()
  })

  test('ignores a signal that is aborted after the slot was granted', async () => {
    const semaphore = new Semaphore(1)
    const controller = new AbortController()
    void semaphore.acquire()
    const turn = semaphore.acquire(controller.signal)
    semaphore.release()
    controller.abort()
    await expect(turn).resolves.toBeUndefined()
    const next = semaphore.acquire()
    expect(next).toBeInstanceOf(Promise)
    semaphore.release()
    await expect(next).resolves.toBeUndefined()
  })

  test('never grants more slots than it has, and loses none, in any order of calls', async () => {
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
          const semaphore = new Semaphore(width)
          const controllers: AbortController[] = []
          let inside = 0
          for (const does of actions) {
            if (does === 'enter') {
              const controller = new AbortController()
              controllers.push(controller)
              const turn = semaphore.acquire(controller.signal)
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
                semaphore.release()
              }
            } else {
              controllers[does.giveUp]?.abort()
            }
            await Promise.resolve()
            await Promise.resolve()
            expect(inside).toBeLessThanOrEqual(width)
          }
          for (const controller of controllers) controller.abort()
          for (; inside > 0; inside--) semaphore.release()
          const free = Array.from({ length: width + 1 }, () => semaphore.acquire())
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
