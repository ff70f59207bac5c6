// Combines transactions into one: decides which may travel together, builds the combined
// transaction, and splits its answer. Pure.

import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  type CompareSchema,
  type RequestOpSchema,
  type TxnRequest,
  TxnRequestSchema,
  type TxnResponse,
} from '../wire/gen/rpc_pb.js'

export type Operation = MessageInitShape<typeof RequestOpSchema>
export type Condition = MessageInitShape<typeof CompareSchema>

/** A transaction that may travel with others. */
export interface JointTxn {
  readonly compare: Condition[]
  readonly success: Operation[]
  readonly failure?: Operation[]
  /**
   * What the transaction is about, as a path. All transactions of one request get the same
   * revision, so no two of them may have equal scopes, or scopes of which one contains the other
   * (`a` contains `a/b`).
   */
  readonly scope: string
  /**
   * What its success depends on, other than its own rights and size. Transactions of one group
   * travel together, and are refused together.
   */
  readonly group: string
  /** One write and one read that need the same rights as the transaction, for etcd to check. */
  readonly rights: { readonly write: Operation; readonly read: Operation }
}

/** What etcd takes in one request, as far as the client knows. */
export interface Limits {
  /**
   * `--max-txn-ops`: the outer operations plus the largest number of operations of any inner one.
   */
  readonly operations: number
  readonly bytes: number
}

/**
 * etcd's defaults are 128 and 1.5 MiB. The rest of the 1.5 MiB is for uncounted bytes and a margin.
 */
export const defaultLimits: Limits = { operations: 128, bytes: 2 ** 20 }

/**
 * Limits are never lowered below these: a single join takes two operations inside and one outside.
 */
const minLimits: Limits = { operations: 4, bytes: 4_096 }

/** The most bytes that an operation or a condition takes beside its keys and values. */
const overheadBytes = 64

/** The transactions of one request. */
export class Batch<T extends { readonly txn: JointTxn; readonly bytes: number }> {
  readonly entries: T[] = []
  readonly #limits: Limits
  readonly #withReads: boolean
  readonly #scopes = new Set<string>()
  /** Every scope that contains a scope of the batch. */
  readonly #ancestors = new Set<string>()
  #innerOperations = 0
  #bytes = 0

  constructor(limits: Limits, withReads: boolean) {
    this.#limits = limits
    this.#withReads = withReads
  }

  get isFull(): boolean {
    const next = this.#outerOperations(this.entries.length + 1) + this.#innerOperations
    return this.entries.length > 0 && next > this.#limits.operations
  }

  /** Adds the entry and returns true, unless it may not travel with the entries of the batch. */
  add(entry: T): boolean {
    const { txn, bytes } = entry
    const ancestors = ancestorsOf(txn.scope)
    const inner = Math.max(this.#innerOperations, innerOperationsOf(txn))
    if (this.entries.length > 0) {
      const outer = this.#outerOperations(this.entries.length + 1)
      if (outer + inner > this.#limits.operations) return false
      if (this.#bytes + bytes > this.#limits.bytes) return false
      if (this.#scopes.has(txn.scope) || this.#ancestors.has(txn.scope)) return false
      if (ancestors.some((ancestor) => this.#scopes.has(ancestor))) return false
    }
    this.entries.push(entry)
    this.#scopes.add(txn.scope)
    for (const ancestor of ancestors) this.#ancestors.add(ancestor)
    this.#innerOperations = inner
    this.#bytes += bytes
    return true
  }

  /** How many operations the outer transaction has: etcd counts the longer of its two lists. */
  #outerOperations(entries: number): number {
    return this.#withReads ? 2 * entries : entries
  }
}

/** About how many bytes a transaction takes on the wire, including its `rights`. */
export function wireBytes({ compare, success, failure = [], rights }: JointTxn): number {
  let bytes = 0
  for (const { key, rangeEnd } of compare) bytes += sizeOf(key, rangeEnd)
  for (const list of [success, failure, [rights.write, rights.read]]) {
    for (const { request } of list) {
      const { key, value, rangeEnd } = (request?.value ?? {}) as Partial<
        Record<'key' | 'value' | 'rangeEnd', Uint8Array>
      >
      bytes += sizeOf(key, value, rangeEnd)
    }
  }
  return bytes
}

/**
 * Builds one transaction that carries out all of these.
 *
 * Its second branch is never taken. It repeats what the transactions write and read, because etcd
 * 3.4.23 checks rights and free space on the outer transaction only (3.5.35, 3.6.16 and 3.7.3 look
 * into nested ones).
 */
export function combine(txns: readonly JointTxn[], withReads: boolean): TxnRequest {
  return create(TxnRequestSchema, {
    success: txns.map(({ compare, success, failure = [] }): Operation => ({
      request: { case: 'requestTxn', value: { compare, success, failure } },
    })),
    failure: txns.flatMap(({ rights }) => (withReads ? [rights.write, rights.read] : rights.write)),
  })
}

/** Returns the answer to each, in order. etcd leaves the headers of inner answers empty. */
export function separate({ header, responses }: TxnResponse, count: number): TxnResponse[] {
  const answers = responses.map(({ response }) =>
    response.case === 'responseTxn' ? response.value : undefined,
  )
  if (header === undefined || answers.length !== count || answers.includes(undefined)) {
    throw new Error(
      `expected ${String(count)} answers to as many transactions, etcd gave ${String(responses.length)}`,
    )
  }
  return (answers as TxnResponse[]).map((answer) => Object.assign(answer, { header }))
}

/**
 * Returns the limits, lowered when etcd refused a request for its number of operations or its size.
 */
export function learnLimits(
  limits: Limits,
  refused: readonly { readonly bytes: number; readonly txn: JointTxn }[],
  withReads: boolean,
  reason: string,
): Limits {
  if (/too many operations/.test(reason)) {
    const half = Math.ceil(refused.length / 2) * (withReads ? 2 : 1)
    const inner = Math.max(...refused.map(({ txn }) => innerOperationsOf(txn)))
    const operations = Math.min(limits.operations, half + inner)
    return { ...limits, operations: Math.max(minLimits.operations, operations) }
  }
  if (/too large|larger than max/.test(reason)) {
    const bytes = refused.reduce((sum, each) => sum + each.bytes, 0) / 2
    return { ...limits, bytes: Math.max(minLimits.bytes, Math.min(limits.bytes, bytes)) }
  }
  return limits
}

function innerOperationsOf({ compare, success, failure = [] }: JointTxn): number {
  return Math.max(compare.length, success.length, failure.length)
}

/** The scopes that contain this scope: `a/b` and `a` contain `a/b/c`. */
function ancestorsOf(scope: string): string[] {
  const ancestors: string[] = []
  for (let end = scope.lastIndexOf('/'); end > 0; end = scope.lastIndexOf('/', end - 1)) {
    ancestors.push(scope.slice(0, end))
  }
  return ancestors
}

function sizeOf(...parts: (Uint8Array | undefined)[]): number {
  return parts.reduce((sum, part) => sum + (part?.length ?? 0), overheadBytes)
}
