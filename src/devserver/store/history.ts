// Every change since the last compaction, in order. Watches catch up from it, and the store derives
// older states from it by undoing later changes.

import type { KeyValue } from '../../etcd/wire/gen/kv_pb.js'
import type { Change } from './change.js'
import { contains, type Interval } from './interval.js'
import { lowerBound } from './ordered-map.js'

export class History {
  #changes: Change[] = []

  append(changes: readonly Change[]): void {
    for (const change of changes) this.#changes.push(change)
  }

  /** The changes of this revision and all later ones, in order. */
  *since(revision: bigint): Generator<Change> {
    // By index, because changes may be appended during the iteration.
    for (let i = this.#indexOf(revision); i < this.#changes.length; i++) {
      yield this.#changes[i] as Change
    }
  }

  /**
   * For each key in the interval that changed after the revision, its key-value at the revision;
   * undefined if the key did not exist then.
   */
  valuesBefore(interval: Interval, revision: bigint): Map<string, KeyValue | undefined> {
    const result = new Map<string, KeyValue | undefined>()
    const first = this.#indexOf(revision + 1n)
    for (let i = this.#changes.length - 1; i >= first; i--) {
      const { key, before } = this.#changes[i] as Change
      if (contains(interval, key)) result.set(key, before)
    }
    return result
  }

  /** Discards the changes before this revision. */
  discardBefore(revision: bigint): void {
    this.#changes = this.#changes.slice(this.#indexOf(revision))
  }

  #indexOf(revision: bigint): number {
    return lowerBound(
      this.#changes.length,
      (i) => (this.#changes[i] as Change).kv.modRevision >= revision,
    )
  }
}
