import { describe, expect, test } from 'vitest'
import { FormerLeaders } from '../../../src/election/former-leaders.js'
import { encode } from '../../../src/election/keys.js'
import { LockDelay } from '../../../src/election/lock-delay.js'
import { Roster } from '../../../src/election/roster.js'
import type { RosterSubscription } from '../../../src/election/roster-feed.js'
import { create } from '@bufbuild/protobuf'
import { Event_EventType as Type, EventSchema } from '../../../src/etcd/wire/gen/kv_pb.js'
import { FakeEtcd, kv } from '../../support/fake-etcd.js'
import { fakeLease } from '../../support/fake-renewal.js'

/** What a lease of 5 s can outlive its last renewal by: a drift of 5 % and the margin. */
const outlivedMs = 5_350

/** A subscription as far as a lock delay uses it. */
class FakeSubscription {
  readonly leaders = new FormerLeaders()

  get subscription(): RosterSubscription {
    return this as unknown as RosterSubscription
  }

  formerLeaders(): FormerLeaders {
    return this.leaders
  }
}

/** The candidates with tokens 1 and 2 are watched from now on. */
function setUp() {
  const { api, clock } = new FakeEtcd()
  const { lease } = fakeLease(api)
  const fake = new FakeSubscription()
  const roster = new Roster()
  roster.snapshot(2n, [...[1n, 2n].map((token) => kv(`jobs/${String(token)}`, '', token) as never)])
  fake.leaders.begin(roster, clock.monotonicMs())
  const lockDelay = new LockDelay(clock, 0.05)
  const looks: number[] = []
  return {
    ...{ clock, lockDelay, looks, leaders: fake.leaders },
    holdsBack: (token: bigint | undefined) =>
      lockDelay.holdsBack(token, lease, fake.subscription, () => looks.push(clock.monotonicMs())),
    removeFirst: () => {
      const gone = { type: Type.DELETE, kv: { key: encode('jobs/1'), modRevision: 3n } }
      fake.leaders.apply([create(EventSchema, gone)], clock.monotonicMs())
    },
  }
}

describe('a candidate', () => {
  test('that is the first is held back until no former leader can believe it leads', async () => {
    const { clock, holdsBack, looks } = setUp()
    expect(holdsBack(1n)).toBe(true)
    await clock.advance(outlivedMs - 1)
    expect(looks).toEqual([])
    expect(holdsBack(1n)).toBe(true)
    await clock.advance(1)
    expect(looks).toEqual([outlivedMs])
    expect(holdsBack(1n)).toBe(false)
  })

  test.each([
    ['without a key', undefined],
    ['that the watch does not show as the first', 2n],
  ])('%s is held back, and no time is known to look again', async (_what, token) => {
    const { clock, holdsBack, looks } = setUp()
    await clock.advance(60_000)
    expect(holdsBack(token)).toBe(true)
    await clock.advance(60_000)
    expect(looks).toEqual([])
  })

  test('waits out the leader before it', async () => {
    const { clock, holdsBack, removeFirst, looks } = setUp()
    await clock.advance(60_000)
    removeFirst()
    expect(holdsBack(2n)).toBe(true)
    await clock.advance(outlivedMs)
    expect(looks).toEqual([60_000 + outlivedMs])
    expect(holdsBack(2n)).toBe(false)
  })

  test('makes its own TTL known, for the leader after it', () => {
    const { holdsBack, leaders } = setUp()
    holdsBack(2n)
    expect(leaders.knows(2n)).toBe(false)
    holdsBack(1n)
    expect(leaders.knows(1n)).toBe(true)
  })
})

test('only the last look at the delay leads to another', async () => {
  const { clock, holdsBack, looks } = setUp()
  holdsBack(1n)
  holdsBack(1n)
  await clock.advance(60_000)
  expect(looks).toHaveLength(1)
})

test('a delay that is cancelled leads to no look', async () => {
  const { clock, holdsBack, lockDelay, looks } = setUp()
  holdsBack(1n)
  lockDelay.cancel()
  await clock.advance(60_000)
  expect(looks).toEqual([])
})
