// What the layers above may ask of etcd: the narrow port between elections and gRPC.
// Everything here may be sent more than once and is idempotent, or is made so by its caller.

import { create, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf'
import type { Clock } from '../clock.js'
import type { CallOptions, Calls } from './calls.js'
import type { Connection, Connections } from './connections.js'
import {
  KV,
  Lease,
  LeaseGrantRequestSchema,
  type LeaseGrantResponse,
  type LeaseKeepAliveRequestSchema,
  type LeaseKeepAliveResponse,
  LeaseRevokeRequestSchema,
  type LeaseRevokeResponse,
  LeaseTimeToLiveRequestSchema,
  type LeaseTimeToLiveResponse,
  RangeRequestSchema,
  type RangeResponse,
  TxnRequestSchema,
  type TxnResponse,
} from './gen/rpc_pb.js'
import type { Streams } from './streams.js'
import type { OutgoingStream, StreamSink } from './transport.js'
import type { Watch, WatchedRange, WatchHub, WatchSink } from './watch.js'

export type { CallOptions, Connection, Watch, WatchedRange, WatchSink }

export type KeepAliveStream = OutgoingStream<MessageShape<typeof LeaseKeepAliveRequestSchema>>

export class EtcdApi {
  readonly clock: Clock
  readonly random: () => number
  readonly #calls: Calls
  readonly #connections: Connections
  readonly #streams: Streams
  readonly #watches: WatchHub
  readonly #closeListeners = new Set<() => void>()

  constructor(parts: {
    clock: Clock
    random: () => number
    calls: Calls
    connections: Connections
    streams: Streams
    watches: WatchHub
  }) {
    this.clock = parts.clock
    this.random = parts.random
    this.#calls = parts.calls
    this.#connections = parts.connections
    this.#streams = parts.streams
    this.#watches = parts.watches
  }

  range(
    request: MessageInitShape<typeof RangeRequestSchema>,
    options?: CallOptions,
  ): Promise<RangeResponse> {
    return this.#calls.unary(KV.method.range, create(RangeRequestSchema, request), options)
  }

  txn(
    request: MessageInitShape<typeof TxnRequestSchema>,
    options?: CallOptions,
  ): Promise<TxnResponse> {
    return this.#calls.unary(KV.method.txn, create(TxnRequestSchema, request), options)
  }

  leaseGrant(id: bigint, ttlS: number, options?: CallOptions): Promise<LeaseGrantResponse> {
    const request = create(LeaseGrantRequestSchema, { ID: id, TTL: BigInt(ttlS) })
    return this.#calls.unary(Lease.method.leaseGrant, request, options)
  }

  leaseRevoke(id: bigint, options?: CallOptions): Promise<LeaseRevokeResponse> {
    const request = create(LeaseRevokeRequestSchema, { ID: id })
    return this.#calls.unary(Lease.method.leaseRevoke, request, options)
  }

  leaseTimeToLive(id: bigint, options?: CallOptions): Promise<LeaseTimeToLiveResponse> {
    const request = create(LeaseTimeToLiveRequestSchema, { ID: id })
    return this.#calls.unary(Lease.method.leaseTimeToLive, request, options)
  }

  /** Calls back when the client is closed, for those who would otherwise wait for ever; returns what calls it off. */
  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener)
    return () => {
      this.#closeListeners.delete(listener)
    }
  }

  close(): void {
    this.#calls.close()
    this.#watches.close()
    this.#connections.close()
    const listeners = [...this.#closeListeners]
    this.#closeListeners.clear()
    for (const listener of listeners) listener()
  }

  /** The member that is asked first at present. */
  get preferredMember(): Connection {
    return this.#connections.preferred
  }

  /** The member to try when this one does not answer; the same one when there is no other. */
  memberAfter(member: Connection): Connection {
    return this.#connections.after(member)
  }

  /** This member did not answer: calls and streams opened from now on go to another one. */
  moveOnFrom(member: Connection): void {
    this.#connections.moveOnFrom(member)
  }

  openKeepAlive(member: Connection, sink: StreamSink<LeaseKeepAliveResponse>): KeepAliveStream {
    return this.#streams.open(Lease.method.leaseKeepAlive, member, sink)
  }

  watch(range: WatchedRange, startRevision: bigint, sink: WatchSink): Watch {
    return this.#watches.watch(range, startRevision, sink)
  }
}
