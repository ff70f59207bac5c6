// Every change since the last compaction, in order. From it watches catch up, and older states are worked out: the
// past is the present with the later changes undone. It must not know the present.

import type { KeyValue } from '../../etcd/wire/gen/kv_pb.js'
import type { Change } from './change.js'
import { contains, type Interval } from './interval.js'
import { lowerBound } from './ordered-map.js'

export class History {
  #changes: Change[] = []

  append(changes: readonly Change[]): void {
    for (const change of changes) this.#changes.push(change)
  }

  /** The changes of this revision and of all after it, in order. */
  *since(revision: bigint): Generator<Change> {
    // By index, because more may be appended while this is read.
    for (let i = this.#indexOf(revision); i < this.#changes.length; i++) {
      yield this.#changes[i] as Change
    }
  }

  /** What was under each key of the interval that was changed after the revision; undefined: nothing. */
  undone(interval: Interval, revision: bigint): Map<string, KeyValue | undefined> {
    const result = new Map<string, KeyValue | undefined>()
    const first = this.#indexOf(revision + 1n)
    for (let i = this.#changes.length - 1; i >= first; i--) {
      const { key, before } = this.#changes[i] as Change
      if (contains(interval, key)) result.set(key, before)
    }
    return result
  }

  /** Forgets what was before this revision. */
  forgetBefore(revision: bigint): void {
    this.#changes = this.#changes.slice(this.#indexOf(revision))
  }

  #indexOf(revision: bigint): number {
    return lowerBound(
      this.#changes.length,
      (i) => (this.#changes[i] as Change).kv.modRevision >= revision,
    )
  }
}
