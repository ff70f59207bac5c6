// All watches of a client on one stream. When the stream ends or falls silent, another one is opened, on another
// member if need be, and every watch goes on from the revision after the last it has seen.
// It must not know what is watched, nor what the events mean.

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
  decoyRequest,
  type WatchedRange,
  type WatchRequest,
  watchRequest,
} from './requests.js'

/** After this long without a word from the member it is asked for one… */
const quietMs = 2_000
/** …and after this long without an answer it counts as hung. */
const patienceMs = 2_000

/** What a watch reports. All calls come in the order of revisions; none comes after `cancel()`. */
export interface WatchSink {
  /** All events of one or more revisions, whole revisions only. */
  events(events: readonly Event[]): void
  /** Everything up to this revision has been reported. */
  progress(revision: bigint): void
  /**
   * The member that serves the watch from here on does not have all that was reported: it lags, or its history was
   * rewritten (restored from a backup, started anew without data). The watch goes on; read the range again to tell.
   */
  behind(): void
  /** Revisions that were still to come are gone; the watch is over. Read the range again and watch anew. */
  compacted(): void
  /** etcd refuses the watch; it is over. */
  refused(error: ElectError): void
}

export interface Watch {
  /** When the member that serves it last said anything, by the monotonic clock; at first, when it was asked for. */
  readonly heardAtMs: number
  cancel(): void
}

/** One watch, on whatever stream there is. */
class ClientWatch implements Watch {
  readonly id: bigint
  readonly range: WatchedRange
  readonly sink: WatchSink
  nextRevision: bigint
  /** The present stream has it. */
  isServed = false
  /** While it is not served: when it last was. */
  wasServedAtMs: number
  /** A refusal right after the token was renewed is meant. */
  deniedBefore = false
  readonly #stream: SharedWatchStream

  constructor(
    hub: SharedWatchStream,
    id: bigint,
    range: WatchedRange,
    nextRevision: bigint,
    sink: WatchSink,
    nowMs: number,
  ) {
    this.#stream = hub
    this.id = id
    this.range = range
    this.nextRevision = nextRevision
    this.sink = sink
    this.wasServedAtMs = nowMs
  }

  get heardAtMs(): number {
    return this.isServed ? this.#stream.heardAtMs : this.wasServedAtMs
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
  /** Those of them that the present stream does not know yet. */
  readonly #unasked = new Set<bigint>()
  /** Those that it knows and that nobody watches any more. */
  readonly #dropped = new Set<bigint>()
  /** Asked for on the present stream, not confirmed yet; etcd confirms in order. */
  readonly #unconfirmed: bigint[] = []
  /** Come over the present stream, and not looked at yet. */
  #received: WatchResponse[] = []
  #looked = 0
  readonly #looking: TimeSlices
  #lastId = 0n
  #updating = false
  /** The watch that was made only for the sake of an answer. */
  #decoy: bigint | undefined
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
    this.#looking = new TimeSlices(parts.clock, () => this.#lookAtNext())
  }

  /** Reports everything that happens in the range from this revision on. */
  watch(range: WatchedRange, nextRevision: bigint, sink: WatchSink): Watch {
    // Ids are never used again, so that a late message of a cancelled watch meets nobody.
    const id = ++this.#lastId
    const nowMs = this.#clock.monotonicMs()
    const watcher = new ClientWatch(this, id, range, nextRevision, sink, nowMs)
    this.#watches.set(id, watcher)
    this.#unasked.add(id)
    this.#update()
    return watcher
  }

