import { describe, expect, test, vi } from 'vitest'
import * as errors from '../../../src/base/errors.js'
import {
  ElectError,
  errorCodes,
  InvalidArgumentError,
  RefusedError,
} from '../../../src/base/errors.js'

const cause = new Error('the cause')

/** Every class, with what it says of itself. */
const made = [
  [new errors.NotLeaderError('m', { cause }), 'ELECT_NOT_LEADER', false],
  [new errors.NoLeaderError('m', { cause }), 'ELECT_NO_LEADER', true],
  [new errors.LeadershipLostError('m', { cause }), 'ELECT_LEADERSHIP_LOST', false],
  [new errors.CampaignPendingError('m', { cause }), 'ELECT_CAMPAIGN_PENDING', false],
  [new errors.AlreadyACandidateError('m', { cause }), 'ELECT_ALREADY_A_CANDIDATE', false],
  [new errors.SessionLostError('m', { cause }), 'ELECT_SESSION_LOST', true],
  [new errors.ClosedError('m', { cause }), 'ELECT_CLOSED', false],
  [new errors.TimeoutError('m', { cause }), 'ELECT_TIMEOUT', true],
  [new errors.UnavailableError('m', { cause }), 'ELECT_UNAVAILABLE', true],
  [new errors.AuthError('m', { cause }), 'ELECT_AUTH', false],
  [new RefusedError('m', { cause, retryable: false }), 'ELECT_REFUSED', false],
] as const

describe('an error', () => {
  test.each(made.map(([error, code, retryable]) => ({ error, code, retryable })))(
    'with the code $code has its name, its message, its cause and says whether to try again',
    ({ error, code, retryable }) => {
      expect(error).toMatchObject({ code, retryable, message: 'm', cause })
      expect(error).toBeInstanceOf(Error)
      expect(error).toBeInstanceOf(ElectError)
      expect(error.name).toBe(error.constructor.name)
      expect(error.stack).toContain(`${error.name}: m`)
    },
  )

  test('is told apart from the other classes', () => {
    for (const [error] of made) {
      for (const [other] of made) {
        expect(error instanceof (other.constructor as typeof RefusedError)).toBe(error === other)
      }
    }
  })

  test('of every class has a code of its own, and every code has a class', () => {
    const codes = [...made.map(([, code]) => code), 'ELECT_INVALID_ARGUMENT']
    expect(codes.toSorted()).toEqual(errorCodes.toSorted())
    const classes = Object.values(errors).filter((it) => typeof it === 'function')
    // All of these, InvalidArgumentError and the base class.
    expect(classes).toHaveLength(made.length + 2)
  })

  test('is known as ours by another copy of this package', async () => {
    vi.resetModules()
    const copy = await import('../../../src/base/errors.js')
    expect(copy.ElectError).not.toBe(ElectError)
    expect(new copy.ClosedError('m')).toBeInstanceOf(ElectError)
    expect(new copy.ClosedError('m')).not.toBeInstanceOf(errors.ClosedError)
  })

  test.each([new Error('m'), { code: 'ELECT_CLOSED' }, null, undefined, 'ELECT_CLOSED', 5])(
    'is not ours when it is %s',
    (value) => {
      expect(value instanceof ElectError).toBe(false)
    },
  )

  test('hides its mark from code that lists its properties', () => {
    expect(Object.keys(new errors.ClosedError('m')).toSorted()).toEqual([
      'code',
      'name',
      'retryable',
    ])
  })

  test.each([true, false])('that is a refusal may say that trying again helps: %s', (retryable) => {
    expect(new RefusedError('m', { retryable }).retryable).toBe(retryable)
  })
})

describe('a refused argument', () => {
  test('is named, with what was expected and what came', () => {
    const error = new InvalidArgumentError('ttl', 'expected whole seconds', 1.5)
    expect(error.message).toBe('ttl: expected whole seconds, got 1.5')
    expect(error).toMatchObject({
      option: 'ttl',
      code: 'ELECT_INVALID_ARGUMENT',
      retryable: false,
      name: 'InvalidArgumentError',
    })
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [NaN, 'NaN'],
    [-0, '0'],
    [5, '5'],
    [5n, '5n'],
    [true, 'true'],
    ['5', '"5"'],
    ['', '""'],
    ['a"b\n\0', '"a\\"b\\n\\u0000"'],
    ['\ud83d', '"\\ud83d"'],
    ['x'.repeat(60), `"${'x'.repeat(60)}"`],
    ['x'.repeat(2 ** 21), `"${'x'.repeat(60)}"… (2097152 characters)`],
    [[], 'an empty array'],
    [[1], 'an array'],
    [{}, 'an object'],
    [new Map(), 'an object'],
    [Object.create(null), 'an object'],
    [() => 1, 'a function'],
    [Symbol('s'), 'Symbol(s)'],
  ])('shows %s as it came', (value: unknown, shown) => {
    expect(new InvalidArgumentError('o', 'e', value).message).toBe(`o: e, got ${shown}`)
  })
})
