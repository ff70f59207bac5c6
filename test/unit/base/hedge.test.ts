import { describe, expect, test } from 'vitest'
import { hedge } from '../../../src/base/hedge.js'
import { TestClock } from '../../../src/testing/test-clock.js'

interface Asking {
  readonly atMs: number
  readonly signal: AbortSignal
  answer(value: string): void
  fail(error: unknown): void
}

/** Asks three times at most, each time after 100 ms without an answer. */
function setUp(maxAttempts = 3) {
  const clock = new TestClock()
  const askings: Asking[] = []
  let others = 0
  const answer = hedge<string>(
    clock,
    (signal) =>
      new Promise((resolve, reject) => {
        askings.push({ atMs: clock.monotonicMs(), signal, answer: resolve, fail: reject })
      }),
    { patienceMs: 100, maxAttempts, beforeNext: () => (others += 1) },
  )
  answer.catch(() => undefined)
  return { clock, askings, answer, others: () => others }
}

describe('what is asked', () => {
  test('in vain is asked again beside it, at most so many times', async () => {
    const { clock, askings, others } = setUp()
    await clock.advance(1_000)
    expect(askings.map(({ atMs }) => atMs)).toEqual([0, 100, 200])
    expect(others()).toBe(2)
    expect(askings.map(({ signal }) => signal.aborted)).toEqual([false, false, false])
  })

  test('once at most is not asked again', async () => {
    const { clock, askings } = setUp(1)
    await clock.advance(1_000)
    expect(askings).toHaveLength(1)
  })

  test('is answered by the first answer, whoever gives it; the others are no longer needed', async () => {
    const { clock, askings, answer } = setUp()
    await clock.advance(100)
    askings[0]?.answer('first')
    expect(await answer).toBe('first')
    expect(askings.map(({ signal }) => signal.aborted)).toEqual([true, true])
    await clock.advance(1_000)
    expect(askings).toHaveLength(2)
  })

  test('is answered although another asking failed', async () => {
    const { clock, askings, answer } = setUp()
    await clock.advance(100)
    askings[1]?.fail(new Error('refused'))
    await clock.advance(50)
    askings[0]?.answer('first')
    expect(await answer).toBe('first')
  })
})

describe('a failure', () => {
  test('of all that were asked is the outcome, with the last error, and no other is asked', async () => {
    const { clock, askings, answer } = setUp()
    await clock.advance(100)
    const [first, last] = [new Error('first'), new Error('last')]
    askings[1]?.fail(first)
    askings[0]?.fail(last)
    await expect(answer).rejects.toBe(last)
    await clock.advance(1_000)
    expect(askings).toHaveLength(2)
  })

  test('that is no error is made one', async () => {
    const { askings, answer } = setUp()
    askings[0]?.fail('no reason')
    await expect(answer).rejects.toThrow('no reason')
    await expect(answer).rejects.toBeInstanceOf(Error)
  })
})
