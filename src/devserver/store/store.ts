// The multi-version key-value store: the current key-values, those at each revision since the last
// compaction, and transactions, the only way to change them.

import { create } from '@bufbuild/protobuf'
import { Event_EventType, type KeyValue, KeyValueSchema } from '../../etcd/wire/gen/kv_pb.js'
import { refusals } from '../refusals.js'
import type { Change } from './change.js'
import { History } from './history.js'
import { keyBytes, type Interval } from './interval.js'
import { OrderedMap } from './ordered-map.js'

/** Read access to the store. */
export interface Reader {
  /** The last revision; within a transaction that has written something, the one it will create. */
  readonly revision: bigint
  get(key: string): KeyValue | undefined
  /** The key-values in the interval, sorted by key, at this revision; 0 means the current one. */
  range(interval: Interval, revision?: bigint): Iterable<KeyValue>
  count(interval: Interval, revision?: bigint): number
}

/** Write access within a transaction. All its changes become one revision. */
export interface Writer extends Reader {
  put(key: string, value: Uint8Array, lease: bigint): void
  delete(key: string): void
}

/** Called with the changes of each revision, right after it was committed. */
export type CommitListener = (changes: readonly Change[]) => void

export class Store implements Writer {
  #revision: bigint
  #compactRevision: bigint
  #uncommitted: Change[] = []
  #isWriting = false
  readonly #keys = new OrderedMap<KeyValue>()
  readonly #history = new History()
  readonly #listeners: CommitListener[] = []

  /**
   * @param firstRevision the revision of the empty store. If it is not 1, as in a new etcd, all
   *   earlier revisions count as compacted, so that a client with a revision of an earlier store
   *   has to read everything again.
   */
  constructor(firstRevision: bigint) {
    this.#revision = firstRevision
    this.#compactRevision = firstRevision === 1n ? -1n : firstRevision
  }

  get revision(): bigint {
    return this.#uncommitted.length > 0 ? this.#revision + 1n : this.#revision
  }

  /** The oldest revision that can still be read; -1 before the first compaction. */
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
    if (this.#isCurrent(revision)) {
      for (const [, kv] of this.#keys.entries(interval)) yield kv
    } else {
      for (const [, kv] of this.#stateAt(interval, revision).entries(interval)) yield kv
    }
  }

  count(interval: Interval, revision = 0n): number {
    const keys = this.#isCurrent(revision) ? this.#keys : this.#stateAt(interval, revision)
    return keys.count(interval)
  }

  changesSince(revision: bigint): Iterable<Change> {
    return this.#history.since(revision)
  }

  /** Runs a transaction. There is no rollback: the caller checks beforehand that it cannot fail. */
  write<T>(transaction: (writer: Writer) => T): T {
    this.#isWriting = true
    const result = transaction(this)
    this.#isWriting = false
    const changes = this.#uncommitted
    if (changes.length > 0) {
      this.#uncommitted = []
      this.#revision += 1n
      this.#history.append(changes)
      for (const listener of this.#listeners) listener(changes)
    }
    return result
  }

  put(key: string, value: Uint8Array, lease: bigint): void {
    const before = this.#keys.get(key)
    const modRevision = this.#revision + 1n
    // Copies: the bytes of a request are a view of a much larger buffer, which they would retain.
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

  /** Discards the history before this revision. */
  compact(revision: bigint): void {
    if (revision <= this.#compactRevision) throw refusals.compacted()
    if (revision > this.#revision) throw refusals.futureRevision()
    this.#compactRevision = revision
    this.#history.discardBefore(revision)
  }

  #record(change: Change): void {
    if (!this.#isWriting) throw new Error('expected put and delete to be called within write()')
    this.#uncommitted.push(change)
  }

  #isCurrent(revision: bigint): boolean {
    return revision <= 0n || revision >= this.revision
  }

  #stateAt(interval: Interval, revision: bigint): OrderedMap<KeyValue> {
    const state = new OrderedMap<KeyValue>()
    for (const [key, kv] of this.#keys.entries(interval)) state.set(key, kv)
    // Changes of the running transaction are not in the history yet; they are undone first.
    const valuesBefore = new Map([
      ...this.#uncommitted.toReversed().map(({ key, before }) => [key, before] as const),
      ...this.#history.valuesBefore(interval, revision),
    ])
    for (const [key, kv] of valuesBefore) {
      if (kv === undefined) state.delete(key)
      else state.set(key, kv)
    }
    return state
  }
}
