// The oracle finds each violation in a history made by hand, and none in a correct history.

import { describe, expect, test } from 'vitest'
import type { Entry } from '../history.js'
import { judge } from './judge.js'
import type { Expectation, Rule } from './verdict.js'

/** Like Omit, but distributes over a union. */
type Anonymous<T> = T extends unknown ? Omit<T, 'who'> & { who?: string } : never
type Made = Anonymous<Entry>

const expected: Expectation = {
  ttlMs: 3_000,
  healWithinMs: 3_000,
  newsWithinMs: 1_000,
  excuses: true,
  candidates: 2,
  observers: 1,
  closed: ['a#1', 'b#1', 'o#1'],
}

/**
 * `a` leads with token 5 until a fault kills it, then `b` with token 7. Everything is well in
 * between and afterwards.
 */
const well: readonly Made[] = [
  { is: 'keys', at: 900, to: 901, revision: '7', keys: [key('a', 5), key('b', 7)] },
  { who: 'a#1', is: 'elected', at: 1_000, token: '5', term: 'a' },
  { who: 'o#1', is: 'observed', at: 1_001, revision: '5', token: '5' },
  { who: 'a#1', is: 'valid', at: 1_000, to: 2_000, token: '5' },
  { who: 'a#1', is: 'valid', at: 2_000, to: 3_000, token: '5' },
  { who: 'a#1', is: 'size', at: 1_500, heapMb: 20 },
  { who: 'a#1', is: 'wrote', at: 1_100, store: 'etcd', fenced: true, token: '5', place: '8' },
  { who: 'a#1', is: 'wrote', at: 1_100, store: 'postgres', fenced: true, token: '5', place: '1' },
  { is: 'fault', at: 2_500, to: 4_000, fault: 'one', on: 'a', excuse: undefined },
  { who: 'a#1', is: 'ended', at: 3_001, token: '5', why: 'expired' },
  { who: 'o#1', is: 'observed', at: 3_400, revision: '9', token: '7' },
  { who: 'b#1', is: 'elected', at: 3_500, token: '7', term: 'b' },
  { who: 'b#1', is: 'valid', at: 3_500, to: 9_000, token: '7' },
  { who: 'b#1', is: 'wrote', at: 3_600, store: 'etcd', fenced: true, token: '7', place: '10' },
  { who: 'b#1', is: 'wrote', at: 3_600, store: 'postgres', fenced: true, token: '7', place: '2' },
  { is: 'calm', at: 4_000 },
  { is: 'keys', at: 4_100, to: 4_110, revision: '12', keys: [key('b', 7), key('a', 11)] },
  { is: 'census', at: 6_000, leases: 2, watchers: 3, opened: 0, withinMs: 1_500 },
  { is: 'keys', at: 6_100, to: 6_110, revision: '12', keys: [key('b', 7), key('a', 11)] },
  { who: 'a#1', is: 'size', at: 6_000, heapMb: 22 },
  { who: 'b#1', is: 'ended', at: 9_001, token: '7', why: 'resigned' },
  ...['a#1', 'b#1', 'o#1'].map((who): Made => ({ who, is: 'closed', at: 9_100 })),
]

function key(name: string, create: number): { key: string; create: string } {
  return { key: `contested/${name}`, create: String(create) }
}

function rulesBrokenBy(made: readonly Made[], expectation = expected): Rule[] {
  const history = made.map((entry): Entry => ({ who: 'nemesis', ...entry }))
  history.sort((a, b) => a.at - b.at)
  return judge(history, expectation).violations.map(({ rule }) => rule)
}

function without(unwanted: (entry: Made) => boolean): Made[] {
  return well.filter((entry) => !unwanted(entry))
}

/** The history with some entries changed. */
function changed(which: (entry: Made) => boolean, change: object): Made[] {
  expect(well.filter(which)).not.toEqual([])
  return well.map((entry) => (which(entry) ? { ...entry, ...change } : entry))
}

test('finds nothing in a history that is as it should be', () => {
  expect(rulesBrokenBy(well)).toEqual([])
})

test('counts terms and writes, and measures how long healing took', () => {
  const history = well.map((entry): Entry => ({ who: 'nemesis', ...entry }))
  const late = history.map((entry) =>
    entry.is === 'valid' && entry.token === '7' ? { ...entry, at: 4_250 } : entry,
  )
  const { terms, writes, healings } = judge(late, expected)
  expect(terms).toBe(2)
  expect(writes).toEqual({ taken: 4, refused: 0, staleUnfenced: 0 })
  expect(healings).toEqual([{ calmAt: 4_000, ms: 250 }])
})

