import { describe, expect, test, vi } from 'vitest'
import type { LeadershipEnd } from '../../../src/election/machine.js'
import { LeadershipLostError, NotLeaderError } from '../../../src/base/errors.js'
import { FakeCandidate } from '../../support/fake-candidate.js'

describe('a leadership', () => {
  test('is valid as long as its lease, and over for good once it ended', async () => {
    const candidate = new FakeCandidate()
    void candidate.campaign({})
    const leadership = candidate.wins()
    expect([leadership.isValid(), leadership.remainingMs()]).toEqual([true, 4_000])
    candidate.remainingMs = 0
    expect([leadership.isValid(), leadership.remainingMs()]).toEqual([false, 0])
    candidate.remainingMs = 4_000
    expect(leadership.signal.aborted).toBe(false)
    leadership.end('expired')
    expect([leadership.isValid(), leadership.remainingMs()]).toEqual([false, 0])
    await expect(leadership.ended).resolves.toBe('expired')
  })

  test.each([
    ['resigned', /given up on purpose/],
    ['expired', /could not be renewed in time/],
    ['deleted', /key was removed from etcd/],
    ['revoked', /no longer has the lease/],
    ['closed', /was closed/],
    ['refused', /no longer lets this user see/],
  ] satisfies [LeadershipEnd, RegExp][])('tells how it ended: %s', async (end, story) => {
    const candidate = new FakeCandidate()
    const leadership = candidate.wins()
    leadership.end(end)
    const { reason } = leadership.signal as { reason: LeadershipLostError }
    expect(reason).toBeInstanceOf(LeadershipLostError)
    expect(reason.message).toMatch(story)
    expect(reason.message).toContain("'jobs/1a'")
    expect((reason.cause as Error).message).toMatch(story)
    await expect(leadership.ended).resolves.toBe(end)
  })

  test('ends once: what comes later changes nothing', async () => {
    const leadership = new FakeCandidate().wins()
    const aborted = vi.fn()
    leadership.signal.addEventListener('abort', aborted)
    leadership.end('expired')
    leadership.end('deleted')
    expect(aborted).toHaveBeenCalledOnce()
    await expect(leadership.ended).resolves.toBe('expired')
  })

  test('that is over neither proclaims nor resigns', async () => {
    const candidate = new FakeCandidate()
    const leadership = candidate.wins()
    leadership.end('expired')
    await expect(leadership.proclaim('web-2')).rejects.toBeInstanceOf(NotLeaderError)
    await expect(leadership.resign()).resolves.toBeUndefined()
    await expect(leadership[Symbol.asyncDispose]()).resolves.toBeUndefined()
    expect(candidate.resignations).toEqual([])
  })

  test('is given up at the end of the block that holds it', async () => {
    const candidate = new FakeCandidate()
    {
      await using leadership = candidate.wins()
      expect(leadership.isValid()).toBe(true)
    }
    expect(candidate.resignations).toEqual([0])
  })
})
