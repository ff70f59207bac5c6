import { expect, test } from 'vitest'
import type { Clock } from '../../../src/base/clock.js'
import { TimeSlices } from '../../../src/base/time-slices.js'

/** A clock that only moves when the test's work moves it. */
class WorkClock implements Clock {
  nowMs = 0
  monotonicMs(): number {
    return this.nowMs
  }
  wallMs(): number {
    return this.nowMs
  }
  setTimer(): () => void {
    throw new Error('nothing here is timed')
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('long work goes on in later turns of the event loop, in order, to its end', async () => {
  const clock = new WorkClock()
  const heap = Array.from({ length: 10 }, (_, index) => index)
  const done: number[] = []
  const slices = new TimeSlices(clock, () => {
    const next = heap.shift()
    if (next !== undefined) done.push(next)
    clock.nowMs += 4
    return heap.length > 0
  })
  slices.run()
  // The steps end at 4, 8 and 12 ms: a step that has begun is finished.
  expect(done).toEqual([0, 1, 2])
  slices.run()
  expect(done).toHaveLength(3)
  await turn()
  expect(done).toHaveLength(6)
  await turn()
  expect(done).toHaveLength(9)
  await turn()
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

test('short work is done at once, also when it comes in many parts', () => {
  let done = 0
  const slices = new TimeSlices(new WorkClock(), () => {
    done += 1
    return false
  })
  for (let bit = 0; bit < 100; bit++) slices.run()
  expect(done).toBe(100)
})

test('a step that asks for more work is finished before the next one begins', () => {
  const steps: string[] = []
  const slices: TimeSlices = new TimeSlices(new WorkClock(), () => {
    steps.push('begin')
    if (steps.length < 6) slices.run()
    steps.push('end')
    return steps.length < 6
  })
  slices.run()
  expect(steps).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end'])
})