describe('finds', () => {
  const tooLong: Made = { who: 'a#1', is: 'valid', at: 3_000, to: 3_501, token: '5' }

  test('two leaders at once, be it for a millisecond', () => {
    expect(rulesBrokenBy([...well, tooLong])).toEqual(['two leaders at once'])
    expect(rulesBrokenBy([...well, { ...tooLong, to: 3_500 }])).toEqual([])
  })

  test('two leaders at once although a hand took the candidacy away, when the news does not come', () => {
    const by = (fault: string, tokens: string[]): Made[] =>
      changed((entry) => entry.is === 'fault', { fault, excuse: { by: 'hand', tokens } })
    const overlap = (ms: number): Made => ({ ...tooLong, to: 3_500 + ms })
    expect(rulesBrokenBy([...by('revoke', ['5']), overlap(900)])).toEqual([])
    expect(rulesBrokenBy([...by('revoke', ['5']), overlap(1_100)])).toEqual(['two leaders at once'])
    expect(rulesBrokenBy([...by('revoke', ['7']), overlap(10)])).toEqual(['two leaders at once'])
    const cut: Made = {
      is: 'fault',
      at: 2_400,
      to: 4_000,
      fault: 'cut',
      on: 'a',
      excuse: undefined,
    }
    expect(rulesBrokenBy([...by('revoke', ['5']), cut, overlap(1_100)])).toEqual([])
    expect(rulesBrokenBy([...by('revoke', ['5']), cut, overlap(3_100)])).toEqual([
      'two leaders at once',
    ])
  })

  test('two leaders at once although etcd does not honour leases, before that or beyond the TTL', () => {
    const lying = (from: number): Made[] =>
      changed((entry) => entry.is === 'fault', { excuse: { by: 'etcd', from } })
    const overlap = (ms: number): Made => ({ ...tooLong, to: 3_500 + ms })
    expect(rulesBrokenBy([...lying(3_400), overlap(2_900)])).toEqual([])
    expect(rulesBrokenBy([...lying(3_400), overlap(3_100)])).toEqual(['two leaders at once'])
    expect(rulesBrokenBy([...lying(3_600), overlap(10)])).toEqual(['two leaders at once'])
  })

  test('two leaders at once whoever caused it, when there is to be no excuse', () => {
    const strict = { ...expected, excuses: false }
    for (const excuse of [
      { by: 'hand', tokens: ['5'] },
      { by: 'etcd', from: 3_400 },
    ]) {
      const history = changed((entry) => entry.is === 'fault', { excuse })
      expect(rulesBrokenBy([...history, tooLong])).toEqual([])
      expect(rulesBrokenBy([...history, tooLong], strict)).toEqual(['two leaders at once'])
    }
  })

  test('one that leads while an older key is there', () => {
    const older = changed((entry) => entry.is === 'keys' && entry.at === 4_100, {
      at: 3_550,
      to: 3_560,
      keys: [key('a', 5), key('b', 7)],
    })
    const later: Made = {
      is: 'keys',
      at: 4_200,
      to: 4_210,
      revision: '12',
      keys: [key('b', 7), key('a', 11)],
    }
    expect(rulesBrokenBy([...older, later])).toEqual(['led while an older key was there'])
  })

  test('one that is told that it leads although its key is gone', () => {
    const gone: Made = { is: 'keys', at: 3_300, to: 3_310, revision: '9', keys: [key('a', 11)] }
    expect(rulesBrokenBy([...well, gone])).toEqual(['told "elected" with a dead key'])
    // A read from before the key was made shows nothing of it.
    expect(rulesBrokenBy([...well, { ...gone, revision: '6' }])).toEqual([])
  })

  test('a token that is smaller than one before, and one that two lead with', () => {
    const renamed = well.map((entry) =>
      'token' in entry && entry.token === '7' && entry.is !== 'observed'
        ? { ...entry, token: '4' }
        : entry,
    )
    expect(rulesBrokenBy(renamed)).toContain('token not greater than its predecessor’s')
    const same = changed((entry) => entry.is === 'valid' && entry.token === '7', { token: '5' })
    expect(rulesBrokenBy(same)).toContain('token not greater than its predecessor’s')
  })

  test.each(['etcd', 'postgres'] as const)(
    'a stale write that %s took against its fence',
    (store) => {
      const stale: Made = {
        who: 'a#1',
        is: 'wrote',
        at: 1_200,
        store,
        fenced: true,
        token: '5',
        place: '99',
      }
      expect(rulesBrokenBy([...well, stale])).toEqual(['stale fenced write taken'])
      expect(rulesBrokenBy([...well, { ...stale, place: undefined }])).toEqual([])
    },
  )

  test('and counts stale writes where there is no fence', () => {
    const write = (token: string, place: string): Made => ({
      ...{ who: 'a#1', is: 'wrote', at: 1_200, store: 'etcd', fenced: false, token, place },
    })
    const history = [...well, write('7', '20'), write('5', '21')]
    expect(rulesBrokenBy(history)).toEqual([])
    const entries = history.map((entry): Entry => ({ who: 'nemesis', ...entry }))
    expect(judge(entries, expected).writes.staleUnfenced).toBe(1)
  })

  test('an observer that goes back, by revision or by leader', () => {
    const back: Made = { who: 'o#1', is: 'observed', at: 3_450, revision: '8', token: '7' }
    expect(rulesBrokenBy([...well, back])).toEqual(['observer went back'])
    const older: Made = { ...back, revision: '10', token: '5' }
    const again: Made = { ...back, at: 3_460, revision: '10', token: '7' }
    expect(rulesBrokenBy([...well, older, again])).toEqual(['observer went back'])
    const nobody: Made = { ...back, revision: '9', token: undefined }
    const then: Made = { ...back, at: 3_460, revision: '10', token: '7' }
    expect(rulesBrokenBy([...well, nobody, then])).toEqual([])
  })

  test('an observer that shows somebody else when all is calm', () => {
    const stuck = without((entry) => entry.is === 'observed' && entry.token === '7')
    expect(rulesBrokenBy(stuck)).toEqual(['observer shows another leader after calm'])
  })

  test('a loss that is told twice, and one that is never told', () => {
    const twice: Made = { who: 'a#1', is: 'ended', at: 3_002, token: '5', why: 'revoked' }
    expect(rulesBrokenBy([...well, twice])).toEqual(['loss told twice'])
    const never = without((entry) => entry.is === 'ended' && entry.token === '5')
    expect(rulesBrokenBy(never)).toEqual(['loss never told'])
    // A killed process cannot be told.
    expect(rulesBrokenBy(never, { ...expected, closed: ['b#1', 'o#1'] })).toEqual([])
  })

  test('that nobody leads after calm, or too late', () => {
    const nobody = without((entry) => entry.is === 'valid' && entry.token === '7')
    expect(rulesBrokenBy(nobody)).toEqual(['no leader after calm'])
    const late = changed((entry) => entry.is === 'valid' && entry.token === '7', {
      at: 10_100,
      to: 11_000,
    })
    expect(rulesBrokenBy(late)).toEqual(['no leader after calm'])
  })

  test('that nobody leads although etcd can be reached', () => {
    const due: Made = { is: 'due', at: 9_050 }
    expect(rulesBrokenBy([...well, due])).toEqual(['no leader although etcd could be reached'])
    expect(rulesBrokenBy([...well, { ...due, at: 3_200 }])).toEqual([])
  })

  test('too many and too few keys', () => {
    for (const keys of [[key('b', 7)], [key('b', 7), key('a', 11), key('x', 12)]]) {
      const history = changed((entry) => entry.is === 'keys' && entry.at > 4_000, { keys })
      expect(rulesBrokenBy(history)).toEqual(['keys and candidates differ after calm'])
    }
  })

  test('leases, watches and requests of nobody', () => {
    const census = (change: object): Made[] => changed((entry) => entry.is === 'census', change)
    expect(rulesBrokenBy(census({ leases: 3 }))).toEqual(['leases of nobody'])
    expect(rulesBrokenBy(census({ watchers: 7 }))).toEqual(['watches of nobody'])
    expect(rulesBrokenBy(census({ opened: 7 }))).toEqual(['requests in calm'])
  })

  test('memory that grows', () => {
    const grown: Made = { who: 'a#1', is: 'size', at: 7_000, heapMb: 100 }
    expect(rulesBrokenBy([...well, grown])).toEqual(['memory grew'])
  })

  test('what never settles, gives up, or falls on the floor', () => {
    const open = without((entry) => entry.is === 'closed' && entry.who === 'b#1')
    expect(rulesBrokenBy(open)).toEqual(['never settled'])
    const failed: Made = { who: 'a#1', is: 'failed', at: 2_000, call: 'lead', error: 'x' }
    expect(rulesBrokenBy([...well, failed])).toEqual(['gave up'])
    const unhandled: Made = { who: 'a#1', is: 'unhandled', at: 2_000, error: 'x' }
    expect(rulesBrokenBy([...well, unhandled])).toEqual(['unhandled rejection'])
  })
})
