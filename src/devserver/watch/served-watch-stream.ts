// The watches of one stream: creates and cancels them, manages their ids, and decides which one
// catches up next when the client reads again.

import { create } from '@bufbuild/protobuf'
import { Event_EventType as EventType } from '../../etcd/wire/gen/kv_pb.js'
import {
  type WatchCreateRequest,
  WatchCreateRequest_FilterType as Filter,
  type WatchRequest,
  type WatchResponse,
  WatchResponseSchema,
} from '../../etcd/wire/gen/rpc_pb.js'
import { type RpcError, Status } from '../../etcd/wire/transport.js'
import type { DevMember } from '../member.js'
import { refusals } from '../refusals.js'
import { asRpcError, type RequestSink, type ResponseStream } from '../rpc.js'
import { intervalOf, isEmpty } from '../store/interval.js'
import { ServedWatch } from './served-watch.js'

/** The watch id of messages that concern no single watch. */
const noWatch = -1n

export class ServedWatchStream implements RequestSink<WatchRequest> {
  readonly #member: DevMember
  readonly #out: ResponseStream<WatchResponse>
  readonly #admit: (request: WatchCreateRequest) => void
  /**
   * Includes watches that a compaction canceled: they keep their id until the client cancels them.
   */
  readonly #watches = new Map<bigint, ServedWatch>()
  #nextId = 0n
  #cancelTimer: (() => void) | undefined

  /**
   * @param admit checks the caller's rights; throws the refusal.
   */
  constructor(
    member: DevMember,
    out: ResponseStream<WatchResponse>,
    admit: (request: WatchCreateRequest) => void,
  ) {
    this.#member = member
    this.#out = out
    this.#admit = admit
  }

  message({ requestUnion: request }: WatchRequest): void {
    switch (request.case) {
      case 'createRequest':
        this.#create(request.value)
        break
      case 'cancelRequest':
        this.#cancel(request.value.watchId)
        break
      case 'progressRequest':
        this.#sendProgress()
        break
      case undefined:
        break
      default:
        request satisfies never
    }
  }

  drained(): void {
    for (const [id, watch] of this.#watches) {
      if (this.#out.isCongested) return
      if (!watch.isBehind) continue
      watch.catchUp()
      // Moves it to the end, so that the other watches have their turn first.
      this.#watches.delete(id)
      this.#watches.set(id, watch)
    }
  }

  closed(): void {
    for (const watch of this.#watches.values()) watch.stop()
    this.#watches.clear()
    this.#cancelTimer?.()
  }

  #create(request: WatchCreateRequest): void {
    const refusal = this.#refusalOf(request)
    if (refusal !== undefined) {
      this.#send({ watchId: noWatch, created: true, canceled: true, cancelReason: refusal })
      return
    }
    const id = request.watchId === 0n ? this.#freeId() : request.watchId
    const watch = new ServedWatch(
      {
        id,
        interval: intervalOf(request),
        startRevision: request.startRevision,
        eventTypes: eventTypesOf(request.filters),
        withPrevious: request.prevKv,
        mayFragment: request.fragment,
        wantsProgress: request.progressNotify,
      },
      this.#member,
      this.#out,
    )
    this.#watches.set(id, watch)
    this.#send({ watchId: id, created: true })
    watch.catchUp()
    if (watch.wantsProgress) this.#cancelTimer ??= this.#setTimer()
  }

  #refusalOf(request: WatchCreateRequest): string | undefined {
    try {
      this.#admit(request)
    } catch (error) {
      return goErrorText(asRpcError(error))
    }
    if (request.startRevision < 0n) return refusals.compacted().message
    if (isEmpty(intervalOf(request))) return 'mvcc: watcher range is empty'
    return request.watchId !== 0n && this.#watches.has(request.watchId)
      ? 'mvcc: duplicate watch ID provided on the WatchStream'
      : undefined
  }

  /** As in etcd, ignores an unknown id silently. */
  #cancel(watchId: bigint): void {
    const watch = this.#watches.get(watchId)
    if (watch === undefined) return
    watch.stop()
    this.#watches.delete(watchId)
    this.#send({ watchId, canceled: true })
  }

  /**
   * Answers a progress request, unless one of the watches is not up to date: etcd is silent then.
   */
  #sendProgress(): void {
    const watches = [...this.#watches.values()]
    if (watches.length > 0 && watches.every(({ isUpToDate }) => isUpToDate)) {
      this.#send({ watchId: noWatch })
    }
  }

  #setTimer(): () => void {
    const { clock, progressNotifyIntervalMs } = this.#member
    return clock.setTimer(progressNotifyIntervalMs, () => {
      const watches = [...this.#watches.values()].filter(({ wantsProgress }) => wantsProgress)
      for (const watch of watches) watch.sendProgress()
      this.#cancelTimer = watches.length > 0 ? this.#setTimer() : undefined
    })
  }

  #freeId(): bigint {
    while (this.#watches.has(this.#nextId)) this.#nextId += 1n
    return this.#nextId++
  }

  #send(message: Omit<Partial<WatchResponse>, '$typeName' | '$unknown'>): void {
    const header = this.#member.header()
    this.#out.send(create(WatchResponseSchema, { header, ...message }))
  }
}

function eventTypesOf(filters: readonly Filter[]): ReadonlySet<EventType> {
  const types = new Set([EventType.PUT, EventType.DELETE])
  if (filters.includes(Filter.NOPUT)) types.delete(EventType.PUT)
  if (filters.includes(Filter.NODELETE)) types.delete(EventType.DELETE)
  return types
}

/** The text of the error in gRPC for Go. */
function goErrorText({ code, message }: RpcError): string {
  const names: Partial<Record<number, string>> = {
    [Status.invalidArgument]: 'InvalidArgument',
    [Status.unauthenticated]: 'Unauthenticated',
    [Status.permissionDenied]: 'PermissionDenied',
  }
  return `rpc error: code = ${names[code] ?? String(code)} desc = ${message}`
}
