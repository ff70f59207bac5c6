import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { InvalidArgumentError } from '../../../src/base/errors.js'
import {
  candidacies,
  checkElection,
  checkName,
  decode,
  encode,
  isNested,
  termKey,
} from '../../../src/election/keys.js'

/** Names that an election may have. */
const election = fc
  .string({ unit: 'binary', minLength: 1 })
  .filter((text) => text.isWellFormed() && !/^\/|\/$|\0/.test(text))

/** etcd's order of keys, and which keys a range holds. */
function holds({ key, rangeEnd }: { key: Uint8Array; rangeEnd: Uint8Array }, text: string) {
  const bytes = encode(text)
  return Buffer.compare(key, bytes) <= 0 && Buffer.compare(bytes, rangeEnd) < 0
}

describe('the key of a candidacy', () => {
  test.each([
    [0x694d9a1b2c3d4e5fn, 'jobs/694d9a1b2c3d4e5f'],
    // Go's %x pads nothing.
    [0xan, 'jobs/a'],
    [0x7fffffffffffffffn, 'jobs/7fffffffffffffff'],
  ])('ends in its lease, in hex as Go writes it: %d', (lease, key) => {
    expect(termKey('jobs', lease)).toBe(key)
  })
})

describe('the range of an election', () => {
  test('is the prefix that Go and etcdctl ask for', () => {
    expect(candidacies('jobs')).toEqual({ key: encode('jobs/'), rangeEnd: encode('jobs0') })
  })

  test('holds every candidacy of it', () => {
    fc.assert(
      fc.property(election, fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }), (name, lease) =>
        holds(candidacies(name), termKey(name, lease)),
      ),
    )
  })

  test('holds what begins with its name and a slash, and nothing else', () => {
    fc.assert(
      fc.property(election, election, (name, other) => {
        for (const key of [other, `${name}${other}`, `${name}/${other}`]) {
          expect(holds(candidacies(name), key)).toBe(key.startsWith(`${name}/`))
        }
      }),
    )
  })

  test('shows keys of an election whose name goes on after it', () => {
    expect(isNested('jobs', 'jobs/1a')).toBe(false)
    expect(isNested('jobs', 'jobs/nightly/1a')).toBe(true)
    expect(isNested('jobs/nightly', 'jobs/nightly/1a')).toBe(false)
  })
})

describe('names', () => {
  test.each([
    'jobs',
    'a/b/c',
    'a//b',
    ' ',
    '.',
    'münchen',
    '選挙',
    '🗳️🦊',
    '0',
    '-',
    '\n',
    '\ufeffx',
    '/',
    '/jobs',
    'jobs/',
    '/jobs/',
  ])('%j is an election', (name) => {
    expect(checkElection(name)).toBe(name)
  })

  test.each(['', 'jo\0bs', '\0', '\ud83e', 'a\udd8a'])('%j is no election', (name) => {
    expect(() => checkElection(name)).toThrow(InvalidArgumentError)
    expect(() => checkElection(name)).toThrow(/^election: expected a non-empty name/)
  })

  test.each(['web-1', '/', 'a/', '\0', '🦊', ' ', 'x'.repeat(2 ** 20)])(
    'a candidate may be called %.10j',
    (name) => {
      expect(checkName(name)).toBe(name)
    },
  )

  test.each(['', '\ud83e', 'a\udd8a', null, undefined, 5, {}, ['web-1']])(
    'a candidate may not be called %j',
    (name) => {
      expect(() => checkName(name)).toThrow(InvalidArgumentError)
      expect(() => checkName(name)).toThrow(/^name: expected a non-empty, well-formed/)
    },
  )

  test('come back from etcd as they went there', () => {
    const name = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed())
    fc.assert(fc.property(name, (text) => decode(encode(text)) === text))
    // A byte order mark is part of the name; a decoder may take it off.
    expect(decode(encode('\ufeffweb-1'))).toBe('\ufeffweb-1')
  })

  test('that differ are different keys', () => {
    fc.assert(
      fc.property(election, election, (a, b) => {
        expect(termKey(a, 1n) === termKey(b, 1n)).toBe(a === b)
      }),
    )
  })
})
