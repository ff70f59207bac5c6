// Transactions that travel together as one: which of them may, how the one is made of them, and what its answer means for
// each. Pure. It must not know when they are sent, nor what they are for.

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
   * What it is about, as a path. All that travel together get one revision, so never two whose scopes are equal or of
   * which one holds the other (`a` holds `a/b`).
   */
  readonly scope: string
  /**
   * What its success depends on beside rights and size, which are its own: those that depend on the same thing travel
   * together and are refused together.
   */
  readonly group: string
  /** What it may write, and what it may read, for etcd to check the right to it. */
  readonly rights: { readonly write: Operation; readonly read: Operation }
}

/** What etcd takes in one request, as far as we know. */
export interface Limits {
  /** `--max-txn-ops`: the operations of the outer transaction, and those of any one of the inner ones, in all. */
  readonly operations: number
  readonly bytes: number
}

/** etcd's defaults are 128 and 1.5 MiB; what is not counted here, and a margin, take the rest. */
export const usualLimits: Limits = { operations: 128, bytes: 2 ** 20 }

/** Not less than this is learnt: a single join takes two operations inside and one outside. */
const leastLimits: Limits = { operations: 4, bytes: 4_096 }

/** What an operation or a condition takes beside keys and values, at most. */
const frameBytes = 64

/** What fits into one request. */
export class Batch<T extends { readonly txn: JointTxn; readonly bytes: number }> {
  readonly entries: T[] = []
  readonly #limits: Limits
  readonly #withReads: boolean
  readonly #scopes = new Set<string>()
  /** Of all scopes in here those that hold them. */
  readonly #ancestors = new Set<string>()
  #depth = 0
  #bytes = 0

  constructor(limits: Limits, withReads: boolean) {
    this.#limits = limits
    this.#withReads = withReads
  }

  get isFull(): boolean {
    const next = this.#width(this.entries.length + 1) + this.#depth
    return this.entries.length > 0 && next > this.#limits.operations
  }

  /** Takes it in, unless it may not travel with those that are in already. */
  add(entry: T): boolean {
    const { txn, bytes } = entry
    const ancestors = ancestorsOf(txn.scope)
    const depth = Math.max(this.#depth, depthOf(txn))
    if (this.entries.length > 0) {
      if (this.#width(this.entries.length + 1) + depth > this.#limits.operations) return false
      if (this.#bytes + bytes > this.#limits.bytes) return false
      if (this.#scopes.has(txn.scope) || this.#ancestors.has(txn.scope)) return false
      if (ancestors.some((ancestor) => this.#scopes.has(ancestor))) return false
    }
    this.entries.push(entry)
    this.#scopes.add(txn.scope)
    for (const ancestor of ancestors) this.#ancestors.add(ancestor)
    this.#depth = depth
    this.#bytes += bytes
    return true
  }

  /** The operations of the outer transaction: etcd counts the longer of its two lists. */
  #width(entries: number): number {
    return this.#withReads ? 2 * entries : entries
  }
}

/** About how long it is on the wire, with what stands beside it for the sake of rights. */
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
 * One transaction that carries all of these out.
 *
 * Its second branch, which is never taken, says once more what they may write and read: etcd 3.4.23 looks at the outer
 * transaction only when it checks rights and whether there is room (3.5.35, 3.6.16 and 3.7.3 look into nested ones).
 */
export function combine(txns: readonly JointTxn[], withReads: boolean): TxnRequest {
  return create(TxnRequestSchema, {
    success: txns.map(({ compare, success, failure = [] }): Operation => ({
      request: { case: 'requestTxn', value: { compare, success, failure } },
    })),
    failure: txns.flatMap(({ rights }) => (withReads ? [rights.write, rights.read] : rights.write)),
  })
}

/** The answer to each, in order. etcd leaves the headers of inner answers empty. */
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

/** What is known of the limits after etcd refused so many, or so large, at once. */
export function learn(
  limits: Limits,
  refused: readonly { readonly bytes: number; readonly txn: JointTxn }[],
  withReads: boolean,
  why: string,
): Limits {
  if (/too many operations/.test(why)) {
    const half = Math.ceil(refused.length / 2) * (withReads ? 2 : 1)
    const depth = Math.max(...refused.map(({ txn }) => depthOf(txn)))
    const operations = Math.min(limits.operations, half + depth)
    return { ...limits, operations: Math.max(leastLimits.operations, operations) }
  }
  if (/too large|larger than max/.test(why)) {
    const bytes = refused.reduce((sum, each) => sum + each.bytes, 0) / 2
    return { ...limits, bytes: Math.max(leastLimits.bytes, Math.min(limits.bytes, bytes)) }
  }
  return limits
}

function depthOf({ compare, success, failure = [] }: JointTxn): number {
  return Math.max(compare.length, success.length, failure.length)
}

/** `a/b/c` is held by `a/b` and `a`. */
function ancestorsOf(scope: string): string[] {
  const ancestors: string[] = []
  for (let end = scope.lastIndexOf('/'); end > 0; end = scope.lastIndexOf('/', end - 1)) {
    ancestors.push(scope.slice(0, end))
  }
  return ancestors
}

function sizeOf(...parts: (Uint8Array | undefined)[]): number {
  return parts.reduce((sum, part) => sum + (part?.length ?? 0), frameBytes)
}
