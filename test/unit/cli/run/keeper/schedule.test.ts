import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type LeadershipDeadline,
  defaultGraceMs,
  nextAction,
  killMarginMs,
  maxGraceMs,
  timeLeftMs,
} from '../../../../../src/cli/run/keeper/schedule.js'
import { validForMs } from '../../../../../src/lease/deadline.js'

const time = fc.integer({ min: 0, max: 100_000 })
const deadlines: fc.Arbitrary<LeadershipDeadline> = fc.record({ monotonicMs: time, wallMs: time })
const grace = fc.integer({ min: 0, max: 20_000 })

describe('due()', () => {
  test('says kill from the margin before the deadline on, on whichever clock gets there first', () => {
    fc.assert(
      fc.property(
        deadlines,
        deadlines,
        grace,
        fc.option(time, { nil: undefined }),
        (deadline, now, graceMs, askedAtMs) => {
          const next = nextAction({ deadline, graceMs, askedAtMs }, now)
          if (timeLeftMs(deadline, now) <= killMarginMs) expect(next).toEqual({ act: 'kill' })
        },
      ),
      { seed: 1 },
    )
  })

  test('never says to wait so long that the kill would come late', () => {
    fc.assert(
      fc.property(
        deadlines,
        deadlines,
        grace,
        fc.option(time, { nil: undefined }),
        (deadline, now, graceMs, askedAtMs) => {
          const next = nextAction({ deadline, graceMs, askedAtMs }, now)
          if (next.act !== 'nothing') return
          expect(next.forMs).toBeGreaterThan(0)
          const left = timeLeftMs(deadline, now) - killMarginMs - next.forMs
          expect(left).toBeGreaterThanOrEqual(askedAtMs === undefined ? graceMs : 0)
        },
      ),
      { seed: 2 },
    )
  })

  test('says ask first and kill after the grace period, when no renewal comes', () => {
    const deadline = { monotonicMs: 10_000, wallMs: 10_000 }
    const at = (ms: number) => ({ monotonicMs: ms, wallMs: ms })
    const before = { deadline, graceMs: 2_000, askedAtMs: undefined }
    expect(nextAction(before, at(7_849))).toEqual({ act: 'nothing', forMs: 1 })
    expect(nextAction(before, at(7_850))).toEqual({ act: 'ask' })
    const asked = { ...before, askedAtMs: 7_850 }
    expect(nextAction(asked, at(7_850))).toEqual({ act: 'nothing', forMs: 2_000 })
    expect(nextAction(asked, at(9_850))).toEqual({ act: 'kill' })
  })

  test('does not extend the grace period when the deadline moves after asking', () => {
    const deadline = { monotonicMs: 90_000, wallMs: 90_000 }
    const now = { monotonicMs: 9_850, wallMs: 9_850 }
    expect(nextAction({ deadline, graceMs: 2_000, askedAtMs: 7_850 }, now)).toEqual({ act: 'kill' })
  })
})

test.each([2, 3, 5, 10, 30, 60])(
  'with a TTL of %i s neither the default nor the longest grace period ends CMD while renewals are on time',
  (ttlS) => {
    // The last moment before a renewal counts: a third of the TTL after the renewal before it.
    const left = validForMs(ttlS, 0.05) - (ttlS * 1000) / 3
    for (const graceMs of [defaultGraceMs(ttlS), maxGraceMs(ttlS)]) {
      if (ttlS === 2 && graceMs === maxGraceMs(ttlS)) continue
      const at = { monotonicMs: 0, wallMs: 0 }
      const deadline = { monotonicMs: left, wallMs: left }
      expect(nextAction({ deadline, graceMs, askedAtMs: undefined }, at).act).toBe('nothing')
    }
  },
)
