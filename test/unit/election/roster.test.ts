import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { encode } from '../../../src/election/keys.js'
import { Roster } from '../../../src/election/roster.js'
import {
  Event_EventType as Type,
  EventSchema,
  KeyValueSchema,
} from '../../../src/etcd/wire/gen/kv_pb.js'

function kv(term: string, name: string, createRevision: bigint, modRevision = createRevision) {
  const value = { key: encode(term), value: encode(name), createRevision, modRevision }
  return create(KeyValueSchema, value)
}

function put(term: string, name: string, createRevision: bigint, modRevision = createRevision) {
  return create(EventSchema, { type: Type.PUT, kv: kv(term, name, createRevision, modRevision) })
}

function remove(term: string, modRevision: bigint) {
  return create(EventSchema, { type: Type.DELETE, kv: { key: encode(term), modRevision } })
}

/** Two candidates as of revision 5: a, which leads, and b. */
function two(): Roster {
  const roster = new Roster()
  roster.snapshot(5n, [kv('jobs/1', 'a', 3n), kv('jobs/2', 'b', 4n)])
  return roster
}

const namesOf = (roster: Roster): string[] => roster.list().map(({ name }) => name)

describe('a snapshot', () => {
  test('gives candidates in its order, with the token under both of its names', () => {
    const roster = two()
    expect(roster.first).toEqual({ term: 'jobs/1', name: 'a', fencingToken: 3n, revision: 3n })
    expect(namesOf(roster)).toEqual(['a', 'b'])
    expect(roster.revision).toBe(5n)
    expect(roster.size).toBe(2)
  })

  test('of an earlier or the same revision changes nothing', () => {
    const roster = two()
    expect(roster.snapshot(5n, [])).toBe(false)
    expect(roster.snapshot(4n, [])).toBe(false)
    expect(namesOf(roster)).toEqual(['a', 'b'])
  })

  test('of a later revision takes the place of everything', () => {
    const roster = two()
    expect(roster.snapshot(9n, [kv('jobs/3', 'c', 8n)])).toBe(true)
    expect(namesOf(roster)).toEqual(['c'])
  })
})

describe('events', () => {
  test('remove, add and rename, and keep the order of the queue', () => {
    const roster = two()
    expect(roster.apply([put('jobs/1', 'a2', 3n, 6n), put('jobs/3', 'c', 7n)])).toBe(true)
    expect(namesOf(roster)).toEqual(['a2', 'b', 'c'])
    expect(roster.apply([remove('jobs/1', 8n)])).toBe(true)
    expect(namesOf(roster)).toEqual(['b', 'c'])
    expect(roster.revision).toBe(8n)
  })

  test('of revisions that are known are passed over, each revision counts once', () => {
    const roster = two()
    expect(roster.apply([remove('jobs/1', 5n), put('jobs/9', 'late', 4n)])).toBe(false)
    expect(namesOf(roster)).toEqual(['a', 'b'])
    expect(roster.apply([remove('jobs/1', 5n), remove('jobs/2', 6n)])).toBe(true)
    expect(namesOf(roster)).toEqual(['a'])
  })

  test('of one revision are all applied', () => {
    const roster = two()
    roster.apply([remove('jobs/1', 6n), put('jobs/2', 'b', 4n, 6n), put('jobs/3', 'c', 6n)])
    expect(namesOf(roster)).toEqual(['b', 'c'])
  })

  test('a key that was removed and made again stands at the back', () => {
    const roster = two()
    roster.apply([remove('jobs/1', 6n), put('jobs/1', 'a', 7n)])
    expect(roster.list().map(({ fencingToken }) => fencingToken)).toEqual([4n, 7n])
  })
})

test('progress advances the revision, and never takes it back', () => {
  const roster = two()
  roster.upTo(9n)
  expect(roster.revision).toBe(9n)
  roster.upTo(7n)
  expect(roster.revision).toBe(9n)
  expect(roster.apply([remove('jobs/1', 9n)])).toBe(false)
})

test('a copy goes its own way', () => {
  const roster = two()
  const copy = roster.copy()
  copy.apply([remove('jobs/1', 6n)])
  expect(namesOf(roster)).toEqual(['a', 'b'])
  expect(namesOf(copy)).toEqual(['b'])
  expect(roster.revision).toBe(5n)
})

test('cleared, it takes any snapshot again', () => {
  const roster = two()
  roster.clear()
  expect(roster.first).toBeUndefined()
  expect(roster.snapshot(2n, [kv('jobs/7', 'new', 2n)])).toBe(true)
  expect(namesOf(roster)).toEqual(['new'])
})
