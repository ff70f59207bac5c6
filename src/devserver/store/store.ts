// The multi-version key-value store: what is there now, what was there at each revision since the last compaction, and
// the only way to change it. It must not know requests, rights or leases, beyond keeping the lease id of each key.

import { create } from '@bufbuild/protobuf'
import { Event_EventType, type KeyValue, KeyValueSchema } from '../../etcd/wire/gen/kv_pb.js'
import { refusals } from '../refusals.js'
import type { Change } from './change.js'
import { History } from './history.js'
import { keyBytes, type Interval } from './interval.js'
import { OrderedMap } from './ordered-map.js'

/** What a reader may ask. */
export interface Reader {
  /** The last revision; while a transaction runs that has written something, the one that it makes. */
  readonly revision: bigint
  get(key: string): KeyValue | undefined
  /** The key-values of an interval in the order of their keys, at this revision or (0) now. */
  range(interval: Interval, revision?: bigint): Iterable<KeyValue>
  count(interval: Interval, revision?: bigint): number
}

/** What a transaction may do. All of it is one revision. */
export interface Writer extends Reader {
  put(key: string, value: Uint8Array, lease: bigint): void
  delete(key: string): void
}

/** Told of each revision right after it was made. */
export type CommitListener = (changes: readonly Change[]) => void

export class Store implements Writer {
  #revision: bigint
  #compactRevision: bigint
  #open: Change[] = []
  #writing = false
  readonly #keys = new OrderedMap<KeyValue>()
  readonly #history = new History()
  readonly #listeners: CommitListener[] = []

  /**
   * @param firstRevision the revision of the empty store. When it is not 1, which is where etcd begins, all before it
   *   counts as compacted: whoever comes with a revision of an earlier life has to read anew.
   */
  constructor(firstRevision: bigint) {
    this.#revision = firstRevision
    this.#compactRevision = firstRevision === 1n ? -1n : firstRevision
  }

  get revision(): bigint {
    return this.#open.length > 0 ? this.#revision + 1n : this.#revision
  }

  /** The oldest revision that can still be asked for; -1 before the first compaction. */
  get compactRevision(): bigint {
    return this.#compactRevision
  }

  onCommit(listener: CommitListener): void {
    this.#listeners.push(listener)
  }

  get(key: string): KeyValue | undefined {
    return this.#keys.get(key)
  }

  *range(interval: Interval, revision = 0n): Generator<KeyValue> {
    if (this.#isNow(revision)) {
      for (const [, kv] of this.#keys.entries(interval)) yield kv
    } else {
      for (const [, kv] of this.#past(interval, revision).entries(interval)) yield kv
    }
  }

  count(interval: Interval, revision = 0n): number {
    const keys = this.#isNow(revision) ? this.#keys : this.#past(interval, revision)
    return keys.count(interval)
  }

  changesSince(revision: bigint): Iterable<Change> {
    return this.#history.since(revision)
  }

  /** Runs a transaction. It must have been checked before that nothing in it can fail: nothing is rolled back. */
  write<T>(transaction: (writer: Writer) => T): T {
    this.#writing = true
    const result = transaction(this)
    this.#writing = false
    const changes = this.#open
    if (changes.length > 0) {
      this.#open = []
      this.#revision += 1n
      this.#history.append(changes)
      for (const listener of this.#listeners) listener(changes)
    }
    return result
  }

  put(key: string, value: Uint8Array, lease: bigint): void {
    const before = this.#keys.get(key)
    const modRevision = this.#revision + 1n
    // Copies, because the bytes of a request are a window on a buffer far larger than they are.
    const kv = create(KeyValueSchema, {
      key: keyBytes(key),
      value: new Uint8Array(value),
      createRevision: before?.createRevision ?? modRevision,
      modRevision,
      version: (before?.version ?? 0n) + 1n,
      lease,
    })
    this.#record({ key, type: Event_EventType.PUT, kv, before })
    this.#keys.set(key, kv)
  }

  delete(key: string): void {
    const before = this.#keys.get(key)
    if (before === undefined) return
    const kv = create(KeyValueSchema, { key: before.key, modRevision: this.#revision + 1n })
    this.#record({ key, type: Event_EventType.DELETE, kv, before })
    this.#keys.delete(key)
  }

  /** Forgets what was before this revision. */
  compact(revision: bigint): void {
    if (revision <= this.#compactRevision) throw refusals.compacted()
    if (revision > this.#revision) throw refusals.futureRevision()
    this.#compactRevision = revision
    this.#history.forgetBefore(revision)
  }

  #record(change: Change): void {
    if (!this.#writing) throw new Error('expected put and delete to be called within write()')
    this.#open.push(change)
  }

  #isNow(revision: bigint): boolean {
    return revision <= 0n || revision >= this.revision
  }

  #past(interval: Interval, revision: bigint): OrderedMap<KeyValue> {
    const past = new OrderedMap<KeyValue>()
    for (const [key, kv] of this.#keys.entries(interval)) past.set(key, kv)
    // What an open transaction has done is not history yet, and is undone first.
    const undone = new Map([
      ...this.#open.toReversed().map(({ key, before }) => [key, before] as const),
      ...this.#history.undone(interval, revision),
    ])
    for (const [key, kv] of undone) {
      if (kv === undefined) past.delete(key)
      else past.set(key, kv)
    }
    return past
  }
}
