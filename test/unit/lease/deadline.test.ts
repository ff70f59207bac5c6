import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Acknowledgement,
  afterAcknowledgement,
  type Deadline,
  afterGrant,
  possiblyRemainingMs,
  type Instant,
  remainingMs,
  validForMs,
  confirm,
} from '../../../src/lease/deadline.js'

/** The wall clock shows another time than the monotonic one, and runs at the same rate. */
const at = (monotonicMs: number, wallMs = monotonicMs + 1_000_000): Instant => ({
  monotonicMs,
  wallMs,
})

const ack = (sentAtMs: number, raftTerm = 7n): Acknowledgement => ({
  sentAt: at(sentAtMs),
  raftTerm,
})

/** A verifying read that is sent now and answered. */
const read = (deadline: Deadline, raftTerm = 7n): Deadline =>
  confirm(deadline, deadline.unconfirmed, raftTerm)

describe('how long a renewal counts', () => {
  test.each([
    [5, 0.05, 4_650],
    [5, 0, 4_900],
    [2, 0.05, 1_800],
    [2, 0.5, 900],
    [60, 0.05, 56_900],
    [9_000_000_000, 0, 9e12 - 100],
  ])('a TTL of %i s, less a drift of %f and a margin of 100 ms: %i ms', (ttl, drift, ms) => {
    expect(validForMs(ttl, drift)).toBeCloseTo(ms, 6)
  })

  test('is never negative', () => {
    expect(validForMs(0, 0.05)).toBe(0)
  })
})

describe('a deadline', () => {
  const fresh = afterGrant(at(1_000), 4_000)

  test('counts from the sending of the grant', () => {
    expect(remainingMs(fresh, at(1_000))).toBe(4_000)
    expect(remainingMs(fresh, at(4_999))).toBe(1)
    expect(remainingMs(fresh, at(5_000))).toBe(0)
    expect(remainingMs(fresh, at(1_000_000))).toBe(0)
  })

  test('is not moved by an unconfirmed answer', () => {
    const answered = afterAcknowledgement(fresh, ack(2_000))
    expect(remainingMs(answered, at(2_100))).toBe(remainingMs(fresh, at(2_100)))
  })

  test('counts from the sending of a renewal, not from its answer, once that is confirmed', () => {
    const renewed = read(afterAcknowledgement(fresh, ack(2_000)))
    expect(remainingMs(renewed, at(3_600))).toBe(2_400)
    expect(renewed.unconfirmed).toBeUndefined()
  })

  test('is not moved by a reading that was sent before the answer came, even at the same instant', () => {
    const waitingAtSending = fresh.unconfirmed
    const answered = afterAcknowledgement(fresh, ack(2_000))
    expect(confirm(answered, waitingAtSending, 7n)).toBe(answered)
  })

  test.each([
    ['another term of raft', 8n],
    ['an earlier term of raft', 6n],
  ])('is not moved by a reading that comes from %s', (_what, raftTerm) => {
    const answered = afterAcknowledgement(fresh, ack(2_000))
    expect(read(answered, raftTerm)).toBe(answered)
  })

  test('is not moved by a reading when no answer waits for one', () => {
    expect(read(fresh)).toBe(fresh)
  })

  test('is not moved back by an answer to an older request', () => {
    const renewed = read(afterAcknowledgement(fresh, ack(2_000)))
    expect(afterAcknowledgement(renewed, ack(2_000))).toBe(renewed)
    expect(afterAcknowledgement(renewed, ack(1_500))).toBe(renewed)
    const waiting = afterAcknowledgement(fresh, ack(2_000))
    expect(afterAcknowledgement(waiting, ack(1_999))).toBe(waiting)
  })

  test('has that answer confirmed which waited when the reading was sent, and no later one', () => {
    const first = afterAcknowledgement(fresh, ack(2_000))
    const both = afterAcknowledgement(first, ack(3_000))
    const firstConfirmed = confirm(both, first.unconfirmed, 7n)
    expect(remainingMs(firstConfirmed, at(3_100))).toBe(2_900)
    expect(firstConfirmed.unconfirmed).toBe(both.unconfirmed)
    expect(remainingMs(read(firstConfirmed), at(3_100))).toBe(3_900)
  })

  test('is not moved back by a slow reading that confirms an older answer', () => {
    const first = afterAcknowledgement(fresh, ack(2_000))
    const renewed = read(afterAcknowledgement(first, ack(3_000)))
    expect(confirm(renewed, first.unconfirmed, 7n)).toBe(renewed)
  })

  test('holds on the wall clock too, because the monotonic one may stand still in a suspended host', () => {
    expect(remainingMs(fresh, { monotonicMs: 1_100, wallMs: at(4_900).wallMs })).toBe(100)
    expect(remainingMs(fresh, { monotonicMs: 1_100, wallMs: at(5_000).wallMs })).toBe(0)
  })

  test('does not become longer when the wall clock is set back', () => {
    expect(remainingMs(fresh, { monotonicMs: 2_000, wallMs: 0 })).toBe(3_000)
    expect(remainingMs(fresh, { monotonicMs: 5_000, wallMs: 0 })).toBe(0)
  })
})

