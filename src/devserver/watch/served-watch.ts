// One watch. While its client keeps up it is told of changes as they are made; otherwise it remembers only from where on
// it has to be told, and reads that from the history later: so a client that reads slowly, or not at all, costs no
// memory, and loses its watch when a compaction has taken what it had still to read.
// It must not know requests, other watches, or how messages travel.

import { create } from '@bufbuild/protobuf'
import type { Event, Event_EventType as EventType } from '../../etcd/wire/gen/kv_pb.js'
import { type WatchResponse, WatchResponseSchema } from '../../etcd/wire/gen/rpc_pb.js'
import type { DevMember } from '../member.js'
import type { Outgoing } from '../rpc.js'
import { type Change, toEvent } from '../store/change.js'
import { contains, type Interval } from '../store/interval.js'
import { cutToSize, sizeOf } from './fragments.js'
import type { ChangeListener } from './change-feed.js'

/** Of the past, so many revisions are told in one message, as etcd does. */
const mostRevisionsAtOnce = 1000

/** And no further revision when there is this much, which etcd lets grow: a message is a copy of what the past holds. */
const mostBytesAtOnce = 16 * 1024 * 1024

export interface WatchSettings {
  readonly id: bigint
  readonly interval: Interval
  /** The first revision to be told; 0 for those to come. */
  readonly startRevision: bigint
  readonly tells: ReadonlySet<EventType>
  readonly withPrevious: boolean
  readonly inFragments: boolean
  readonly wantsProgress: boolean
}

type State =
  | { readonly kind: 'current'; readonly unwatch: () => void }
  /** There may be something in the past that it has to be told first. */
  | { readonly kind: 'behind' }
  | { readonly kind: 'over' }

export class ServedWatch implements ChangeListener {
  readonly interval: Interval
  readonly #settings: WatchSettings
  readonly #member: DevMember
  readonly #out: Outgoing<WatchResponse>
  #state: State = { kind: 'behind' }
  /** All relevant changes of earlier revisions were told. */
  #nextRevision: bigint
  /** Nothing was told since the last time that progress might have been. */
  #isIdle = true

  constructor(settings: WatchSettings, member: DevMember, out: Outgoing<WatchResponse>) {
    this.interval = settings.interval
    this.#settings = settings
    this.#member = member
    this.#out = out
    this.#nextRevision =
      settings.startRevision === 0n ? member.store.revision + 1n : settings.startRevision
  }

  get isBehind(): boolean {
    return this.#state.kind === 'behind'
  }

  get wantsProgress(): boolean {
    return this.#settings.wantsProgress
  }

  /** Whether it has begun, and every change up to now was told. */
  get isServed(): boolean {
    const { revision } = this.#member.store
    return this.#state.kind === 'current' && this.#settings.startRevision <= revision
  }

  /** Tells what it has not told of the past, as long as the client reads. */
  catchUp(): void {
    const { store, watches } = this.#member
    while (this.#state.kind === 'behind' && !this.#out.isCongested) {
      if (this.#nextRevision > store.revision) {
        this.#state = { kind: 'current', unwatch: watches.watch(this) }
      } else if (this.#nextRevision < store.compactRevision) {
        this.#endCompacted(store.compactRevision)
      } else {
        this.#tell(this.#nextOfThePast())
      }
    }
  }

  changed(changes: readonly Change[]): void {
    const { revision } = this.#member.store
    if (revision < this.#nextRevision) return
    if (this.#out.isCongested) {
      this.#nextRevision = revision
      this.stop()
      this.#state = { kind: 'behind' }
      return
    }
    this.#nextRevision = revision + 1n
    this.#tell(changes)
  }

  /** To be called every so often: tells how far the store is, if nothing else was told meanwhile. */
  tellProgress(): void {
    if (this.#isIdle && this.isServed && !this.#out.isCongested) this.#send({})
    this.#isIdle = true
  }

  stop(): void {
    if (this.#state.kind === 'current') this.#state.unwatch()
    this.#state = { kind: 'over' }
  }

  #nextOfThePast(): Change[] {
    const { store } = this.#member
    const { withPrevious } = this.#settings
    const changes: Change[] = []
    let revisions = 0
    let bytes = 0
    for (const change of store.changesSince(this.#nextRevision)) {
      const { key, kv, before } = change
      if (!contains(this.interval, key)) continue
      if (kv.modRevision !== changes.at(-1)?.kv.modRevision) {
        if (revisions === mostRevisionsAtOnce || bytes >= mostBytesAtOnce) {
          this.#nextRevision = kv.modRevision
          return changes
        }
        revisions += 1
      }
      changes.push(change)
      bytes += sizeOf(kv) + (withPrevious ? sizeOf(before) : 0)
    }
    this.#nextRevision = store.revision + 1n
    return changes
  }

  #tell(changes: readonly Change[]): void {
    const { tells, withPrevious, inFragments } = this.#settings
    const events = changes
      .filter(({ type }) => tells.has(type))
      .map((change) => toEvent(change, withPrevious))
    if (events.length === 0) return
    this.#isIdle = false
    const pieces: readonly Event[][] = inFragments ? cutToSize(events) : [events]
    for (const [i, piece] of pieces.entries()) {
      this.#send({ events: piece, fragment: i < pieces.length - 1 })
    }
  }

  #endCompacted(compactRevision: bigint): void {
    this.stop()
    // No revision in the header: none was reached with it.
    const header = { ...this.#member.header(), revision: 0n }
    this.#send({ header, canceled: true, compactRevision })
  }

  #send(message: Omit<Partial<WatchResponse>, '$typeName' | '$unknown'>): void {
    const header = this.#member.header()
    const { id: watchId } = this.#settings
    this.#out.send(create(WatchResponseSchema, { header, watchId, ...message }))
  }
}
