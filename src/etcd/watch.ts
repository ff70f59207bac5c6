// All watches of a client on one stream. When the stream ends or falls silent, another one is opened, on another
// member if need be, and every watch goes on from the revision after the last it has seen.
// It must not know what is watched, nor what the events mean.

import { create, type MessageShape } from '@bufbuild/protobuf'
import type { Clock } from '../clock.js'
import type { ElectError } from '../errors.js'
import { Backoff } from './backoff.js'
import type { Connection, Connections } from './connections.js'
import { toElectError } from './failure.js'
import type { Event } from './gen/kv_pb.js'
import { Watch as WatchService, WatchRequestSchema, type WatchResponse } from './gen/rpc_pb.js'
import type { SignIn } from './sign-in.js'
import type { Streams } from './streams.js'
import { type OutgoingStream, RpcError, Status } from './transport.js'

/** After this long without a word from the member it is asked for one… */
const quietMs = 2_000
/** …and after this long without an answer it counts as hung. */
const patienceMs = 2_000

export interface WatchedRange {
  readonly key: Uint8Array
  readonly rangeEnd: Uint8Array
}

/** What a watch reports. All calls come in the order of revisions; none comes after `cancel()`. */
export interface WatchSink {
  /** All events of one or more revisions, whole revisions only. */
  events(events: readonly Event[]): void
  /** Everything up to this revision has been reported. */
  progress(revision: bigint): void
  /** Revisions that were still to come are gone; the watch is over. Read the range again and watch anew. */
  compacted(): void
  /** etcd refuses the watch; it is over. */
  refused(error: ElectError): void
}

export interface Watch {
  cancel(): void
}

interface Watcher {
  readonly range: WatchedRange
  readonly sink: WatchSink
  nextRevision: bigint
  /** A refusal right after the token was renewed is meant. */
  deniedBefore: boolean
}

type WatchStream = OutgoingStream<MessageShape<typeof WatchRequestSchema>>

export class WatchHub {
  readonly #connections: Connections
  readonly #streams: Streams
  readonly #signIn: SignIn
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #watchers = new Map<bigint, Watcher>()
  /** Created on the present stream, not confirmed yet; etcd confirms in order. */
  readonly #unconfirmed: bigint[] = []
  #lastId = 0n
  #connection: Connection | undefined
  #stream: WatchStream | undefined
  #heardAtMs = 0
  #cancelTimer: (() => void) | undefined
  #closed = false

  constructor(parts: {
    connections: Connections
    streams: Streams
    signIn: SignIn
    clock: Clock
    random: () => number
  }) {
    this.#connections = parts.connections
    this.#streams = parts.streams
    this.#signIn = parts.signIn
    this.#clock = parts.clock
    this.#backoff = new Backoff(parts.random)
  }

  /** Reports everything that happens in the range from this revision on. */
  watch(range: WatchedRange, startRevision: bigint, sink: WatchSink): Watch {
    // Ids are never used again, so that a late message of a cancelled watch meets nobody.
    const id = ++this.#lastId
    this.#watchers.set(id, { range, sink, nextRevision: startRevision, deniedBefore: false })
    if (this.#stream !== undefined) this.#create(id)
    else if (this.#cancelTimer === undefined) this.#open()
    return {
      cancel: () => {
        if (!this.#watchers.has(id)) return
        this.#stream?.send(cancelRequest(id))
        this.#remove(id)
      },
    }
  }

  close(): void {
    this.#closed = true
    this.#watchers.clear()
    this.#endStream()
  }

  #open(): void {
    const connection = this.#connections.preferred
    this.#connection = connection
    this.#heardAtMs = this.#clock.monotonicMs()
    const stream: WatchStream = this.#streams.open(WatchService.method.watch, connection, {
      message: (response) => {
        if (this.#stream === stream) this.#receive(response)
      },
      closed: () => {
        if (this.#stream === stream) this.#reopen()
      },
    })
    this.#stream = stream
    for (const id of this.#watchers.keys()) this.#create(id)
    this.#lookAgainIn(quietMs, this.#probe)
  }

  #create(id: bigint): void {
    const watcher = this.#watchers.get(id)
    if (watcher === undefined) return
    this.#unconfirmed.push(id)
    this.#stream?.send(
      create(WatchRequestSchema, {
        requestUnion: {
          case: 'createRequest',
          value: {
            key: watcher.range.key,
            rangeEnd: watcher.range.rangeEnd,
            startRevision: watcher.nextRevision,
            // Keeps an idle watch's revision ahead of compactions.
            progressNotify: true,
            watchId: id,
          },
        },
      }),
    )
  }

  #receive(response: WatchResponse): void {
    this.#heardAtMs = this.#clock.monotonicMs()
    const id = this.#idOf(response)
    const watcher = this.#watchers.get(id)
    if (watcher === undefined) return
    if (response.canceled) {
      this.#cancelled(id, watcher, response)
      return
    }
    this.#backoff.reset()
    watcher.deniedBefore = false
    const last = response.events.at(-1)?.kv?.modRevision
    if (last !== undefined) {
      watcher.nextRevision = last + 1n
      watcher.sink.events(response.events)
    } else if (!response.created && response.header !== undefined) {
      watcher.nextRevision = response.header.revision + 1n
      watcher.sink.progress(response.header.revision)
    }
  }

  /** A refused creation is answered with an id of -1; creations are answered in order. */
  #idOf(response: WatchResponse): bigint {
    if (!response.created) return response.watchId
    const oldest = this.#unconfirmed.shift()
    return response.watchId < 0n && oldest !== undefined ? oldest : response.watchId
  }

  #cancelled(id: bigint, watcher: Watcher, response: WatchResponse): void {
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
        watcher.sink.refused(toElectError(error, this.#connection?.endpoint.url ?? ''))
      }
    } else {
      // Nobody asked for it: the server is going away, or is not what it says it is. Start over.
      this.#reopen()
    }
  }

  /** A stream without watches is not kept. */
  #remove(id: bigint): void {
    this.#watchers.delete(id)
    if (this.#watchers.size === 0) this.#endStream()
  }

  #reopen(): void {
    const connection = this.#connection
    this.#endStream()
    if (this.#closed || this.#watchers.size === 0) return
    if (connection !== undefined) this.#connections.moveOnFrom(connection)
    this.#lookAgainIn(this.#backoff.nextMs(), this.#open)
  }

  readonly #probe = (): void => {
    const quietForMs = this.#clock.monotonicMs() - this.#heardAtMs
    if (quietForMs < quietMs) {
      this.#lookAgainIn(quietMs - quietForMs, this.#probe)
    } else if (quietForMs < quietMs + patienceMs) {
      this.#stream?.send(progressRequest)
      this.#lookAgainIn(patienceMs, this.#probe)
    } else {
      this.#connection?.giveUpIfSilentSince(this.#heardAtMs)
      // Giving the connection up may have ended, and so reopened, the stream already.
      if (this.#stream !== undefined) this.#reopen()
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
    const stream = this.#stream
    this.#stream = undefined
    this.#unconfirmed.length = 0
    stream?.cancel()
  }
}

/**
 * Asks for a sign of life. The answer's revision is not used: etcd before 3.4.25 and 3.5.8 may send it ahead of events
 * (https://github.com/etcd-io/etcd/issues/15220).
 */
const progressRequest = create(WatchRequestSchema, {
  requestUnion: { case: 'progressRequest', value: {} },
})

function cancelRequest(watchId: bigint): MessageShape<typeof WatchRequestSchema> {
  return create(WatchRequestSchema, {
    requestUnion: { case: 'cancelRequest', value: { watchId } },
  })
}
