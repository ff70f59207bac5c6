// Carries all watches of a client on one stream. When the stream ends or falls silent, it opens
// another on the next member, where each watch goes on from the revision after the last it saw.

import type { Clock } from '../../base/clock.js'
import type { ElectError } from '../../base/errors.js'
import { Backoff } from '../../base/backoff.js'
import type { Member, Members } from '../cluster/members.js'
import { toElectError } from '../cluster/failure.js'
import type { Event } from '../wire/gen/kv_pb.js'
import { Watch as WatchService, type WatchResponse } from '../wire/gen/rpc_pb.js'
import type { SignIn } from '../cluster/sign-in.js'
import { nextTurn, TimeSlices } from '../../base/time-slices.js'
import type { Streams } from '../cluster/streams.js'
import { type OutgoingStream, RpcError, Status } from '../wire/transport.js'
import {
  cancelRequest,
  probeRequest,
  type WatchedRange,
  type WatchRequest,
  watchRequest,
} from './requests.js'

/** After this long without a message from the member, the client sends a probe… */
const probeAfterMs = 2_000
/** …and after this long without an answer to it, the member counts as hung. */
const probeTimeoutMs = 2_000

/** Receives what a watch reports, in the order of revisions. Nothing is called after `cancel()`. */
export interface WatchSink {
  /** All events of one or more revisions; never a part of a revision. */
  events(events: readonly Event[]): void
  /** The watch has reported everything up to this revision. */
  progress(revision: bigint): void
  /**
   * The member that serves the watch from now on lacks revisions that the watch has reported: it
   * lags, or etcd's history was rewritten (restored from a backup, started anew without data). The
   * watch goes on; the receiver reads the range again to find out which.
   */
  behind(): void
  /**
   * etcd compacted revisions that the watch has not reported, and ended it. The receiver reads the
   * range again and watches anew.
   */
  compacted(): void
  /** etcd refused the watch, and so ended it. */
  refused(error: ElectError): void
}

export interface Watch {
  /**
   * When the member that serves the watch last sent a message, by the monotonic clock; until it
   * sends one, when the watch was made.
   */
  readonly heardAtMs: number
  cancel(): void
}

/** A watch that outlives the stream that carries it. */
class ClientWatch implements Watch {
  readonly id: bigint
  readonly range: WatchedRange
  readonly sink: WatchSink
  nextRevision: bigint
  /** Whether etcd has answered for it on the present stream. */
  isConfirmed = false
  /** When a member last sent a message on an earlier stream; at first, when the watch was made. */
  lastHeardAtMs: number
  /** Whether etcd denied it before the last sign-in; a second denial then is about rights. */
  wasDenied = false
  readonly #stream: SharedWatchStream

  constructor(
    stream: SharedWatchStream,
    id: bigint,
    range: WatchedRange,
    nextRevision: bigint,
    sink: WatchSink,
    nowMs: number,
  ) {
    this.#stream = stream
    this.id = id
    this.range = range
    this.nextRevision = nextRevision
    this.sink = sink
    this.lastHeardAtMs = nowMs
  }

  get heardAtMs(): number {
    return this.isConfirmed ? this.#stream.heardAtMs : this.lastHeardAtMs
  }

  cancel(): void {
    this.#stream.cancel(this)
  }
}

type RequestStream = OutgoingStream<WatchRequest>

export class SharedWatchStream {
  readonly #members: Members
  readonly #streams: Streams
  readonly #signIn: SignIn
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #watches = new Map<bigint, ClientWatch>()
  /** The watches whose creation the present stream has yet to send. */
  readonly #toCreate = new Set<bigint>()
  /** The watches whose cancellation the present stream has yet to send. */
  readonly #toCancel = new Set<bigint>()
  /** Creations sent on the present stream and not answered yet; etcd answers in order. */
  readonly #unconfirmed: bigint[] = []
  /** Messages of the present stream; the first `#handledCount` are handled. */
  #received: WatchResponse[] = []
  #handledCount = 0
  readonly #handleSlices: TimeSlices
  #lastId = 0n
  #isUpdateScheduled = false
  /** The watch that the last probe made; undefined when the last probe ended it. */
  #probeId: bigint | undefined
  #member: Member | undefined
  #stream: RequestStream | undefined
  #heardAtMs = 0
  #cancelTimer: (() => void) | undefined
  #closed = false

