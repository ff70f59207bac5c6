// Whether what a transaction compares holds. It must not know what is then done.

import type { KeyValue } from '../../etcd/wire/gen/kv_pb.js'
import {
  type Compare,
  Compare_CompareResult as Result,
  Compare_CompareTarget as Target,
} from '../../etcd/wire/gen/rpc_pb.js'
import { intervalOf } from './interval.js'
import { compareNumbers } from './range.js'
import type { Reader } from './store.js'

/** Over an interval a compare holds when it holds for every key there; without one, for a key that is absent. */
export function holds(reader: Reader, compare: Compare): boolean {
  let empty = true
  for (const kv of reader.range(intervalOf(compare))) {
    if (!holdsFor(kv, compare)) return false
    empty = false
  }
  return !empty || holdsFor(undefined, compare)
}

function holdsFor(kv: KeyValue | undefined, compare: Compare): boolean {
  // Nothing is like, or unlike, a value that is not there; the numbers of an absent key are 0.
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
      // An operator that does not exist holds always, in etcd.
      compare.result satisfies never
      return true
  }
}

/** What is stored against what is given. What is given for another target counts as 0 or empty. */
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
