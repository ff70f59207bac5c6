import { getEventListeners } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import {
  ClosedError,
  LeadershipLostError,
  NotLeaderError,
  UnavailableError,
} from '../../../src/base/errors.js'
import type { LeadershipEnd } from '../../../src/election/machine.js'
import { checkLead, type LeadOptions } from '../../../src/candidate/lead.js'
import type { Leadership } from '../../../src/candidate/leadership.js'
import { settled } from '../../../src/testing/test-clock.js'
import { FakeCandidate } from '../../support/fake-candidate.js'

const reason = new Error('shutting down')

/** Work that lasts until its leadership asks it to stop. */
const untilAsked = ({ signal }: Leadership): Promise<void> =>
  new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      resolve()
    })
  })

describe('lead()', () => {
  test('hands each term to the work, and campaigns again after a loss', async () => {
    const candidate = new FakeCandidate()
    const stop = new AbortController()
    const tokens: bigint[] = []
    const leading = candidate.lead((leadership) => {
      tokens.push(leadership.fencingToken)
      return untilAsked(leadership)
    }, stop.signal)
    for (const end of ['expired', 'deleted', 'revoked'] satisfies LeadershipEnd[]) {
      candidate.wins()
      await candidate.clock.advance(5_000)
      candidate.latest.end(end)
      await candidate.clock.advance(0)
    }
    expect(tokens).toEqual([1n, 2n, 3n])
    expect(candidate.campaigns).toBe(4)
    stop.abort(reason)
    await expect(leading).resolves.toBeUndefined()
  })

  test('gives the leadership up when the work ends, and campaigns again', async () => {
    const candidate = new FakeCandidate()
    const stop = new AbortController()
    let finish: () => void = () => undefined
    const leading = candidate.lead(
      () => new Promise<void>((resolve) => (finish = resolve)),
      stop.signal,
    )
    candidate.wins()
    await candidate.clock.advance(5_000)
    expect(candidate.resignations).toEqual([])
    finish()
    await candidate.clock.advance(0)
    expect(candidate.resignations).toEqual([0])
    expect(candidate.campaigns).toBe(2)
    stop.abort(reason)
    await leading
  })

  test('throws what the work throws while it leads, and gives the leadership up before', async () => {
    const candidate = new FakeCandidate().alwaysWins()
    const bug = new Error('a bug in the work')
    await expect(candidate.lead(() => Promise.reject(bug))).rejects.toBe(bug)
    expect(candidate.resignations).toEqual([0])
    expect(candidate.campaigns).toBe(1)
  })

  test.each([
    ['the reason of its signal', (lost: unknown) => lost],
    ['an error with that as its cause', (lost: unknown) => new Error('stopped', { cause: lost })],
    ['an AbortError', () => new DOMException('aborted', 'AbortError')],
    ['an error of this library', () => new NotLeaderError('too late')],
  ])('goes on when the work fails after a loss with %s', async (_what, errorOf) => {
    const candidate = new FakeCandidate()
    const stop = new AbortController()
    const leading = candidate.lead(async (leadership) => {
      await untilAsked(leadership)
      throw errorOf(leadership.signal.reason)
    }, stop.signal)
    candidate.wins()
    await candidate.clock.advance(5_000)
    candidate.latest.end('expired')
    await candidate.clock.advance(0)
    expect(candidate.campaigns).toBe(2)
    stop.abort(reason)
    await leading
  })

  test('throws what the work throws after a loss when it has nothing to do with the loss', async () => {
    const candidate = new FakeCandidate()
    const bug = new TypeError('a bug in the work')
    const leading = candidate.lead(async (leadership) => {
      await untilAsked(leadership)
      throw bug
    })
    const outcome = expect(leading).rejects.toBe(bug)
    candidate.wins()
    await settled()
    candidate.latest.end('expired')
    await outcome
  })

  test('pauses longer and longer between terms that end at once', async () => {
    const candidate = new FakeCandidate().alwaysWins()
    const stop = new AbortController()
    const startsMs: number[] = []
    const leading = candidate.lead(() => startsMs.push(candidate.clock.monotonicMs()), stop.signal)
    await candidate.clock.advance(60_000)
    const pausesMs = startsMs.slice(1).map((ms, index) => ms - (startsMs[index] ?? 0))
    expect(pausesMs.slice(0, 8)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000])
    stop.abort(reason)
    await leading
  })

  test('begins with short pauses again after a term that lasted', async () => {
    const candidate = new FakeCandidate().alwaysWins()
    const stop = new AbortController()
    const startsMs: number[] = []
    const leading = candidate.lead(async (leadership) => {
      startsMs.push(candidate.clock.monotonicMs())
      if (startsMs.length === 4) await untilAsked(leadership)
    }, stop.signal)
    await candidate.clock.advance(10_000)
    expect(startsMs).toEqual([0, 100, 300, 700])
    candidate.latest.end('expired')
    await candidate.clock.advance(100)
    expect(startsMs).toEqual([0, 100, 300, 700, 10_000, 10_100])
    stop.abort(reason)
    await leading
  })

  test('tries again, with pauses, after an error that may pass', async () => {
    const candidate = new FakeCandidate()
    const stop = new AbortController()
    const work = vi.fn()
    const leading = candidate.lead(work, stop.signal)
    for (const pauseMs of [100, 200, 400]) {
      const before = candidate.campaigns
      candidate.fails(new UnavailableError('no etcd'))
      await candidate.clock.advance(pauseMs - 1)
      expect(candidate.campaigns).toBe(before)
      await candidate.clock.advance(1)
      expect(candidate.campaigns).toBe(before + 1)
    }
    expect(work).not.toHaveBeenCalled()
    stop.abort(reason)
    await leading
  })

  test.each([new NotLeaderError('no'), new TypeError('a bug in us')])(
    'throws an error of the first campaign that retrying cannot fix: %s',
    async (error) => {
      const candidate = new FakeCandidate()
      const leading = candidate.lead(() => undefined)
      candidate.fails(error)
      await expect(leading).rejects.toBe(error)
      expect(candidate.campaigns).toBe(1)
    },
  )

  test('ends without an error when its candidate is closed while it waits', async () => {
    const candidate = new FakeCandidate()
    const leading = candidate.lead(untilAsked)
    await settled()
    candidate.fails(new ClosedError('closed'))
    await expect(leading).resolves.toBeUndefined()
  })

  test('pauses after a short term, however long the wait for it was', async () => {
    const candidate = new FakeCandidate()
    const stop = new AbortController()
    const leading = candidate.lead(() => undefined, stop.signal)
    await candidate.clock.advance(60_000)
    candidate.wins()
    await settled()
    expect(candidate.resignations).toEqual([0])
    expect(candidate.campaigns).toBe(1)
    await candidate.clock.advance(100)
    expect(candidate.campaigns).toBe(2)
    stop.abort(reason)
    await leading
  })

  test('ends without an error when its candidate is closed later on', async () => {
    const candidate = new FakeCandidate()
    const leading = candidate.lead(untilAsked)
    candidate.wins()
    await candidate.clock.advance(5_000)
    candidate.latest.end('closed')
    await settled()
    candidate.fails(new ClosedError('closed'))
    await expect(leading).resolves.toBeUndefined()
  })

  describe('what is to be done before another candidate leads', () => {
    /** What happened, in order. */
    const facts: string[] = []
    let finishWork: () => void = () => undefined
    let finishStop: () => void = () => undefined
    const work = async ({ signal }: Leadership): Promise<void> => {
      signal.addEventListener('abort', () => facts.push('signal'))
      await new Promise<void>((resolve) => (finishWork = resolve))
      facts.push('work ended')
    }
    const onStop = async (leadership: Leadership): Promise<void> => {
      facts.push(`onStop, valid: ${String(leadership.isValid())}`)
      await new Promise<void>((resolve) => (finishStop = resolve))
      facts.push('onStop ended')
    }
    const begin = async (): Promise<[FakeCandidate, AbortController, Promise<void>]> => {
      facts.splice(0)
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      const leading = candidate.lead(work, stop.signal, { onStop })
      candidate.wins()
      await settled()
      return [candidate, stop, leading]
    }

    test('comes after the work and before the key is given up, when asked to stop', async () => {
      const [candidate, stop, leading] = await begin()
      stop.abort(reason)
      await candidate.clock.advance(1_000)
      finishWork()
      await candidate.clock.advance(1_000)
      expect(candidate.resignations).toEqual([])
      finishStop()
      await leading
      expect(facts).toEqual(['signal', 'work ended', 'onStop, valid: true', 'onStop ended'])
      expect(candidate.resignations).toEqual([0])
    })

    test('does not keep the key for longer than was surely left', async () => {
      const [candidate, stop, leading] = await begin()
      stop.abort(reason)
      finishWork()
      await candidate.clock.advance(3_999)
      expect(candidate.resignations).toEqual([])
      await candidate.clock.advance(1)
      expect(candidate.resignations).toEqual([0])
      finishStop()
      await leading
    })

    test('is done after a loss too, and before it campaigns again', async () => {
      const [candidate, stop, leading] = await begin()
      await candidate.clock.advance(5_000)
      candidate.latest.end('expired')
      finishWork()
      await settled()
      expect(facts).toEqual(['signal', 'work ended', 'onStop, valid: false'])
      expect(candidate.campaigns).toBe(1)
      finishStop()
      await settled()
      expect(candidate.campaigns).toBe(2)
      stop.abort(reason)
      await leading
    })

    test('is done once a term, and never by a candidate that did not lead', async () => {
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      const stopped = vi.fn()
      const leading = candidate.lead(untilAsked, stop.signal, { onStop: stopped })
      stop.abort(reason)
      await leading
      expect(stopped).not.toHaveBeenCalled()
    })

    test('when it throws, lead() throws that after the key was given up', async () => {
      const candidate = new FakeCandidate().alwaysWins()
      const bug = new Error('a bug in onStop')
      const leading = candidate.lead(() => undefined, undefined, {
        onStop: () => Promise.reject(bug),
      })
      await expect(leading).rejects.toBe(bug)
      expect(candidate.resignations).toEqual([0])
    })

    test('is done when the work threw, and what the work threw counts', async () => {
      const candidate = new FakeCandidate().alwaysWins()
      const bug = new Error('a bug in the work')
      const stopped = vi.fn(() => Promise.reject(new Error('another one')))
      const leading = candidate.lead(() => Promise.reject(bug), undefined, { onStop: stopped })
      await expect(leading).rejects.toBe(bug)
      expect(stopped).toHaveBeenCalledOnce()
    })
  })

  describe('with time to drain', () => {
    test('asks the work to stop that long before the end of a term that is not renewed', async () => {
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      const leading = candidate.lead(untilAsked, stop.signal, { drainMs: 1_500 })
      const leadership = candidate.wins()
      await settled()
      candidate.remainingMs = 4_000 - 2_499
      await candidate.clock.advance(2_500)
      expect(leadership.signal.aborted).toBe(false)
      candidate.remainingMs = 1_500
      await candidate.clock.advance(1)
      expect(leadership.signal.reason).toBeInstanceOf(LeadershipLostError)
      expect(candidate.resignations).toEqual([0])
      stop.abort(reason)
      await leading
    })

    test('leaves a term alone that is renewed', async () => {
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      const leading = candidate.lead(untilAsked, stop.signal, { drainMs: 1_500 })
      const leadership = candidate.wins()
      await candidate.clock.advance(60_000)
      expect(leadership.signal.aborted).toBe(false)
      stop.abort(reason)
      await leading
    })

    test.each([
      ['drainMs', { drainMs: -1 }],
      ['drainMs', { drainMs: 2_501 }],
      ['drainMs', { drainMs: NaN }],
      ['drainMs', { drainMs: '1' }],
      ['onStop', { onStop: 'now' }],
    ])('refuses a %s that cannot be: %j', (option, options) => {
      expect(() => checkLead(options as LeadOptions, 5)).toThrow(
        expect.objectContaining({ code: 'ELECT_INVALID_ARGUMENT', option }) as Error,
      )
      expect(checkLead({ drainMs: 2_500 }, 5)).toEqual({ drainMs: 2_500 })
    })
  })

  describe('when its signal is aborted', () => {
    test('before it begins, never campaigns', async () => {
      const candidate = new FakeCandidate()
      await candidate.lead(() => undefined, AbortSignal.abort(reason))
      expect(candidate.campaigns).toBe(0)
    })

    test('while it campaigns, ends', async () => {
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      const leading = candidate.lead(() => undefined, stop.signal)
      stop.abort(reason)
      await expect(leading).resolves.toBeUndefined()
    })

    test('while it pauses, ends', async () => {
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      const leading = candidate.lead(() => undefined, stop.signal)
      candidate.fails(new UnavailableError('no etcd'))
      await settled()
      stop.abort(reason)
      await expect(leading).resolves.toBeUndefined()
      expect(candidate.campaigns).toBe(1)
    })

    test('while it leads, asks the work to stop and lets it finish as the leader', async () => {
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      let finish: () => void = () => undefined
      const leading = candidate.lead(
        () => new Promise<void>((resolve) => (finish = resolve)),
        stop.signal,
      )
      const leadership = candidate.wins()
      await settled()
      stop.abort(reason)
      await candidate.clock.advance(3_999)
      expect(leadership.signal.reason).toBe(reason)
      expect(leadership.isValid()).toBe(true)
      expect(candidate.resignations).toEqual([])
      finish()
      await expect(leading).resolves.toBeUndefined()
      expect(candidate.resignations).toEqual([0])
      await expect(leadership.ended).resolves.toBe('resigned')
    })

    test('takes the leadership from work that does not stop in the time that was surely left', async () => {
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      let finish: () => void = () => undefined
      const leading = candidate.lead(
        () => new Promise<void>((resolve) => (finish = resolve)),
        stop.signal,
      )
      const leadership = candidate.wins()
      await settled()
      stop.abort(reason)
      await candidate.clock.advance(4_000)
      expect(candidate.resignations).toEqual([0])
      expect(leadership.isValid()).toBe(false)
      finish()
      await leading
      expect(candidate.resignations).toEqual([0])
    })

    test('between the victory and the work, asks the work to stop from the beginning', async () => {
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      let aborted: boolean | undefined
      const leading = candidate.lead(({ signal }) => (aborted = signal.aborted), stop.signal)
      candidate.wins()
      stop.abort(reason)
      await leading
      expect(aborted).toBe(true)
    })

    test('does not throw what the work throws because of that', async () => {
      const candidate = new FakeCandidate()
      const stop = new AbortController()
      const leading = candidate.lead(async (leadership) => {
        await untilAsked(leadership)
        leadership.signal.throwIfAborted()
      }, stop.signal)
      candidate.wins()
      await settled()
      stop.abort(reason)
      await expect(leading).resolves.toBeUndefined()
    })

    test('leaves neither a listener nor a timer behind', async () => {
      const candidate = new FakeCandidate()
      const setTimer = candidate.clock.setTimer.bind(candidate.clock)
      let pending = 0
      candidate.clock.setTimer = (delayMs, callback) => {
        pending += 1
        const cancel = setTimer(delayMs, callback)
        return () => {
          pending -= 1
          cancel()
        }
      }
      const stop = new AbortController()
      const first = candidate.lead(() => Promise.reject(reason), stop.signal)
      candidate.wins()
      await expect(first).rejects.toBe(reason)
      expect(getEventListeners(stop.signal, 'abort')).toEqual([])
      const second = candidate.lead(untilAsked, stop.signal)
      candidate.wins()
      await settled()
      stop.abort(reason)
      await second
      expect(pending).toBe(0)
    })
  })
})