  cancel({ id }: { readonly id: bigint }): void {
    if (!this.#watches.has(id)) return
    if (!this.#unasked.has(id)) this.#dropped.add(id)
    this.#remove(id)
    this.#update()
  }

  /** When the member that serves the present stream last said anything. */
  get heardAtMs(): number {
    return this.#heardAtMs
  }

  close(): void {
    this.#closed = true
    this.#watches.clear()
    this.#endStream()
  }

  /**
   * Brings the stream up to what is watched, in the next turn: what is watched is yet to come, and whoever waits for what
   * has just come goes first.
   */
  #update(): void {
    if (this.#updating) return
    this.#updating = true
    nextTurn(() => {
      this.#updating = false
      if (this.#watches.size === 0) this.#endStream()
      else if (this.#stream !== undefined) this.#catchUp()
      else if (this.#cancelTimer === undefined) this.#open()
    })
  }

  #open(): void {
    const member = this.#members.preferred
    this.#member = member
    this.#heardAtMs = this.#clock.monotonicMs()
    const stream: RequestStream = this.#streams.open(WatchService.method.watch, member, {
      message: (response) => {
        if (this.#stream !== stream) return
        this.#heardAtMs = this.#clock.monotonicMs()
        this.#received.push(response)
        this.#looking.run()
      },
      closed: () => {
        if (this.#stream === stream) this.#reopen()
      },
    })
    this.#stream = stream
    for (const id of this.#watches.keys()) this.#unasked.add(id)
    this.#catchUp()
    this.#lookAgainIn(quietMs, this.#probe)
  }

  #catchUp(): void {
    for (const id of this.#dropped) this.#stream?.send(cancelRequest(id))
    this.#dropped.clear()
    for (const id of this.#unasked) {
      const watcher = this.#watches.get(id)
      if (watcher === undefined) continue
      this.#askFor(id, watchRequest(id, watcher.range, watcher.nextRevision))
    }
    this.#unasked.clear()
  }

  #askFor(id: bigint, request: WatchRequest): void {
    this.#unconfirmed.push(id)
    this.#stream?.send(request)
  }

  /** Tells whether there are more. */
  #lookAtNext(): boolean {
    const response = this.#received[this.#looked]
    this.#looked += 1
    if (response !== undefined) this.#receive(response)
    if (this.#looked < this.#received.length) return true
    this.#forgetReceived()
    return false
  }

  #forgetReceived(): void {
    this.#received = []
    this.#looked = 0
  }

  #receive(response: WatchResponse): void {
    const id = this.#idOf(response)
    if (id === undefined) {
      this.#reopen()
      return
    }
    // Refused, it cannot be ended; it has been an answer all the same.
    if (id === this.#decoy && response.canceled) this.#decoy = undefined
    const watcher = this.#watches.get(id)
    if (watcher === undefined) return
    if (response.canceled) {
      this.#cancelled(id, watcher, response)
      return
    }
    this.#backoff.reset()
    watcher.isServed = true
    watcher.deniedBefore = false
    const last = response.events.at(-1)?.kv?.modRevision
    if (last !== undefined) {
      watcher.nextRevision = last + 1n
      watcher.sink.events(response.events)
    } else if (response.header !== undefined) {
      const { revision } = response.header
      if (!response.created) {
        watcher.nextRevision = revision + 1n
        watcher.sink.progress(revision)
      } else if (revision < watcher.nextRevision - 1n) {
        watcher.sink.behind()
      }
    }
  }

  /**
   * A refused creation is answered with an id of -1. Creations are answered in order: undefined means that one was passed
   * over, so that the member does not know of it.
   */
  #idOf(response: WatchResponse): bigint | undefined {
    if (!response.created) return response.watchId
    const oldest = this.#unconfirmed.shift()
    return response.watchId < 0n || response.watchId === oldest ? oldest : undefined
  }

  #cancelled(id: bigint, watcher: ClientWatch, response: WatchResponse): void {
    const error = new RpcError(Status.permissionDenied, response.cancelReason)
    if (response.compactRevision > 0n) {
      this.#remove(id)
      watcher.sink.compacted()
    } else if (/permission denied|token|auth/.test(response.cancelReason)) {
      // etcd 3.4 says "permission denied" of a void token too.
      if (this.#signIn.possible && !watcher.deniedBefore) {
        watcher.deniedBefore = true
        this.#signIn.forget()
        this.#reopen()
      } else {
        this.#remove(id)
        watcher.sink.refused(toElectError(error, this.#member?.endpoint.url ?? ''))
      }
    } else {
      // Nobody asked for it: the server is going away, or is not what it says it is. Start over.
      this.#reopen()
    }
  }

  /** A stream without watches is not kept. */
  #remove(id: bigint): void {
    this.#watches.delete(id)
    this.#unasked.delete(id)
    if (this.#watches.size === 0) this.#update()
  }

  #reopen(): void {
    const member = this.#member
    this.#endStream()
    if (this.#closed || this.#watches.size === 0) return
    if (member !== undefined) this.#members.moveOnFrom(member)
    this.#lookAgainIn(this.#backoff.nextMs(), this.#open)
  }

  readonly #probe = (): void => {
    const quietForMs = this.#clock.monotonicMs() - this.#heardAtMs
    if (quietForMs < quietMs) {
      this.#lookAgainIn(quietMs - quietForMs, this.#probe)
    } else if (quietForMs < quietMs + patienceMs) {
      this.#askForAnAnswer()
      this.#lookAgainIn(patienceMs, this.#probe)
    } else {
      this.#member?.giveUpIfSilentSince(this.#heardAtMs)
      // Giving the connection up may have ended, and so reopened, the stream already.
      if (this.#stream !== undefined) this.#reopen()
    }
  }

  /**
   * Makes a watch of which nothing is told, or ends it again: etcd answers both at once. A request for progress it answers
   * only when no watch of the stream begins after its present revision, as those of a quiet etcd do (3.5 and later).
   */
  #askForAnAnswer(): void {
    const [watcher] = this.#watches.values()
    if (this.#decoy !== undefined) {
      this.#stream?.send(cancelRequest(this.#decoy))
      this.#decoy = undefined
    } else if (watcher !== undefined) {
      this.#decoy = ++this.#lastId
      this.#askFor(this.#decoy, decoyRequest(this.#decoy, watcher.range))
    }
  }

  #lookAgainIn(delayMs: number, then: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#clock.setTimer(delayMs, () => {
      this.#cancelTimer = undefined
      then.call(this)
    })
  }

  #endStream(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    for (const watcher of this.#watches.values()) {
      if (watcher.isServed) watcher.wasServedAtMs = this.#heardAtMs
      watcher.isServed = false
    }
    const stream = this.#stream
    this.#stream = undefined
    this.#decoy = undefined
    this.#dropped.clear()
    this.#unconfirmed.length = 0
    // Whoever is concerned watches from where it is, on the next stream.
    this.#forgetReceived()
    stream?.cancel()
  }
}
