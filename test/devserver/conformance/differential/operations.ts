// Arbitrary operations on an etcd, over few keys, leases and revisions, so that they affect one
// another. They are plain data, which shrinks and prints well.

import * as fc from 'fast-check'
import {
  RangeRequest_SortOrder as Order,
  RangeRequest_SortTarget as Target,
  WatchCreateRequest_FilterType as Filter,
} from '../../../../src/etcd/wire/gen/rpc_pb.js'

/** A revision, counted from the store's at the start of the sequence; undefined leaves it out. */
export type RelativeRevision = number | undefined

export interface RangeOperation {
  readonly key: string
  readonly rangeEnd: string
  readonly revision: RelativeRevision
  readonly limit: number
  readonly sortOrder: Order
  readonly sortTarget: Target
  readonly serializable: boolean
  readonly keysOnly: boolean
  readonly countOnly: boolean
  readonly minModRevision: RelativeRevision
  readonly maxModRevision: RelativeRevision
  readonly minCreateRevision: RelativeRevision
  readonly maxCreateRevision: RelativeRevision
}

export interface PutOperation {
  readonly key: string
  readonly value: string
  readonly lease: number
  readonly prevKv: boolean
  readonly ignoreValue: boolean
  readonly ignoreLease: boolean
}

export interface DeleteOperation {
  readonly key: string
  readonly rangeEnd: string
  readonly prevKv: boolean
}

export interface CompareOperation {
  readonly key: string
  readonly rangeEnd: string
  readonly result: number
  readonly operand:
    | { readonly of: 'version'; readonly given: number }
    | { readonly of: 'createRevision' | 'modRevision'; readonly given: RelativeRevision }
    | { readonly of: 'value'; readonly given: string }
    | { readonly of: 'lease'; readonly given: number }
}

export interface TxnOperation {
  readonly compare: readonly CompareOperation[]
  readonly success: readonly TxnPart[]
  readonly failure: readonly TxnPart[]
}

export type TxnPart =
  | ({ readonly do: 'range' } & RangeOperation)
  | ({ readonly do: 'put' } & PutOperation)
  | ({ readonly do: 'delete' } & DeleteOperation)
  | ({ readonly do: 'txn' } & TxnOperation)

export interface WatchOperation {
  readonly key: string
  readonly rangeEnd: string
  readonly startRevision: RelativeRevision
  readonly filters: readonly Filter[]
  readonly prevKv: boolean
  readonly watchId: number
}

export type Operation =
  | TxnPart
  | { readonly do: 'compact'; readonly revision: RelativeRevision; readonly physical: boolean }
  | { readonly do: 'grant'; readonly lease: number; readonly ttl: number }
  | { readonly do: 'revoke'; readonly lease: number }
  | { readonly do: 'timeToLive'; readonly lease: number; readonly keys: boolean }
  | { readonly do: 'leases' }
  | { readonly do: 'keepAlive'; readonly lease: number }
  | ({ readonly do: 'watch' } & WatchOperation)
  | { readonly do: 'cancelWatch'; readonly watchId: number }

const rarely = fc.integer({ min: 0, max: 4 }).map((n) => n === 4)
const key = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom('a', 'b', 'aa', 'c', 'b\0') },
  { weight: 1, arbitrary: fc.constant('') },
)
const rangeEnd = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  { weight: 3, arbitrary: fc.constantFrom('d', 'b', 'ab', 'a', '\0') },
)
const value = fc.constantFrom('', '1', '2')
const lease = fc.integer({ min: 1, max: 3 })
const maybeLease = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: lease },
)
const relativeRevision: fc.Arbitrary<RelativeRevision> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 3, arbitrary: fc.integer({ min: -2, max: 12 }) },
)
const bound: fc.Arbitrary<RelativeRevision> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 12 }) },
)

const range: fc.Arbitrary<TxnPart> = fc.record({
  do: fc.constant('range' as const),
  key,
  rangeEnd,
  revision: fc.oneof(
    { weight: 2, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: relativeRevision },
  ),
  limit: fc.integer({ min: 0, max: 3 }),
  sortOrder: fc.constantFrom(Order.NONE, Order.ASCEND, Order.DESCEND),
  sortTarget: fc.constantFrom(Target.KEY, Target.VERSION, Target.CREATE, Target.MOD, Target.VALUE),
  serializable: rarely,
  keysOnly: rarely,
  countOnly: rarely,
  minModRevision: bound,
  maxModRevision: bound,
  minCreateRevision: bound,
  maxCreateRevision: bound,
})

const put: fc.Arbitrary<TxnPart> = fc.record({
  do: fc.constant('put' as const),
  key,
  value,
  lease: maybeLease,
  prevKv: fc.boolean(),
  ignoreValue: rarely,
  ignoreLease: rarely,
})

const deletion: fc.Arbitrary<TxnPart> = fc.record({
  do: fc.constant('delete' as const),
  key,
  rangeEnd,
  prevKv: fc.boolean(),
})

const compare: fc.Arbitrary<CompareOperation> = fc.record({
  key,
  rangeEnd: fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: rangeEnd }),
  result: fc.integer({ min: 0, max: 3 }),
  operand: fc.oneof(
    fc.record({ of: fc.constant('version' as const), given: fc.integer({ min: 0, max: 3 }) }),
    fc.record({
      of: fc.constantFrom('createRevision' as const, 'modRevision' as const),
      given: relativeRevision,
    }),
    fc.record({ of: fc.constant('value' as const), given: value }),
    fc.record({ of: fc.constant('lease' as const), given: maybeLease }),
  ),
})

function txn(depth: number): fc.Arbitrary<TxnPart> {
  const flat = [
    { weight: 3, arbitrary: put },
    { weight: 2, arbitrary: range },
    { weight: 1, arbitrary: deletion },
  ]
  const part =
    depth === 0 ? fc.oneof(...flat) : fc.oneof(...flat, { weight: 1, arbitrary: txn(depth - 1) })
  return fc.record({
    do: fc.constant('txn' as const),
    compare: fc.array(compare, { maxLength: 2 }),
    success: fc.array(part, { maxLength: 3 }),
    failure: fc.array(part, { maxLength: 3 }),
  })
}

const watch: fc.Arbitrary<Operation> = fc.record({
  do: fc.constant('watch' as const),
  key,
  rangeEnd,
  startRevision: relativeRevision,
  filters: fc.subarray([Filter.NOPUT, Filter.NODELETE]),
  prevKv: fc.boolean(),
  watchId: fc.integer({ min: 0, max: 4 }),
})

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: put },
  { weight: 5, arbitrary: range },
  { weight: 3, arbitrary: deletion },
  { weight: 8, arbitrary: txn(2) },
  { weight: 4, arbitrary: watch },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('cancelWatch' as const),
      watchId: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('compact' as const),
      revision: relativeRevision,
      physical: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('grant' as const),
      lease,
      ttl: fc.constantFrom(500, 1000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('revoke' as const), lease }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('timeToLive' as const), lease, keys: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leases' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('keepAlive' as const), lease }) },
)

export const sequences: fc.Arbitrary<readonly Operation[]> = fc.array(operation, {
  minLength: 1,
  maxLength: 25,
  size: 'max',
})
