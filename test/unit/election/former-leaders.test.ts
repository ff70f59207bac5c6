import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { FormerLeaders } from '../../../src/election/former-leaders.js'
import { encode } from '../../../src/election/keys.js'
import { Roster } from '../../../src/election/roster.js'
import {
  type Event,
  Event_EventType as Type,
  EventSchema,
  KeyValueSchema,
} from '../../../src/etcd/wire/gen/kv_pb.js'

const ttlS = 5
const drift = 0.05
/** For how long a lease of 5 s can outlive its last renewal: a drift of 5 % and the margin. */
const outlivedMs = 5_350

function put(term: string, createRevision: bigint, modRevision = createRevision): Event {
  const kv = { key: encode(term), value: encode(term), createRevision, modRevision }
  return create(EventSchema, { type: Type.PUT, kv })
}

function remove(term: string, modRevision: bigint): Event {
  return create(EventSchema, { type: Type.DELETE, kv: { key: encode(term), modRevision } })
}

/**
 * Three candidates with tokens 1 to 3, watched since 0 ms. Earlier leaders are outlived by then.
 */
function three(): FormerLeaders {
  const roster = new Roster()
  roster.snapshot(
    3n,
    [1n, 2n, 3n].map((createRevision) =>
      create(KeyValueSchema, {
        key: encode(`jobs/${String(createRevision)}`),
        createRevision,
        modRevision: createRevision,
      }),
    ),
  )
  const leaders = new FormerLeaders()
  leaders.begin(roster, 0)
  leaders.learn(1n, ttlS)
  return leaders
}

const begunMs = 100_000
const delayMs = (leaders: FormerLeaders, token: bigint, nowMs: number): number =>
  leaders.delayMs(token, ttlS, drift, nowMs)

describe('a new leader', () => {
  test('waits out the leaders from before the watch began', () => {
    const leaders = three()
    expect(delayMs(leaders, 1n, 0)).toBe(outlivedMs)
    expect(delayMs(leaders, 1n, outlivedMs)).toBeLessThanOrEqual(0)
  })

  test('waits out the leader before it, from the removal of its key on', () => {
    const leaders = three()
    leaders.apply([remove('jobs/1', 4n)], begunMs)
    expect(delayMs(leaders, 2n, begunMs + 1_000)).toBe(outlivedMs - 1_000)
  })

  test('waits for the TTL that was learnt, also when that is longer than its own', () => {
    const leaders = three()
    leaders.learn(1n, 60)
    leaders.apply([remove('jobs/1', 4n)], begunMs)
    expect(delayMs(leaders, 2n, begunMs)).toBe(60 * 1_050 + 100)
  })

  test('does not wait for a leader that marked its leave', () => {
    const leaders = three()
    leaders.apply([remove('jobs/1', 4n), put('jobs/2', 2n, 4n)], begunMs)
    expect(delayMs(leaders, 2n, begunMs)).toBeLessThanOrEqual(0)
  })

  test('waits when the other write came one revision later: that is no mark', () => {
    const leaders = three()
    leaders.apply([remove('jobs/1', 4n), put('jobs/2', 2n, 5n)], begunMs)
    expect(delayMs(leaders, 2n, begunMs)).toBe(outlivedMs)
  })

  test('does not wait for a candidate that never was the first', () => {
    const leaders = three()
    leaders.apply([remove('jobs/2', 4n)], begunMs)
    expect(delayMs(leaders, 1n, begunMs)).toBeLessThanOrEqual(0)
  })

  test('waits without end while the watch does not show it as the first', () => {
    expect(delayMs(three(), 2n, begunMs)).toBe(Infinity)
  })
})

describe('a leader of this process that knows of its end', () => {
  test('is not waited for when it says so before its key is seen to go', () => {
    const leaders = three()
    leaders.vouchFor('jobs/1', 1n)
    leaders.apply([remove('jobs/1', 4n)], begunMs)
    expect(delayMs(leaders, 2n, begunMs)).toBeLessThanOrEqual(0)
  })

  test('is not waited for when it says so afterwards', () => {
    const leaders = three()
    leaders.apply([remove('jobs/1', 4n)], begunMs)
    leaders.vouchFor('jobs/1', 1n)
    expect(delayMs(leaders, 2n, begunMs)).toBeLessThanOrEqual(0)
  })

  test('speaks for that candidacy only, not for the next one under the same key', () => {
    const leaders = three()
    leaders.vouchFor('jobs/1', 1n)
    leaders.apply([remove('jobs/1', 4n), remove('jobs/2', 5n), remove('jobs/3', 6n)], begunMs)
    leaders.apply([put('jobs/1', 7n), put('jobs/4', 8n)], begunMs + 20_000)
    leaders.apply([remove('jobs/1', 9n)], begunMs + 20_000)
    expect(delayMs(leaders, 8n, begunMs + 20_000)).toBe(outlivedMs)
  })
})

test('after a gap in the watch, every earlier leader counts again', () => {
  const leaders = three()
  const roster = new Roster()
  roster.snapshot(9n, [create(KeyValueSchema, { key: encode('jobs/9'), createRevision: 9n })])
  leaders.begin(roster, begunMs)
  expect(delayMs(leaders, 9n, begunMs)).toBe(outlivedMs)
})

test('events that were seen before are nothing new', () => {
  const leaders = three()
  expect(leaders.apply([remove('jobs/1', 3n)], begunMs)).toBe(false)
  expect(leaders.apply([remove('jobs/1', 4n)], begunMs)).toBe(true)
})
