// The facade over this folder: all that the layers above use of etcd, in one class. It is no port:
// it has one implementation, and the port below it is Transport (wire/transport.ts).
// Any call may be sent more than once. It is idempotent, or its caller makes it so
// (docs/architecture.md, "Sending twice").

import { create, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf'
import type { Clock } from '../base/clock.js'
import type { ClusterAccess } from './access.js'
import type { JointTxn } from './txn/batch.js'
import type { Batcher, JointOptions } from './txn/batcher.js'
import type { CallOptions, Calls } from './cluster/calls.js'
import type { Member, Members } from './cluster/members.js'
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
  TxnRequestSchema,
  type RangeResponse,
  type TxnResponse,
} from './wire/gen/rpc_pb.js'
import type { SignIn } from './cluster/sign-in.js'
import type { Streams } from './cluster/streams.js'
import type { OutgoingStream, StreamSink } from './wire/transport.js'
import type { Watch, SharedWatchStream, WatchSink } from './watch/shared-watch-stream.js'
import type { WatchedRange } from './watch/requests.js'

export type { ClusterAccess, CallOptions, Member, JointOptions, Watch, WatchedRange, WatchSink }
export type { Condition, Operation } from './txn/batch.js'

export type KeepAliveStream = OutgoingStream<MessageShape<typeof LeaseKeepAliveRequestSchema>>

export class EtcdApi {
  readonly clock: Clock
  readonly random: () => number
  /** How another process or thread can connect to the same cluster; undefined when none can. */
  readonly access: ClusterAccess | undefined
  readonly #signIn: SignIn
  readonly #calls: Calls
  readonly #batcher: Batcher
  readonly #members: Members
  readonly #streams: Streams
  readonly #watches: SharedWatchStream
  readonly #closeListeners = new Set<() => void>()
  #closed = false

  constructor(parts: {
    clock: Clock
    random: () => number
    access: ClusterAccess | undefined
    signIn: SignIn
    calls: Calls
    batcher: Batcher
    members: Members
    streams: Streams
    watches: SharedWatchStream
  }) {
    this.clock = parts.clock
    this.random = parts.random
    this.access = parts.access
    this.#signIn = parts.signIn
    this.#calls = parts.calls
    this.#batcher = parts.batcher
    this.#members = parts.members
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

  /** A transaction that is sent with others of the same turn of the event loop, in one request. */
  jointTxn(txn: JointTxn, options: JointOptions = {}): Promise<TxnResponse> {
    return this.#batcher.txn(txn, options)
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

  /** The sign-in token that calls carry now; undefined without one. */
  get signInToken(): string | undefined {
    return this.#signIn.metadata?.['token']
  }

  /** Calls the listener after each sign-in; returns a function that removes the listener. */
  onSignInToken(listener: () => void): () => void {
    return this.#signIn.onChange(listener)
  }

  /**
   * Calls the listener when the client is closed, for callers that would otherwise wait for ever;
   * returns a function that removes the listener.
   */
  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener)
    return () => {
      this.#closeListeners.delete(listener)
    }
  }

  get isClosed(): boolean {
    return this.#closed
  }

  close(): void {
    this.#closed = true
    this.#calls.close()
    this.#watches.close()
    this.#members.close()
    const listeners = [...this.#closeListeners]
    this.#closeListeners.clear()
    for (const listener of listeners) listener()
  }

  get memberCount(): number {
    return this.#members.size
  }

  /** The member that calls and new streams go to first. */
  get preferredMember(): Member {
    return this.#members.preferred
  }

  /** The member to try when this one does not answer; the same member when it is the only one. */
  memberAfter(member: Member): Member {
    return this.#members.after(member)
  }

  /** Sends calls and new streams to another member, because this one did not answer. */
  moveOnFrom(member: Member): void {
    this.#members.moveOnFrom(member)
  }

  openKeepAlive(member: Member, sink: StreamSink<LeaseKeepAliveResponse>): KeepAliveStream {
    return this.#streams.open(Lease.method.leaseKeepAlive, member, sink)
  }

  watch(range: WatchedRange, startRevision: bigint, sink: WatchSink): Watch {
    return this.#watches.watch(range, startRevision, sink)
  }
}
