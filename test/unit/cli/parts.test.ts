import { describe, expect, test } from 'vitest'
import { parseDuration, parseInteger } from '../../../src/cli/option-values.js'
import { electionOf, prefixRangeEnd } from '../../../src/cli/find-elections.js'
import { mayActOnTerm } from '../../../src/cli/operator-actions.js'
import { parseStat, ProcessSession } from '../../../src/cli/run/keeper/process-session.js'
import { formatTable, escapeControls } from '../../../src/cli/terminal/format.js'

describe('durations', () => {
  test.each([
    ['5', 5_000],
    ['2.5', 2_500],
    ['0', 0],
    ['500ms', 500],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration('--wait', text)).toBe(ms)
  })

  test.each(['', 'x', '-1', '5 s', '5sx', 's5', '1e3', 'Infinity', '99999999', '1s 2s', '0x10'])(
    '%j is refused with the name of the option',
    (text) => {
      expect(() => parseDuration('--wait', text)).toThrow(/^--wait: expected seconds.*got/)
    },
  )

  test('whole numbers are checked against their bounds', () => {
    expect(parseInteger('--ttl', '5', 1, 10)).toBe(5)
    for (const text of ['0', '11', '1.5', '', '-1', '5 ', '１']) {
      expect(() => parseInteger('--ttl', text, 1, 10)).toThrow(/^--ttl: expected a whole number/)
    }
  })
})

describe('elections found by their keys', () => {
  test.each([
    ['a/7b', 0x7bn, 'a'],
    ['a/b/7b', 0x7bn, 'a/b'],
    ['a/7B', 0x7bn, undefined],
    ['a/07b', 0x7bn, undefined],
    ['a/7c', 0x7bn, undefined],
    ['a/0', 0n, undefined],
    ['7b', 0x7bn, undefined],
    ['/7b', 0x7bn, undefined],
    // Go writes an id beyond 2^63 with a sign, and never grants one.
    ['a/ffffffffffffffff', -1n, 'a'],
  ])('%s on lease %s: %s', (key, lease, election) => {
    expect(electionOf(key, lease)).toBe(election)
  })

  test('the end of the range of a prefix is the first key without that prefix', () => {
    expect([...prefixRangeEnd('a')]).toEqual([0x62])
    expect([...prefixRangeEnd('shard/')]).toEqual([...Buffer.from('shard0')])
    expect([...prefixRangeEnd('')]).toEqual([0])
  })
})

test('the CMD of elect run may act on its own term, and other callers on any term', () => {
  const leader = { term: 'jobs/7b', name: 'web-1', fencingToken: 12n, revision: 12n }
  const own = { ELECT_ELECTION: 'jobs', ELECT_TERM: 'jobs/7b', ELECT_FENCING_TOKEN: '12' }
  expect(mayActOnTerm({}, 'jobs', leader)).toBe(true)
  expect(mayActOnTerm(own, 'jobs', leader)).toBe(true)
  expect(mayActOnTerm({ ...own, ELECT_FENCING_TOKEN: '11' }, 'jobs', leader)).toBe(false)
  expect(mayActOnTerm({ ...own, ELECT_TERM: 'jobs/7c' }, 'jobs', leader)).toBe(false)
  expect(mayActOnTerm({ ...own, ELECT_TERM: 'x/1' }, 'others', leader)).toBe(true)
})

test('a line of /proc/PID/stat is parsed also when the name of the program looks like its end', () => {
  const line = '42 (sh) S 1 (x) S 1 40 39 0 -1 4194304'
  expect(parseStat(line)).toEqual({ group: 40, session: 39, isAlive: true })
  expect(parseStat('42 (sh) Z 1 40 39 0')).toMatchObject({ isAlive: false })
})

test('a session without processes is gone', () => {
  expect(new ProcessSession(2 ** 22 + 1).isGone()).toBe(true)
})

test('tables are as wide as their cells, and control characters in names are escaped', () => {
  expect(
    formatTable([
      ['A', 'B'],
      ['long', 'x'],
    ]),
  ).toBe('A     B\nlong  x')
  expect(formatTable([])).toBe('')
  expect(escapeControls('a\u001b[2J\n\u202eb')).toBe(String.raw`a\u001b[2J\u000a\u202eb`)
})
