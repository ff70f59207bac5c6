// What is refused of a transaction before it is known what is stored.
// It must not know the store.

import type {
  DeleteRangeRequest,
  PutRequest,
  RequestOp,
  TxnRequest,
} from '../../etcd/wire/gen/rpc_pb.js'
import { refusals } from '../refusals.js'
import { contains, type Interval, onlyKey, keyText } from './interval.js'
import { checkRange } from './range.js'

/** As many compares, operations and alternatives each, nested ones counted on top of those around them. */
const mostOps = 128

export function checkTxn(request: TxnRequest): void {
  checkParts(request, mostOps)
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

/** All that a list of operations may write; refuses to put a key twice, or to put and delete it. */
function writesOf(ops: readonly RequestOp[]): Writes {
  const all: Writes = { puts: new Set(), deletes: [] }
  // In etcd's order, which matters: each put is held against what came before it only. So what a nested transaction
  // deletes may have been put by one before it, but not by one after it.
  for (const part of ['requestDeleteRange', 'requestTxn', 'requestPut'] as const) {
    for (const op of ops) {
      if (op.request.case !== part) continue
      const { puts, deletes } = writesOfOne(op)
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

function writesOfOne({ request }: RequestOp): Writes {
  switch (request.case) {
    case 'requestPut':
      return { puts: new Set([keyText(request.value.key)]), deletes: [] }
    case 'requestDeleteRange': {
      // etcd takes the end as it stands here: a zero byte, which means "all after" elsewhere, ends before it begins.
      const { key, rangeEnd } = request.value
      const first = keyText(key)
      return {
        puts: new Set(),
        deletes: [rangeEnd.length === 0 ? onlyKey(first) : { first, end: keyText(rangeEnd) }],
      }
    }
    case 'requestTxn': {
      // Only one of the two will be done, so they may write the same; but what is around them may not.
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
