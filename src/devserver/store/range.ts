// Validates and answers Range requests.

import { create } from '@bufbuild/protobuf'
import { type KeyValue, KeyValueSchema } from '../../etcd/wire/gen/kv_pb.js'
import {
  type RangeRequest,
  RangeRequest_SortOrder as SortOrder,
  RangeRequest_SortTarget as SortTarget,
  type RangeResponse,
  RangeResponseSchema,
} from '../../etcd/wire/gen/rpc_pb.js'
import { refusals } from '../refusals.js'
import { intervalOf } from './interval.js'
import type { Reader } from './store.js'

/** Refuses requests that are invalid whatever the store contains. */
export function checkRange({ key, sortOrder, sortTarget }: RangeRequest): void {
  if (key.length === 0) throw refusals.emptyKey()
  if (!(sortOrder in SortOrder && sortTarget in SortTarget)) throw refusals.invalidSort()
}

/** The response, without its header. The request's revision must have been checked. */
export function answerRange(reader: Reader, request: RangeRequest): RangeResponse {
  const interval = intervalOf(request)
  const { revision, limit } = request
  if (request.countOnly) {
    return create(RangeResponseSchema, { count: BigInt(reader.count(interval, revision)) })
  }
  let kvs = takeFirst(reader.range(interval, revision), neededCount(request))
  if (hasBounds(request)) kvs = kvs.filter((kv) => isWithinBounds(kv, request))
  const compare = comparatorOf(request)
  if (compare) kvs.sort(compare)
  const more = limit > 0n && kvs.length > limit
  if (more) kvs.length = Number(limit)
  return create(RangeResponseSchema, {
    kvs: request.keysOnly ? kvs.map(withoutValue) : kvs,
    more,
    count: BigInt(reader.count(interval, revision)),
  })
}

/**
 * How many key-values of the interval have to be read: one more than the limit, unless some may be
 * filtered out or all have to be sorted. As in etcd, a sort target without a sort order does not
 * count as sorting here: it sorts only the key-values that come first by key.
 */
function neededCount(request: RangeRequest): number {
  const { limit, sortOrder } = request
  const needsAll = limit <= 0n || sortOrder !== SortOrder.NONE || hasBounds(request)
  return needsAll ? Infinity : Number(limit) + 1
}

function takeFirst<T>(items: Iterable<T>, count: number): T[] {
  const first: T[] = []
  for (const item of items) {
    if (first.length === count) break
    first.push(item)
  }
  return first
}

type Comparator = (a: KeyValue, b: KeyValue) => number

function comparatorOf({ sortOrder, sortTarget }: RangeRequest): Comparator | undefined {
  const ascending = ascendingBy(sortTarget)
  switch (sortOrder) {
    case SortOrder.NONE:
      return sortTarget === SortTarget.KEY ? undefined : ascending
    case SortOrder.ASCEND:
      return sortTarget === SortTarget.KEY ? undefined : ascending
    case SortOrder.DESCEND:
      // Not the reverse of the ascending order: equal items stay in the order of their keys.
      return (a, b) => ascending(b, a)
    default:
      return sortOrder satisfies never
  }
}

function ascendingBy(target: SortTarget): Comparator {
  switch (target) {
    case SortTarget.KEY:
      return (a, b) => Buffer.compare(a.key, b.key)
    case SortTarget.VERSION:
      return (a, b) => compareNumbers(a.version, b.version)
    case SortTarget.CREATE:
      return (a, b) => compareNumbers(a.createRevision, b.createRevision)
    case SortTarget.MOD:
      return (a, b) => compareNumbers(a.modRevision, b.modRevision)
    case SortTarget.VALUE:
      return (a, b) => Buffer.compare(a.value, b.value)
    default:
      return target satisfies never
  }
}

export function compareNumbers(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function hasBounds(request: RangeRequest): boolean {
  return (
    request.minModRevision !== 0n ||
    request.maxModRevision !== 0n ||
    request.minCreateRevision !== 0n ||
    request.maxCreateRevision !== 0n
  )
}

function isWithinBounds({ modRevision, createRevision }: KeyValue, request: RangeRequest): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request
  return (
    (minModRevision === 0n || modRevision >= minModRevision) &&
    (maxModRevision === 0n || modRevision <= maxModRevision) &&
    (minCreateRevision === 0n || createRevision >= minCreateRevision) &&
    (maxCreateRevision === 0n || createRevision <= maxCreateRevision)
  )
}

function withoutValue({ key, createRevision, modRevision, version, lease }: KeyValue): KeyValue {
  return create(KeyValueSchema, { key, createRevision, modRevision, version, lease })
}
