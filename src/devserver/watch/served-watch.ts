// One watch. While its client keeps up, it sends changes as they are made. Otherwise it remembers
// only the next revision to send, and reads the changes from the history later: so a client that
// reads slowly, or not at all, costs no memory. It loses its watch when a compaction discards
// changes that it has yet to get.

import { create } from '@bufbuild/protobuf'
import type { Event, Event_EventType as EventType } from '../../etcd/wire/gen/kv_pb.js'
import { type WatchResponse, WatchResponseSchema } from '../../etcd/wire/gen/rpc_pb.js'
import type { DevMember } from '../member.js'
import type { ResponseStream } from '../rpc.js'
import { type Change, toEvent } from '../store/change.js'
import { contains, type Interval } from '../store/interval.js'
import { splitIntoFragments, sizeOf } from './fragments.js'
import type { ChangeListener } from './change-feed.js'

/** The limit for past revisions in one message, as in etcd. */
const maxRevisionsPerMessage = 1000

/**
 * A message of past changes gets no further revision once it has this many bytes, because it is a
 * copy of the history. etcd has no such limit.
 */
const fullMessageBytes = 16 * 1024 * 1024

export interface WatchSettings {
  readonly id: bigint
  readonly interval: Interval
  /** The first revision to send; 0 for future ones only. */
  readonly startRevision: bigint
  readonly eventTypes: ReadonlySet<EventType>
  readonly withPrevious: boolean
  readonly mayFragment: boolean
  readonly wantsProgress: boolean
}

type State =
  | { readonly kind: 'current'; readonly unwatch: () => void }
  /** The history may have changes that must be sent first. */
  | { readonly kind: 'behind' }
  | { readonly kind: 'over' }

export class ServedWatch implements ChangeListener {
  readonly interval: Interval
  readonly #settings: WatchSettings
  readonly #member: DevMember
  readonly #out: ResponseStream<WatchResponse>
  #state: State = { kind: 'behind' }
  /** All matching changes of earlier revisions have been sent. */
  #nextRevision: bigint
  /** No changes were sent since the progress timer last fired. */
  #isIdle = true

  constructor(settings: WatchSettings, member: DevMember, out: ResponseStream<WatchResponse>) {
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

  /** Whether its start revision has been reached and every change up to now was sent. */
  get isUpToDate(): boolean {
    const { revision } = this.#member.store
    return this.#state.kind === 'current' && this.#settings.startRevision <= revision
  }

  /** Sends the changes that it has not sent yet, as long as the client reads. */
  catchUp(): void {
    const { store, watches } = this.#member
    while (this.#state.kind === 'behind' && !this.#out.isCongested) {
      if (this.#nextRevision > store.revision) {
        this.#state = { kind: 'current', unwatch: watches.watch(this) }
      } else if (this.#nextRevision < store.compactRevision) {
        this.#cancelAsCompacted(store.compactRevision)
      } else {
        this.#sendChanges(this.#nextPastChanges())
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
    this.#sendChanges(changes)
  }

  /**
   * To be called at each interval: sends the store's revision if no changes were sent meanwhile.
   */
  sendProgress(): void {
    if (this.#isIdle && this.isUpToDate && !this.#out.isCongested) this.#send({})
    this.#isIdle = true
  }

  stop(): void {
    if (this.#state.kind === 'current') this.#state.unwatch()
    this.#state = { kind: 'over' }
  }

  #nextPastChanges(): Change[] {
    const { store } = this.#member
    const { withPrevious } = this.#settings
    const changes: Change[] = []
    let revisions = 0
    let bytes = 0
    for (const change of store.changesSince(this.#nextRevision)) {
      const { key, kv, before } = change
      if (!contains(this.interval, key)) continue
      if (kv.modRevision !== changes.at(-1)?.kv.modRevision) {
        if (revisions === maxRevisionsPerMessage || bytes >= fullMessageBytes) {
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

  #sendChanges(changes: readonly Change[]): void {
    const { eventTypes, withPrevious, mayFragment } = this.#settings
    const events = changes
      .filter(({ type }) => eventTypes.has(type))
      .map((change) => toEvent(change, withPrevious))
    if (events.length === 0) return
    this.#isIdle = false
    const messages: readonly Event[][] = mayFragment ? splitIntoFragments(events) : [events]
    for (const [i, events] of messages.entries()) {
      this.#send({ events, fragment: i < messages.length - 1 })
    }
  }

  #cancelAsCompacted(compactRevision: bigint): void {
    this.stop()
    // As in etcd, the header of this message has no revision.
    const header = { ...this.#member.header(), revision: 0n }
    this.#send({ header, canceled: true, compactRevision })
  }

  #send(message: Omit<Partial<WatchResponse>, '$typeName' | '$unknown'>): void {
    const header = this.#member.header()
    const { id: watchId } = this.#settings
    this.#out.send(create(WatchResponseSchema, { header, watchId, ...message }))
  }
}