describe('the hope that a lease lives', () => {
  const fresh = afterGrant(at(1_000), 4_000)

  test('counts unconfirmed answers', () => {
    expect(possiblyRemainingMs(fresh, 2_000)).toBe(3_000)
    expect(possiblyRemainingMs(afterAcknowledgement(fresh, ack(1_500)), 2_000)).toBe(3_500)
  })

  test('looks at the monotonic clock alone, and is never negative', () => {
    expect(
      possiblyRemainingMs(afterGrant({ monotonicMs: 1_000, wallMs: -1e15 }, 4_000), 2_000),
    ).toBe(3_000)
    expect(possiblyRemainingMs(fresh, 5_001)).toBe(0)
  })
})

/**
 * A lease in etcd and its client. Requests and answers take any time, members are deposed without
 * noticing and go on answering, the client's clock runs fast or slow within its bound, and hosts
 * sleep.
 *
 * etcd's clock shows true time. Where etcd may end a lease late, this one ends it as early as it
 * may.
 */
class World {
  readonly #ttlMs: number
  readonly #rate: number
  #nowMs = 0
  #sleptMs = 0
  #setForwardMs = 0
  #term = 5n
  #livesUntilMs = 0
  #deadline: Deadline
  readonly #renewals: { sentAt: Instant; servedBy?: bigint }[] = []
  readonly #readings: { waiting: Acknowledgement | undefined; servedBy?: bigint }[] = []

  constructor(ttlS: number, drift: number, rate: number) {
    this.#ttlMs = ttlS * 1_000
    this.#rate = rate
    this.#livesUntilMs = this.#ttlMs
    this.#deadline = afterGrant(this.clientNow, validForMs(ttlS, drift))
  }

  /**
   * The client's clocks. The wall clock may also be set forward, which must never make the client
   * believe longer.
   */
  get clientNow(): Instant {
    const monotonicMs = 500 + (this.#nowMs - this.#sleptMs) * this.#rate
    return { monotonicMs, wallMs: 1e12 + this.#nowMs * this.#rate + this.#setForwardMs }
  }

  get clientBelieves(): boolean {
    return remainingMs(this.#deadline, this.clientNow) > 0
  }

  get lives(): boolean {
    return this.#nowMs < this.#livesUntilMs
  }

  do(action: Action): void {
    switch (action.does) {
      case 'pass':
        this.#nowMs += action.ms
        return
      case 'sleep':
        this.#nowMs += action.ms
        this.#sleptMs += action.ms
        return
      case 'setForward':
        this.#setForwardMs += action.ms
        return
      case 'renew':
        this.#renewals.push({ sentAt: this.clientNow })
        return
      case 'serveRenewal':
        this.#serveRenewal(action.deposed)
        return
      case 'answerRenewal':
        this.#answerRenewal()
        return
      case 'read':
        this.#readings.push({ waiting: this.#deadline.unconfirmed })
        return
      case 'serveReading': {
        // Linearizable: the member that answers has asked a majority whether it still leads etcd.
        const reading = this.#readings.find(({ servedBy }) => servedBy === undefined)
        if (reading !== undefined) reading.servedBy = this.#term
        return
      }
      case 'answerReading': {
        const [reading] = this.#readings
        if (reading?.servedBy === undefined) return
        this.#readings.shift()
        this.#deadline = confirm(this.#deadline, reading.waiting, reading.servedBy)
        return
      }
      case 'depose':
        this.#term += 1n
        return
    }
    action satisfies never
  }

  #serveRenewal(byDeposed: boolean): void {
    const renewal = this.#renewals.find(({ servedBy }) => servedBy === undefined)
    if (renewal === undefined) return
    if (byDeposed) {
      // This member was deposed and has not noticed; its promises do not count.
      renewal.servedBy = this.#term - 1n
    } else if (this.lives) {
      renewal.servedBy = this.#term
      this.#livesUntilMs = this.#nowMs + this.#ttlMs
    }
  }

  #answerRenewal(): void {
    const [renewal] = this.#renewals
    if (renewal?.servedBy === undefined) return
    this.#renewals.shift()
    this.#deadline = afterAcknowledgement(this.#deadline, {
      sentAt: renewal.sentAt,
      raftTerm: renewal.servedBy,
    })
  }
}

