// A case of bad input, and the values that are wrong in many cases.

import type { Etcd } from '../../../src/index.js'
import type { Certificates } from '../../support/certificates.js'
import type { optionTables } from '../../support/option-tables.js'

/** One mistake, made with a client that must not send anything for it. */
export interface Case {
  /** The call, as a program would write it. */
  readonly call: string
  readonly what: string
  readonly make: (etcd: Etcd, certificates: Certificates) => unknown
  /** What the message names. */
  readonly option: string
  /** What the message says was expected. */
  readonly expected: RegExp
  /** What the message says came instead. */
  readonly came: string
}

export type OptionsType = keyof typeof optionTables

/** A call that takes options of this type; `make` adds all others that the call needs. */
export interface Call {
  readonly call: string
  readonly type: OptionsType
  /** Options of the type that this call does not take. */
  readonly except?: readonly string[]
  readonly make: (etcd: Etcd, options: object) => unknown
}

export type Value = readonly [value: unknown, came: string]

export const nothing: Value = [undefined, 'undefined']
export const nil: Value = [null, 'null']
export const number: Value = [5, '5']
export const text: Value = ['five', '"five"']
export const object: Value = [{}, 'an object']
export const list: Value = [['a', 'b'], 'an array']
export const fn: Value = [() => 5, 'a function']

/** Makes a case of each of these wrong values of one option. */
export function wrong(
  call: string,
  option: string,
  expected: RegExp,
  values: readonly Value[],
  make: (value: never, etcd: Etcd, certificates: Certificates) => unknown,
): Case[] {
  return values.map(([value, came]) => ({
    call,
    what: `${call} with ${option} ${came.slice(0, 40)}`,
    make: (etcd, certificates) => make(value as never, etcd, certificates),
    option,
    expected,
    came,
  }))
}

export const anObject = /^expected an object like \{ /
export const aFunction = /^expected a function$/
export const aClock = /^expected an object with the methods monotonicMs, wallMs, setTimer$/
export const milliseconds = /^expected milliseconds from 1 to 2147483647$/
