import { getEventListeners } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { sleep, sleepUnlessAborted, systemClock } from '../../../src/base/clock.js'
import { TestClock } from '../../../src/testing/test-clock.js'

const reason = new Error('woken')

describe("this host's clock", () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('fires a timer once, and not before its time', () => {
    vi.useFakeTimers()
    const fired = vi.fn()
    systemClock.setTimer(100, fired)
    vi.advanceTimersByTime(99)
    expect(fired).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1_000)
    expect(fired).toHaveBeenCalledOnce()
  })

  test('does not fire a timer that was called off', () => {
    vi.useFakeTimers()
    const fired = vi.fn()
    systemClock.setTimer(100, fired)()
    vi.advanceTimersByTime(1_000)
    expect(fired).not.toHaveBeenCalled()
  })

  test('does not fire at once what is further away than a timer of Node can be', () => {
    vi.useFakeTimers()
    const fired = vi.fn()
    systemClock.setTimer(9e12, fired)
    vi.advanceTimersByTime(86_400_000)
    expect(fired).not.toHaveBeenCalled()
  })

  test('shows the time since 1970, and one that only grows', () => {
    vi.useFakeTimers({ now: 1_234 })
    expect(systemClock.wallMs()).toBe(1_234)
    const before = systemClock.monotonicMs()
    vi.setSystemTime(0)
    vi.advanceTimersByTime(10)
    expect(systemClock.monotonicMs()).toBe(before + 10)
  })
})

describe('sleeping', () => {
  test('until it is over or given up tells which of the two came', async () => {
    const clock = new TestClock()
    const controller = new AbortController()
    const over = sleepUnlessAborted(clock, 100, controller.signal)
    await clock.advance(100)
    expect(await over).toBe(true)
    const givenUp = sleepUnlessAborted(clock, 100, controller.signal)
    controller.abort(reason)
    expect(await givenUp).toBe(false)
    expect(await sleepUnlessAborted(clock, 100, controller.signal)).toBe(false)
  })

  test('lasts as long as asked for', async () => {
    const clock = new TestClock()
    let awake = false
    void sleep(clock, 100).then(() => (awake = true))
    await clock.advance(99)
    expect(awake).toBe(false)
    await clock.advance(1)
    expect(awake).toBe(true)
  })

  test('ends with the reason of its signal, and calls its timer off', async () => {
    const cancel = vi.fn()
    const clock = { ...systemClock, setTimer: () => cancel }
    const controller = new AbortController()
    const asleep = sleep(clock, 100, controller.signal)
    controller.abort(reason)
    await expect(asleep).rejects.toBe(reason)
    expect(cancel).toHaveBeenCalledOnce()
  })

  test('does not begin on a signal that is aborted already', async () => {
    const setTimer = vi.fn(() => () => undefined)
    const asleep = sleep({ ...systemClock, setTimer }, 100, AbortSignal.abort(reason))
    await expect(asleep).rejects.toBe(reason)
    expect(setTimer).not.toHaveBeenCalled()
  })

  test('leaves no listener on its signal', async () => {
    const clock = new TestClock()
    const { signal } = new AbortController()
    const asleep = sleep(clock, 100, signal)
    await clock.advance(100)
    await asleep
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })
})
