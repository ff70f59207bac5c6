// `lockDelay`: a new leader waits until no former leader can believe any more that it leads.

import { describe, expect, onTestFinished, test } from 'vitest'
import { Candidate, type CandidateOptions, type Etcd, type Leadership } from '../../src/index.js'
import { TestEtcd } from '../../src/testing/index.js'
import { isPending } from '../support/scope.js'

/** A TTL of 5 s, a clock drift of 5 %, and the margin. */
const delayMs = 5_350

function setUp() {
  const world = new TestEtcd()
  onTestFinished(() => world.close())
  const { clock } = world
  const candidate = (
    name: string,
    { on = world.connect(), ...options }: Partial<CandidateOptions> & { on?: Etcd } = {},
  ): Candidate => {
    return new Candidate(on, { election: 'jobs', name, ttl: 5, lockDelay: true, ...options })
  }
  const campaigning = (candidate: Candidate): Promise<Leadership> => {
    const campaign = candidate.campaign()
    // The campaign may still be under way when the test ends.
    campaign.catch(() => undefined)
    return campaign
  }
  /** Resolves with the milliseconds until the promise settles. */
  const takes = async (waiting: Promise<unknown>): Promise<number> => {
    let settled = false
    void waiting.finally(() => (settled = true)).catch(() => undefined)
    return clock.advanceUntil(() => settled, 60_000)
  }
  const elected = async (candidate: Candidate): Promise<Leadership> => {
    const campaign = campaigning(candidate)
    await takes(campaign)
    return campaign
  }
  return { world, clock, candidate, campaigning, takes, elected }
}

