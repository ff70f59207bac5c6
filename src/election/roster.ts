// A replica of one election: every candidate, oldest first. Pure: a snapshot and events in, an
// ordered list out.

import type { Event, KeyValue } from '../etcd/wire/gen/kv_pb.js'
import { Event_EventType } from '../etcd/wire/gen/kv_pb.js'
import { decode } from './keys.js'

/** One candidate, as every process can see it. */
export interface CandidateInfo {
  /** The etcd key that identifies this candidacy. */
  readonly term: string
  readonly name: string
  /**
   * The candidate's place in the queue and, once it leads, its fencing token: the create revision
   * of its key.
   */
  readonly fencingToken: bigint
  /** The same number under the name that the Go package gives it. */
  readonly revision: bigint
}

export class Roster {
  // A map keeps the order of insertion, and a new key has a greater create revision than all before
  // it. So the map is in order of create revision, as snapshots are inserted in that order. A
  // proclamation replaces the value of an existing key, which keeps its place.
  #candidates = new Map<string, CandidateInfo>()
  #revision = 0n

  /** The roster holds everything up to this revision of etcd. */
  get revision(): bigint {
    return this.#revision
  }

  /** The leader. */
  get first(): CandidateInfo | undefined {
    const first = this.#candidates.values().next()
    return first.done === true ? undefined : first.value
  }

  get size(): number {
    return this.#candidates.size
  }

  get(term: string): CandidateInfo | undefined {
    return this.#candidates.get(term)
  }

  /** All candidates, oldest first. */
  list(): CandidateInfo[] {
    return [...this.#candidates.values()]
  }

  /** An independent copy. */
  copy(): Roster {
    const copy = new Roster()
    copy.#candidates = new Map(this.#candidates)
    copy.#revision = this.#revision
    return copy
  }

  /** Takes the list as of a revision, unless it knows a later one. Returns whether it took it. */
  snapshot(revision: bigint, sortedByCreateRevision: readonly KeyValue[]): boolean {
    if (revision <= this.#revision) return false
    this.#candidates = new Map(sortedByCreateRevision.map((kv) => [decode(kv.key), toInfo(kv)]))
    this.#revision = revision
    return true
  }

  /** Forgets everything, when etcd's history was rewritten. */
  clear(): void {
    this.#candidates = new Map()
    this.#revision = 0n
  }

  /** Applies the events after its revision and skips the others. Returns whether any were new. */
  apply(events: readonly Event[]): boolean {
    const known = this.#revision
    let last = known
    for (const { type, kv } of events) {
      if (kv === undefined || kv.modRevision <= known) continue
      last = kv.modRevision
      const term = decode(kv.key)
      if (type === Event_EventType.DELETE) this.#candidates.delete(term)
      else this.#candidates.set(term, toInfo(kv))
    }
    this.#revision = last
    return last > known
  }

  /** Nothing else happened up to this revision. */
  upTo(revision: bigint): void {
    if (revision > this.#revision) this.#revision = revision
  }
}

export function toInfo(kv: KeyValue): CandidateInfo {
  return Object.freeze({
    term: decode(kv.key),
    name: decode(kv.value),
    fencingToken: kv.createRevision,
    revision: kv.createRevision,
  })
}
