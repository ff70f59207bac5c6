import { describe, expect, test } from 'vitest'
import type { CompanionListener } from '../../../src/base/companion.js'
import { SupervisedCompanion } from '../../../src/base/supervised.js'
import { TestClock } from '../../../src/testing/test-clock.js'

/** Starts companions 1, 2, 3, … */
function setUp() {
  const clock = new TestClock()
  const facts: string[] = []
  const listeners: CompanionListener<string>[] = []
  const spawn = (listener: CompanionListener<string>): number => listeners.push(listener)
  const supervised: SupervisedCompanion<number, string> = new SupervisedCompanion(
    spawn,
    {
      started: () => facts.push(`${String(supervised.running)} started`),
      report: (report: string) => facts.push(report),
      lost: (reason) => facts.push(`lost: ${reason}`),
    },
    clock,
    // Pauses are as long as they get.
    () => 1,
  )
  const end = (reason = 'it ended'): void => {
    listeners.at(-1)?.ended(reason)
  }
  return { clock, facts, listeners, supervised, end }
}

describe('a supervised companion', () => {
  test('is started once, however often it is asked for', () => {
    const { facts, listeners, supervised } = setUp()
    expect(supervised.running).toBe(undefined)
    supervised.start()
    supervised.start()
    expect(supervised.running).toBe(1)
    listeners[0]?.report('ready')
    expect(facts).toEqual(['1 started', 'ready'])
  })

  test('is started again after it ended, each time after a longer pause, and after 5 s at most', async () => {
    const { clock, listeners, supervised, end } = setUp()
    supervised.start()
    for (const pauseMs of [50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]) {
      const before = listeners.length
      end()
      expect(supervised.running).toBe(undefined)
      await clock.advance(pauseMs - 1)
      expect(listeners).toHaveLength(before)
      await clock.advance(1)
      expect(supervised.running).toBe(before + 1)
    }
  })

  test('that lived for 10 s is started again after the shortest pause', async () => {
    const { clock, listeners, supervised, end } = setUp()
    supervised.start()
    for (const pauseMs of [50, 100]) {
      end()
      await clock.advance(pauseMs)
    }
    expect(listeners).toHaveLength(3)
    await clock.advance(9_999)
    end()
    await clock.advance(199)
    expect(listeners).toHaveLength(3)
    await clock.advance(1)
    expect(listeners).toHaveLength(4)
    await clock.advance(10_000)
    end()
    await clock.advance(50)
    expect(listeners).toHaveLength(5)
  })

  test('is not started a second time while a restart is due', async () => {
    const { clock, listeners, supervised, end } = setUp()
    supervised.start()
    end()
    supervised.start()
    expect(listeners).toHaveLength(1)
    await clock.advance(50)
    expect(listeners).toHaveLength(2)
  })

  test('that is replaced counts as lost, and its own end does not count again', async () => {
    const { clock, facts, supervised, end } = setUp()
    supervised.start()
    supervised.replace('it hung')
    supervised.replace('it hung')
    end('it was terminated')
    await clock.advance(50)
    expect(facts).toEqual(['1 started', 'lost: it hung', '2 started'])
  })

  test('is handed over to be ended when it is stopped, and stays ended', async () => {
    const { clock, facts, supervised, end } = setUp()
    supervised.start()
    expect(supervised.stop()).toBe(1)
    expect(supervised.stop()).toBe(undefined)
    end()
    await clock.advance(60_000)
    expect(facts).toEqual(['1 started'])
  })

  test('that is stopped while a restart is due is not started again, unless it is asked for', async () => {
    const { clock, facts, supervised, end } = setUp()
    supervised.start()
    end()
    expect(supervised.stop()).toBe(undefined)
    await clock.advance(60_000)
    expect(facts).toEqual(['1 started', 'lost: it ended'])
    supervised.start()
    expect(supervised.running).toBe(2)
  })

  test('can be stopped by the listener that hears of its loss', async () => {
    const clock = new TestClock()
    const listeners: CompanionListener<string>[] = []
    const supervised: SupervisedCompanion<number, string> = new SupervisedCompanion(
      (listener: CompanionListener<string>) => listeners.push(listener),
      {
        started: () => undefined,
        report: () => undefined,
        lost: () => supervised.stop(),
      },
      clock,
      () => 1,
    )
    supervised.start()
    listeners[0]?.ended('it ended')
    await clock.advance(60_000)
    expect(listeners).toHaveLength(1)
  })
})
