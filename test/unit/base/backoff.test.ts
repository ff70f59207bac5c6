import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Backoff } from '../../../src/base/backoff.js'

const times = (count: number, backoff: Backoff): number[] =>
  Array.from({ length: count }, () => backoff.nextMs())

describe('a backoff', () => {
  test('doubles up to its cap, and waits the whole step at the highest random number', () => {
    expect(times(7, new Backoff(() => 1, 50, 1_000))).toEqual([50, 100, 200, 400, 800, 1000, 1000])
  })

  test('waits at least half of a step', () => {
    expect(times(7, new Backoff(() => 0, 50, 1_000))).toEqual([25, 50, 100, 200, 400, 500, 500])
  })

  test('begins again after a reset', () => {
    const backoff = new Backoff(() => 1, 50, 1_000)
    times(5, backoff)
    backoff.reset()
    expect(times(2, backoff)).toEqual([50, 100])
  })

  test('always waits between half of the step and the whole step', () => {
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: 1_000, max: 60_000 }),
        (dice, firstMs, longestMs) => {
          const backoff = new Backoff(() => dice.next().value as number, firstMs, longestMs)
          // Beyond 2 ** 1024, where an uncapped step would be infinite.
          times(1_100, backoff).forEach((ms, tries) => {
            const step = Math.min(longestMs, firstMs * 2 ** tries)
            expect(ms >= step / 2 && ms <= step).toBe(true)
          })
        },
      ),
      { numRuns: 20 },
    )
  })

  test('spreads clients that failed at the same moment', () => {
    let die = 0
    const first = Array.from({ length: 100 }, () => new Backoff(() => die++ / 100).nextMs())
    expect(new Set(first).size).toBe(100)
  })
})
