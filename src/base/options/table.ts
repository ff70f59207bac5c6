// Option tables: each options object of the public API has one, with a row for each option.
// Constructors and calls check their options against the table, test/docs compares docs/api.md with
// it, and test/package/bad-input demands a case of bad input for each row.

import { InvalidArgumentError } from '../errors.js'
import { Hidden, show } from '../show.js'
import type { Check } from './checks.js'
import { nearestName } from './nearest.js'

interface Common<T, Given> {
  readonly check: Check<T>
  /** For docs/api.md, in Markdown: what a user has to know besides type, range and default. */
  readonly doc?: string
  /** Set for passwords and keys: error messages do not show the value. */
  readonly isSecret?: true
  /**
   * Compares the option with the others, before `check` looks at it and also when it is not given.
   * Returns undefined or, to refuse the value, "expected …".
   */
  readonly rule?: (value: unknown, given: Given) => string | undefined
}

type AnyGiven = Readonly<Record<string, unknown>>

export interface RequiredOption<T, Given = AnyGiven> extends Common<T, Given> {
  readonly isRequired: true
}

export interface OptionalOption<T, Given = AnyGiven> extends Common<T, Given> {
  readonly isRequired?: never
  readonly default?: T
  /** For docs/api.md: the default in words, where `default` does not say it. */
  readonly defaultDoc?: string
}

type Option = RequiredOption<unknown> | OptionalOption<unknown>

/** Any option table. */
export type AnyOptionTable = Readonly<Record<string, Option>>

/** The value of each option as the caller gave it, unchecked. */
export type Given<T> = Readonly<Partial<Record<keyof T, unknown>>>

/**
 * The option table of an interface: `{ … } satisfies OptionTable<SessionOptions>` does not compile
 * when the two differ in a name, in a type, or in what is required.
 */
export type OptionTable<O> = {
  readonly [K in keyof O]-?: undefined extends O[K]
    ? OptionalOption<Exclude<O[K], undefined>, Given<O>>
    : RequiredOption<O[K], Given<O>>
}

/** The value of each option once it is checked, or its default when it is not given. */
export type Resolved<T> = {
  readonly [K in keyof T]: T[K] extends { readonly check: Check<infer V> }
    ? T[K] extends { readonly isRequired: true } | { readonly default: unknown }
      ? V
      : V | undefined
    : never
}

/** What error messages say of an options object. */
export interface Parameter {
  /** An example of the object: '{ ttl: 5 }' */
  readonly example: string
  /** The name of the parameter. Default: 'options'. */
  readonly name?: string
  /** The option whose value the object is: 'tls' */
  readonly within?: string
}

/**
 * Reads each option once and checks it.
 *
 * @throws InvalidArgumentError naming the first unknown option, or else the first wrong one.
 */
export function resolveOptions<T extends AnyOptionTable>(
  table: T,
  options: unknown,
  parameter: Parameter,
): Resolved<T> {
  return checkOptions(table, readOptions(table, options, parameter), parameter)
}

/**
 * Reads each option of the table once; getters and inherited values count. Keys that are not in the
 * table are errors only where they are the object's own enumerable strings: the other keys come
 * from its class and not from a typing error.
 *
 * @throws InvalidArgumentError when `options` is not an options object, or has an unknown option.
 */
export function readOptions<T extends AnyOptionTable>(
  table: T,
  options: unknown,
  parameter: Parameter,
): Given<T> {
  if (!isOptionsObject(options)) {
    const { example, within, name = within ?? 'options' } = parameter
    throw new InvalidArgumentError(name, `expected an object like ${example}`, options)
  }
  const known = Object.keys(table)
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw unknownOption(key, options[key], known, parameter)
  }
  return Object.fromEntries(known.map((key) => [key, options[key]])) as Given<T>
}

/** @throws InvalidArgumentError naming the first option that is wrong. */
export function checkOptions<T extends AnyOptionTable>(
  table: T,
  given: Given<T>,
  parameter: Pick<Parameter, 'within'> = {},
): Resolved<T> {
  const values: AnyGiven = given
  const checked = Object.entries(table).map(([key, option]) => {
    const name = nameOf(key, parameter)
    const value = values[key]
    const shown = option.isSecret === true ? new Hidden(value) : value
    const refusal = option.rule?.(value, values)
    if (refusal !== undefined) throw new InvalidArgumentError(name, refusal, shown)
    const isMissing = value === undefined && option.isRequired !== true
    return [key, isMissing ? option.default : option.check.parse(name, value, shown)]
  })
  return Object.fromEntries(checked) as Resolved<T>
}

/** The table without some of its options. */
export function without<T extends AnyOptionTable, K extends string & keyof T>(
  table: T,
  ...keys: readonly K[]
): Omit<T, K> {
  const rest = Object.entries(table).filter(([key]) => !keys.some((one) => one === key))
  return Object.fromEntries(rest) as Omit<T, K>
}

/** The table with another `doc` in each row. */
export function documentedAs<T extends AnyOptionTable>(
  doc: string,
  table: T,
): { readonly [K in keyof T]: T[K] & { readonly doc: string } } {
  const rows = Object.entries(table).map(([key, option]) => [key, { ...option, doc }])
  return Object.fromEntries(rows) as { [K in keyof T]: T[K] & { doc: string } }
}

/**
 * False for an array, and for a signal that was passed in place of `{ signal }`: both would count
 * as options that are all left out.
 */
function isOptionsObject(options: unknown): options is AnyGiven {
  if (typeof options !== 'object' || options === null) return false
  return !Array.isArray(options) && !(options instanceof AbortSignal)
}

/** The message does not show the value, because a misspelt option may be a password. */
function unknownOption(
  key: string,
  value: unknown,
  known: readonly string[],
  parameter: Parameter,
): InvalidArgumentError {
  const name = /^[\w$-]{1,60}$/.test(key) ? key : show(key)
  const nearest = nearestName(key, known)
  const hint =
    nearest === undefined
      ? listed(known.map((option) => nameOf(option, parameter)))
      : `did you mean '${nameOf(nearest, parameter)}'?`
  return new InvalidArgumentError(
    nameOf(name, parameter),
    `expected a known option (${hint})`,
    new Hidden(value),
  )
}

function nameOf(key: string, { within }: Pick<Parameter, 'within'>): string {
  return within === undefined ? key : `${within}.${key}`
}

/** 'a, b or c' */
function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`
}