  constructor(parts: {
    members: Members
    streams: Streams
    signIn: SignIn
    clock: Clock
    random: () => number
  }) {
    this.#members = parts.members
    this.#streams = parts.streams
    this.#signIn = parts.signIn
    this.#clock = parts.clock
    this.#backoff = new Backoff(parts.random)
    this.#handleSlices = new TimeSlices(parts.clock, () => this.#handleNext())
  }

  /** Reports to the sink everything that happens in the range from this revision on. */
  watch(range: WatchedRange, nextRevision: bigint, sink: WatchSink): Watch {
    // An id is never used again, so that a late message of a cancelled watch reaches no other
    // watch.
    const id = ++this.#lastId
    const nowMs = this.#clock.monotonicMs()
    const watch = new ClientWatch(this, id, range, nextRevision, sink, nowMs)
    this.#watches.set(id, watch)
    this.#toCreate.add(id)
    this.#scheduleUpdate()
    return watch
  }

  cancel({ id }: { readonly id: bigint }): void {
    if (!this.#watches.has(id)) return
    if (!this.#toCreate.has(id)) this.#toCancel.add(id)
    this.#remove(id)
    this.#scheduleUpdate()
  }

  /** When the member that serves the present stream last sent a message. */
  get heardAtMs(): number {
    return this.#heardAtMs
  }

  close(): void {
    this.#closed = true
    this.#watches.clear()
    this.#closeStream()
  }

  /**
   * Sends what has changed, in the next turn of the event loop: watches are about later events, so
   * the callers that wait for messages that are here already go first.
   */
  #scheduleUpdate(): void {
    if (this.#isUpdateScheduled) return
    this.#isUpdateScheduled = true
    nextTurn(() => {
      this.#isUpdateScheduled = false
      if (this.#watches.size === 0) this.#closeStream()
      else if (this.#stream !== undefined) this.#sendRequests()
      else if (this.#cancelTimer === undefined) this.#openStream()
    })
  }

  #openStream(): void {
    const member = this.#members.preferred
    this.#member = member
    this.#heardAtMs = this.#clock.monotonicMs()
    const stream: RequestStream = this.#streams.open(WatchService.method.watch, member, {
      message: (response) => {
        if (this.#stream !== stream) return
        this.#heardAtMs = this.#clock.monotonicMs()
        this.#received.push(response)
        this.#handleSlices.run()
      },
      closed: () => {
        if (this.#stream === stream) this.#reopen()
      },
    })
    this.#stream = stream
    for (const id of this.#watches.keys()) this.#toCreate.add(id)
    this.#sendRequests()
    this.#setTimer(probeAfterMs, this.#checkSilence)
  }

  #sendRequests(): void {
    for (const id of this.#toCancel) this.#stream?.send(cancelRequest(id))
    this.#toCancel.clear()
    for (const id of this.#toCreate) {
      const watch = this.#watches.get(id)
      if (watch === undefined) continue
      this.#sendCreation(id, watchRequest(id, watch.range, watch.nextRevision))
    }
    this.#toCreate.clear()
  }

  #sendCreation(id: bigint, request: WatchRequest): void {
    this.#unconfirmed.push(id)
    this.#stream?.send(request)
  }

  /** Handles one message; returns whether there are more. */
  #handleNext(): boolean {
    const response = this.#received[this.#handledCount]
    this.#handledCount += 1
    if (response !== undefined) this.#handle(response)
    if (this.#handledCount < this.#received.length) return true
    this.#clearReceived()
    return false
  }

  #clearReceived(): void {
    this.#received = []
    this.#handledCount = 0
  }

  #handle(response: WatchResponse): void {
    const id = this.#idOf(response)
    if (id === undefined) {
      this.#reopen()
      return
    }
    // A refused probe is an answer too, but there is no watch to end.
    if (id === this.#probeId && response.canceled) this.#probeId = undefined
    const watch = this.#watches.get(id)
    if (watch === undefined) return
    if (response.canceled) {
      this.#handleCancelled(id, watch, response)
      return
    }
    this.#backoff.reset()
    watch.isConfirmed = true
    watch.wasDenied = false
    const last = response.events.at(-1)?.kv?.modRevision
    if (last !== undefined) {
      watch.nextRevision = last + 1n
      watch.sink.events(response.events)
    } else if (response.header !== undefined) {
      const { revision } = response.header
      if (!response.created) {
        watch.nextRevision = revision + 1n
        watch.sink.progress(revision)
      } else if (revision < watch.nextRevision - 1n) {
        watch.sink.behind()
      }
    }
  }

  /**
   * Finds the watch that a message is about. etcd answers creations in order, and a refused one
   * with an id of -1. Undefined when it skipped a creation: the member does not know that watch.
   */
  #idOf(response: WatchResponse): bigint | undefined {
    if (!response.created) return response.watchId
    const oldest = this.#unconfirmed.shift()
    return response.watchId < 0n || response.watchId === oldest ? oldest : undefined
  }

  #handleCancelled(id: bigint, watch: ClientWatch, response: WatchResponse): void {
    const error = new RpcError(Status.permissionDenied, response.cancelReason)
    if (response.compactRevision > 0n) {
      this.#remove(id)
      watch.sink.compacted()
    } else if (/permission denied|token|auth/.test(response.cancelReason)) {
      // etcd 3.4 says "permission denied" of a void sign-in token too.
      if (this.#signIn.hasCredentials && !watch.wasDenied) {
        watch.wasDenied = true
        this.#signIn.forget()
        this.#reopen()
      } else {
        this.#remove(id)
        watch.sink.refused(toElectError(error, this.#member?.endpoint.url ?? ''))
      }
    } else {
      // The client did not cancel it: the server is going away, or is not etcd. Start over.
      this.#reopen()
    }
  }

  /** Forgets a watch, and closes the stream with the last one. */
  #remove(id: bigint): void {
    this.#watches.delete(id)
    this.#toCreate.delete(id)
    if (this.#watches.size === 0) this.#scheduleUpdate()
  }

  #reopen(): void {
    const member = this.#member
    this.#closeStream()
    if (this.#closed || this.#watches.size === 0) return
    if (member !== undefined) this.#members.moveOnFrom(member)
    this.#setTimer(this.#backoff.nextMs(), this.#openStream)
  }

  readonly #checkSilence = (): void => {
    const quietForMs = this.#clock.monotonicMs() - this.#heardAtMs
    if (quietForMs < probeAfterMs) {
      this.#setTimer(probeAfterMs - quietForMs, this.#checkSilence)
    } else if (quietForMs < probeAfterMs + probeTimeoutMs) {
      this.#sendProbe()
      this.#setTimer(probeTimeoutMs, this.#checkSilence)
    } else {
      this.#member?.giveUpIfSilentSince(this.#heardAtMs)
      // Closing the connection may have ended, and so reopened, the stream already.
      if (this.#stream !== undefined) this.#reopen()
    }
  }

  /**
   * Creates a watch that never reports anything or, the next time, cancels it: etcd answers both at
   * once. A request for progress is no probe: etcd 3.5 and later do not answer it while a watch of
   * the stream begins after the present revision, as all do while nothing is written.
   */
  #sendProbe(): void {
    const [watch] = this.#watches.values()
    if (this.#probeId !== undefined) {
      this.#stream?.send(cancelRequest(this.#probeId))
      this.#probeId = undefined
    } else if (watch !== undefined) {
      this.#probeId = ++this.#lastId
      this.#sendCreation(this.#probeId, probeRequest(this.#probeId, watch.range))
    }
  }

  #setTimer(delayMs: number, then: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => {
      this.#cancelTimer = undefined
      then.call(this)
    })
  }

  #closeStream(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    for (const watch of this.#watches.values()) {
      if (watch.isConfirmed) watch.lastHeardAtMs = this.#heardAtMs
      watch.isConfirmed = false
    }
    const stream = this.#stream
    this.#stream = undefined
    this.#probeId = undefined
    this.#toCancel.clear()
    this.#unconfirmed.length = 0
    // On the next stream each watch goes on from its next revision, so their events come again.
    this.#clearReceived()
    stream?.cancel()
  }
}