describe('lockDelay', () => {
  test('is off unless asked for, and true or false', async () => {
    const { candidate, takes } = setUp()
    expect(await takes(candidate('a', { lockDelay: undefined }).campaign())).toBe(0)
    expect(() => candidate('a', { lockDelay: 5 as never })).toThrow(
      expect.objectContaining({
        code: 'ELECT_INVALID_ARGUMENT',
        message: expect.stringMatching(/lockDelay: expected true or false/) as string,
      }),
    )
  })

  test('makes the first leader wait: it cannot know who led before it looked', async () => {
    const { candidate, takes } = setUp()
    expect(await takes(candidate('a').campaign())).toBe(delayMs)
  })

  test('costs nothing when it has been looking for long enough', async () => {
    const { candidate, takes, clock } = setUp()
    const a = candidate('a')
    await takes(a.init())
    await clock.advance(delayMs)
    expect(await takes(a.campaign())).toBe(0)
  })

  test.each([
    ['resigned', (leader: Candidate) => leader.resign()],
    ['closed', (leader: Candidate) => leader.close()],
  ])('costs nothing when the predecessor has %s', async (_how, leave) => {
    const { candidate, campaigning, takes, elected, clock } = setUp()
    const a = candidate('a')
    await elected(a)
    const campaigns = ['b', 'c', 'd'].map((name) => campaigning(candidate(name)))
    await clock.advance(delayMs)
    const left = leave(a)
    expect(await takes(campaigns[0] ?? left)).toBe(0)
    await left
    // The next candidates saw the same history, and do not wait either.
    await (await campaigns[0])?.resign()
    expect(await takes(campaigns[1] ?? left)).toBe(0)
  })

  test('waits for a leader whose key was deleted by hand: it believes until the news reaches it', async () => {
    const { world, candidate, campaigning, takes, elected, clock } = setUp()
    const far = world.connect()
    const a = candidate('a', { on: far })
    const leadership = await elected(a)
    const b = candidate('b')
    const next = campaigning(b)
    await clock.advance(delayMs)
    world.hold(far)
    world.deleteKey(leadership.term)
    expect(leadership.isValid()).toBe(true)
    let overlap = false
    void next.then(() => (overlap = leadership.isValid()))
    expect(await takes(next)).toBe(delayMs)
    expect(overlap).toBe(false)
  })

  test('waits for a leader whose lease was revoked, as by an etcd leader that was paused', async () => {
    const { world, candidate, campaigning, takes, elected, clock } = setUp()
    const far = world.connect()
    const a = candidate('a', { on: far })
    const leadership = await elected(a)
    const next = campaigning(candidate('b'))
    await clock.advance(delayMs)
    world.hold(far)
    world.revokeLease(a.session.leaseId ?? 0n)
    let overlap = false
    void next.then(() => (overlap = leadership.isValid()))
    expect(await takes(next)).toBe(delayMs)
    expect(overlap).toBe(false)
  })

  test('waits for the TTL of the former leader, not for its own', async () => {
    const { world, candidate, campaigning, takes, elected, clock } = setUp()
    const a = candidate('a', { ttl: 20 })
    const leadership = await elected(a)
    const next = campaigning(candidate('b'))
    await clock.advance(30_000)
    world.deleteKey(leadership.term)
    expect(await takes(next)).toBe(21_100)
  })

  test('waits for the leader before the former one too, when the former one led only briefly', async () => {
    const { world, candidate, campaigning, takes, elected, clock } = setUp()
    const far = world.connect()
    const a = candidate('a', { on: far, ttl: 20 })
    const leadership = await elected(a)
    // This candidate does not wait, and resigns without a mark, as Go does.
    const hasty = candidate('hasty', { lockDelay: false })
    const quick = hasty.campaign()
    await clock.advance(0)
    const next = campaigning(candidate('b'))
    await clock.advance(30_000)
    world.hold(far)
    world.deleteKey(leadership.term)
    await takes(quick)
    await takes(hasty.resign())
    expect(await takes(next)).toBe(21_100)
    expect(leadership.isValid()).toBe(false)
  })

  test('waits again when the history that it looked at has a gap', async () => {
    const { world, candidate, campaigning, takes, elected, clock } = setUp()
    const leadership = await elected(candidate('a'))
    const near = world.connect()
    const next = campaigning(candidate('b', { on: near }))
    await clock.advance(delayMs)
    world.cut(near)
    world.breakStreams(near)
    world.deleteKey(leadership.term)
    world.putKey('another', '')
    world.compact()
    world.heal(near)
    const waitedMs = await takes(next)
    expect(waitedMs).toBeGreaterThanOrEqual(delayMs)
  })

  test('does not keep a candidate from closing, whose lease ran out here while its key is still there', async () => {
    const { world, candidate, campaigning, takes, elected, clock } = setUp()
    const far = world.connect()
    const a = candidate('a', { on: far, ttl: 20 })
    const leadership = await elected(a)
    world.cut(far)
    world.breakStreams(far)
    await takes(leadership.ended)
    world.heal(far)
    void campaigning(candidate('b'))
    await clock.advance(100)
    await takes(a.close())
    expect(world.candidates('jobs')).toHaveLength(1)
  })

  test('does not wait for terms of its own process', async () => {
    const { world, candidate, takes, elected } = setUp()
    const a = candidate('a')
    const leadership = await elected(a)
    world.deleteKey(leadership.term)
    await takes(leadership.ended)
    expect(await takes(a.campaign())).toBe(0)
  })

  test('a key or a lease that is lost meanwhile is made again, and then led with', async () => {
    const { world, candidate, takes, clock } = setUp()
    const a = candidate('a')
    const campaign = a.campaign()
    await clock.advance(1_000)
    const { term } = a
    world.deleteKey(term)
    await clock.advance(1_000)
    world.revokeLease(a.session.leaseId ?? 0n)
    await clock.advance(1_000)
    expect(await isPending(campaign)).toBe(true)
    const waitedMs = await takes(campaign)
    const leadership = await campaign
    expect(waitedMs + 3_000).toBe(delayMs)
    expect(leadership.term).not.toBe(term)
    expect(leadership.isValid()).toBe(true)
  })

  test('a campaign that is given up meanwhile is never elected, and leaves no key', async () => {
    const { world, candidate, clock } = setUp()
    const a = candidate('a')
    const stop = new AbortController()
    const campaign = a.campaign({ signal: stop.signal })
    await clock.advance(1_000)
    expect(world.candidates('jobs')).toHaveLength(1)
    stop.abort(new Error('enough'))
    await expect(campaign).rejects.toThrow('enough')
    await clock.advance(10_000)
    expect(world.candidates('jobs')).toEqual([])
    expect(a.leadership).toBeUndefined()
  })
})
