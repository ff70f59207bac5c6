// Evaluates the compares of a transaction.

import type { KeyValue } from '../../etcd/wire/gen/kv_pb.js'
import {
  type Compare,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
} from '../../etcd/wire/gen/rpc_pb.js'
import { intervalOf } from './interval.js'
import { compareNumbers } from './range.js'
import type { Reader } from './store.js'

/**
 * Whether the compare holds for every key in its interval; if there is none, whether it holds for
 * an absent key.
 */
export function isSatisfied(reader: Reader, compare: Compare): boolean {
  let isEmpty = true
  for (const kv of reader.range(intervalOf(compare))) {
    if (!isSatisfiedBy(kv, compare)) return false
    isEmpty = false
  }
  return !isEmpty || isSatisfiedBy(undefined, compare)
}

function isSatisfiedBy(kv: KeyValue | undefined, compare: Compare): boolean {
  // An absent key satisfies no compare of values, not even NOT_EQUAL; its numbers count as 0.
  if (kv === undefined && compare.target === Target.VALUE) return false
  const order = orderOf(kv, compare)
  switch (compare.result) {
    case Result.EQUAL:
      return order === 0
    case Result.NOT_EQUAL:
      return order !== 0
    case Result.GREATER:
      return order > 0
    case Result.LESS:
      return order < 0
    default:
      // As in etcd, a compare with an unknown operator always holds.
      compare.result satisfies never
      return true
  }
}

/**
 * Compares the stored with the given operand. An operand for another target counts as 0 or empty.
 */
function orderOf(kv: KeyValue | undefined, { target, targetUnion: given }: Compare): number {
  switch (target) {
    case Target.VERSION:
      return compareNumbers(kv?.version ?? 0n, given.case === 'version' ? given.value : 0n)
    case Target.CREATE:
      return compareNumbers(
        kv?.createRevision ?? 0n,
        given.case === 'createRevision' ? given.value : 0n,
      )
    case Target.MOD:
      return compareNumbers(kv?.modRevision ?? 0n, given.case === 'modRevision' ? given.value : 0n)
    case Target.LEASE:
      return compareNumbers(kv?.lease ?? 0n, given.case === 'lease' ? given.value : 0n)
    case Target.VALUE:
      return Buffer.compare(
        kv?.value ?? new Uint8Array(),
        given.case === 'value' ? given.value : new Uint8Array(),
      )
    default:
      target satisfies never
      return 0
  }
}
