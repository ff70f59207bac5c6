import { describe, expect, test } from 'vitest'
import {
  bigint,
  boolean,
  type Check,
  check,
  clock,
  fn,
  fraction,
  integer,
  milliseconds,
  nonEmptyString,
  oneOf,
  seconds,
  string,
  withMethods,
} from '../../../../src/base/options/checks.js'
import { systemClock } from '../../../../src/base/clock.js'
import { InvalidArgumentError } from '../../../../src/base/errors.js'

interface Expectation {
  readonly check: Check<unknown>
  readonly type: string
  readonly range?: string
  readonly expected: string
  readonly right: readonly unknown[]
  readonly wrong: readonly unknown[]
}

const notNumbers = [undefined, null, '5', 5n, true, [5], {}, NaN]
const size = { expected: 'a bigint from 1n to 8n', range: '1 to 8' }

const checks: Readonly<Record<string, Expectation>> = {
  boolean: {
    check: boolean,
    type: '`boolean`',
    expected: 'true or false',
    right: [true, false],
    wrong: [undefined, null, 0, 'true', {}],
  },
  string: {
    check: string,
    type: '`string`',
    expected: 'a string',
    right: ['', 'a'],
    wrong: [undefined, null, 5, ['a'], new String('a')],
  },
  nonEmptyString: {
    check: nonEmptyString('a name'),
    type: '`string`',
    range: 'not empty',
    expected: 'a name',
    right: ['a', ' '],
    wrong: ['', undefined, null, 5, ['a']],
  },
  fn: {
    check: fn('`() => number`'),
    type: '`() => number`',
    expected: 'a function',
    right: [() => 5, Math.random, Date],
    wrong: [undefined, null, {}, 'f'],
  },
  oneOf: {
    check: oneOf('main', 'worker'),
    type: "`'main'` or `'worker'`",
    expected: "'main' or 'worker'",
    right: ['main', 'worker'],
    wrong: ['Main', '', undefined, null, 0, ['main']],
  },
  integer: {
    check: integer(0, 65_535),
    type: '`number`',
    range: '0 to 65,535',
    expected: 'an integer from 0 to 65535',
    right: [0, -0, 1, 65_535],
    wrong: [...notNumbers, -1, 65_536, 0.5, Infinity],
  },
  seconds: {
    check: seconds(1, 9_000_000_000),
    type: '`number`, seconds',
    range: 'whole, 1 to 9,000,000,000',
    expected: 'whole seconds from 1 to 9000000000',
    right: [1, 9_000_000_000],
    wrong: [...notNumbers, 0, 1.5, 9_000_000_001],
  },
  milliseconds: {
    check: milliseconds(100),
    type: '`number`, milliseconds',
    range: '100 to 2,147,483,647',
    expected: 'milliseconds from 100 to 2147483647',
    right: [100, 100.5, 2 ** 31 - 1],
    wrong: [...notNumbers, 99.9, 2 ** 31, Infinity],
  },
  fraction: {
    check: fraction(0, 0.5),
    type: '`number`, a fraction',
    range: '0 to 0.5',
    expected: 'a fraction from 0 to 0.5',
    right: [0, 0.05, 0.5],
    wrong: [...notNumbers, -0.1, 0.51],
  },
  bigint: {
    check: bigint(1n, 8n, size),
    type: '`bigint`',
    range: '1 to 8',
    expected: 'a bigint from 1n to 8n',
    right: [1n, 8n],
    wrong: [0n, 9n, 5, '5', undefined, null],
  },
  'bigint without an end': {
    check: bigint(1n, undefined, size),
    type: '`bigint`',
    range: '1 to 8',
    expected: 'a bigint from 1n to 8n',
    right: [1n, 2n ** 70n],
    wrong: [0n],
  },
  withMethods: {
    check: withMethods<{ a(): void; b(): void }>('Both', 'a', 'b'),
    type: '`Both`',
    expected: 'an object with the methods a, b',
    right: [{ a: () => 1, b: () => 2 }, Object.create({ a: () => 1, b: () => 2 })],
    wrong: [undefined, null, 5, 'a', {}, { a: () => 1 }, { a: 1, b: 2 }],
  },
  clock: {
    check: clock,
    type: '`Clock`',
    expected: 'an object with the methods monotonicMs, wallMs, setTimer',
    right: [systemClock],
    wrong: [undefined, null, {}, { monotonicMs: Date.now, wallMs: Date.now }],
  },
}

describe.each(Object.entries(checks))('the check %s', (_name, { check, right, wrong, ...rest }) => {
  test.each(right)('accepts %s, and returns the same', (value) => {
    expect(check.parse('o', value)).toBe(value)
  })

  test.each(wrong)('refuses %s', (value) => {
    expect(() => check.parse('o', value)).toThrow(InvalidArgumentError)
    expect(() => check.parse('o', value, 'this')).toThrow(
      `o: expected ${rest.expected}, got "this"`,
    )
  })

  test('says what it accepts, for docs/api.md', () => {
    expect({ type: check.type, range: check.range }).toEqual({ type: rest.type, range: rest.range })
  })
})

test('a check can be made of any question', () => {
  const even = check<number>(
    { type: '`number`', expected: 'an even one' },
    (n) => Number(n) % 2 === 0,
  )
  expect(even.parse('o', 4)).toBe(4)
  expect(() => even.parse('o', 5)).toThrow('o: expected an even one, got 5')
})