type Action =
  | { readonly does: 'pass' | 'sleep' | 'setForward'; readonly ms: number }
  | { readonly does: 'serveRenewal'; readonly deposed: boolean }
  | {
      readonly does:
        'renew' | 'answerRenewal' | 'read' | 'serveReading' | 'answerReading' | 'depose'
    }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('pass' as const), ms: fc.nat({ max: 3_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constantFrom('sleep' as const, 'setForward' as const),
      ms: fc.nat({ max: 10_000 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('serveRenewal' as const),
      deposed: fc.oneof(fc.constant(false), fc.constant(false), fc.constant(true)),
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({
      does: fc.constantFrom(
        'renew' as const,
        'answerRenewal' as const,
        'read' as const,
        'serveReading' as const,
        'answerReading' as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ does: 'depose' as const }) },
)

/** A course without faults, which chance alone would produce too rarely. */
const goodDay: Action[] = [
  { does: 'renew' },
  { does: 'serveRenewal', deposed: false },
  { does: 'answerRenewal' },
  { does: 'read' },
  { does: 'serveReading' },
  { does: 'answerReading' },
]

const actions: fc.Arbitrary<Action[]> = fc
  .array(
    fc.oneof(
      { weight: 12, arbitrary: action.map((one) => [one]) },
      { weight: 1, arbitrary: fc.constant(goodDay) },
    ),
    { minLength: 10, maxLength: 60 },
  )
  .map((parts) => parts.flat())

const drift = 0.05

describe('whatever happens to clocks, requests and members', () => {
  test('the client never believes in a lease that etcd may have ended', () => {
    let believedAfterRenewal = 0
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.double({ min: 1 - drift, max: 1 + drift, noNaN: true }),
        actions,
        (ttlS, rate, all) => {
          const world = new World(ttlS, drift, rate)
          let passedMs = 0
          for (const next of all) {
            world.do(next)
            if (next.does === 'pass' || next.does === 'sleep') passedMs += next.ms
            if (world.clientBelieves && passedMs > ttlS * 1_000) believedAfterRenewal += 1
            if (world.clientBelieves && !world.lives) return false
          }
          return true
        },
      ),
      { numRuns: 20_000 },
    )
    // Otherwise the test would show nothing: a client that never believes in a renewal is always
    // right.
    expect(believedAfterRenewal).toBeGreaterThan(100)
  })

  test('a reading does not confirm an answer that came after it at the same instant of the clock', () => {
    const world = new World(1, drift, 0.95)
    world.do({ does: 'pass', ms: 1_000 })
    world.do({ does: 'read' })
    world.do({ does: 'serveReading' })
    world.do({ does: 'depose' })
    world.do({ does: 'renew' })
    world.do({ does: 'serveRenewal', deposed: true })
    world.do({ does: 'answerRenewal' })
    world.do({ does: 'answerReading' })
    expect(world.lives).toBe(false)
    expect(world.clientBelieves).toBe(false)
  })

  test('a clock that is slower than the bound would be believed too long, so the bound is needed', () => {
    const world = new World(5, drift, 0.9)
    world.do({ does: 'pass', ms: 5_001 })
    expect(world.clientBelieves && !world.lives).toBe(true)
  })
})
