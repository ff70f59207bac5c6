// The checks of option values, for the rows of option tables (table.ts).

import { type Clock, maxTimerMs } from '../clock.js'
import { InvalidArgumentError } from '../errors.js'

export interface Check<T> {
  /** For docs/api.md, in Markdown: the type and the unit. */
  readonly type: string
  /** For docs/api.md: which values of the type are accepted. Absent when all are. */
  readonly range?: string | undefined
  /**
   * @param shown what an error message shows instead of the value.
   * @throws InvalidArgumentError naming the option when the value is not accepted.
   */
  readonly parse: (option: string, value: unknown, shown?: unknown) => T
}

interface Words {
  readonly type: string
  readonly range?: string
  /** What follows "expected" in an error message. */
  readonly expected: string
}

/** Makes any check. The functions below make the usual ones. */
export function check<T>(
  { type, range, expected }: Words,
  accepts: (value: unknown) => boolean,
): Check<T> {
  return {
    type,
    range,
    parse(option, value, shown = value) {
      if (accepts(value)) return value as T
      throw new InvalidArgumentError(option, `expected ${expected}`, shown)
    },
  }
}

export const boolean = check<boolean>(
  { type: '`boolean`', expected: 'true or false' },
  (value) => typeof value === 'boolean',
)

export const string = check<string>(
  { type: '`string`', expected: 'a string' },
  (value) => typeof value === 'string',
)

/** @param expected what the string has to be: "an address like '127.0.0.1'" */
export function nonEmptyString(expected: string): Check<string> {
  return check(
    { type: '`string`', range: 'not empty', expected },
    (value) => typeof value === 'string' && value !== '',
  )
}

/** @param type for docs/api.md, in Markdown: '`() => boolean`' */
export function fn<F>(type: string): Check<F> {
  return check({ type, expected: 'a function' }, (value) => typeof value === 'function')
}

export function oneOf<const V extends string>(...values: readonly V[]): Check<V> {
  return check(
    {
      type: values.map((value) => `\`'${value}'\``).join(' or '),
      expected: values.map((value) => `'${value}'`).join(' or '),
    },
    (value) => values.includes(value as V),
  )
}

export function integer(from: number, to: number, words: Partial<Words> = {}): Check<number> {
  return check(
    {
      type: '`number`',
      range: `${figure(from)} to ${figure(to)}`,
      expected: `an integer from ${String(from)} to ${String(to)}`,
      ...words,
    },
    (value) => Number.isInteger(value) && isBetween(from, to, value),
  )
}

export function seconds(from: number, to: number): Check<number> {
  return integer(from, to, {
    type: '`number`, seconds',
    range: `whole, ${figure(from)} to ${figure(to)}`,
    expected: `whole seconds from ${String(from)} to ${String(to)}`,
  })
}

export function milliseconds(
  from: number,
  to = maxTimerMs,
  words: Partial<Words> = {},
): Check<number> {
  return check(
    {
      type: '`number`, milliseconds',
      range: `${figure(from)} to ${figure(to)}`,
      expected: `milliseconds from ${String(from)} to ${String(to)}`,
      ...words,
    },
    (value) => typeof value === 'number' && isBetween(from, to, value),
  )
}

export function fraction(from: number, to: number): Check<number> {
  const range = `${figure(from)} to ${figure(to)}`
  return check(
    { type: '`number`, a fraction', range, expected: `a fraction from ${range}` },
    (value) => typeof value === 'number' && isBetween(from, to, value),
  )
}

export function bigint(
  from: bigint,
  to: bigint | undefined,
  words: Pick<Words, 'range' | 'expected'>,
): Check<bigint> {
  return check(
    { type: '`bigint`', ...words },
    (value) => typeof value === 'bigint' && value >= from && (to === undefined || value <= to),
  )
}

/** An object with these methods, whatever its class. */
export function withMethods<T>(name: string, ...methods: readonly (string & keyof T)[]): Check<T> {
  return check(
    { type: `\`${name}\``, expected: `an object with the methods ${methods.join(', ')}` },
    (value) =>
      methods.every((method) => typeof (value as Partial<T> | null)?.[method] === 'function'),
  )
}

export const clock = withMethods<Clock>('Clock', 'monotonicMs', 'wallMs', 'setTimer')

/** False for NaN. */
function isBetween(from: number, to: number, value: unknown): boolean {
  return Number(value) >= from && Number(value) <= to
}

/** 9,000,000,000, as docs/api.md writes it. */
export function figure(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 10 })
}
