// Refuses transactions, puts and deletes that are invalid whatever the store contains.

import type {
  DeleteRangeRequest,
  PutRequest,
  RequestOp,
  TxnRequest,
} from '../../etcd/wire/gen/rpc_pb.js'
import { refusals } from '../refusals.js'
import { contains, type Interval, onlyKey, keyText } from './interval.js'
import { checkRange } from './range.js'

/**
 * The limit for compares, for success operations and for failure operations. A nested transaction
 * counts on top of those around it.
 */
const maxOps = 128

export function checkTxn(request: TxnRequest): void {
  checkParts(request, maxOps)
  writesOf(request.success)
  writesOf(request.failure)
}

export function checkPut({ key, value, lease, ignoreValue, ignoreLease }: PutRequest): void {
  if (key.length === 0) throw refusals.emptyKey()
  if (ignoreValue && value.length > 0) throw refusals.valueProvided()
  if (ignoreLease && lease !== 0n) throw refusals.leaseProvided()
}

export function checkDelete({ key }: DeleteRangeRequest): void {
  if (key.length === 0) throw refusals.emptyKey()
}

function checkParts({ compare, success, failure }: TxnRequest, allowed: number): void {
  const ops = Math.max(compare.length, success.length, failure.length)
  if (ops > allowed) throw refusals.tooManyOps()
  for (const { key } of compare) if (key.length === 0) throw refusals.emptyKey()
  for (const op of [...success, ...failure]) checkOp(op, allowed - ops)
}

function checkOp({ request }: RequestOp, allowed: number): void {
  switch (request.case) {
    case 'requestRange':
      checkRange(request.value)
      break
    case 'requestPut':
      checkPut(request.value)
      break
    case 'requestDeleteRange':
      checkDelete(request.value)
      break
    case 'requestTxn':
      checkParts(request.value, allowed)
      break
    case undefined:
      throw refusals.keyNotFound()
    default:
      request satisfies never
  }
}

interface Writes {
  readonly puts: Set<string>
  readonly deletes: Interval[]
}

/** What a list of operations may write. Refuses to put a key twice, or to put and delete it. */
function writesOf(ops: readonly RequestOp[]): Writes {
  const all: Writes = { puts: new Set(), deletes: [] }
  // In etcd's order, which matters because a put is checked only against what came before it: a
  // nested transaction may delete what an earlier one puts, but not what a later one puts.
  for (const part of ['requestDeleteRange', 'requestTxn', 'requestPut'] as const) {
    for (const op of ops) {
      if (op.request.case !== part) continue
      const { puts, deletes } = writesOfOp(op)
      for (const key of puts) {
        if (all.puts.has(key) || all.deletes.some((interval) => contains(interval, key))) {
          throw refusals.duplicateKey()
        }
      }
      for (const key of puts) all.puts.add(key)
      all.deletes.push(...deletes)
    }
  }
  return all
}

function writesOfOp({ request }: RequestOp): Writes {
  switch (request.case) {
    case 'requestPut':
      return { puts: new Set([keyText(request.value.key)]), deletes: [] }
    case 'requestDeleteRange': {
      // Here etcd takes the end literally: a zero byte, which elsewhere means "all after", makes an
      // interval that ends before it begins.
      const { key, rangeEnd } = request.value
      const first = keyText(key)
      return {
        puts: new Set(),
        deletes: [rangeEnd.length === 0 ? onlyKey(first) : { first, end: keyText(rangeEnd) }],
      }
    }
    case 'requestTxn': {
      // Only one of the two is executed, so they may write the same keys; the operations around
      // them may not.
      const success = writesOf(request.value.success)
      const failure = writesOf(request.value.failure)
      return {
        puts: new Set([...success.puts, ...failure.puts]),
        deletes: [...success.deletes, ...failure.deletes],
      }
    }
    case 'requestRange':
    case undefined:
      return { puts: new Set(), deletes: [] }
    default:
      return request satisfies never
  }
}
