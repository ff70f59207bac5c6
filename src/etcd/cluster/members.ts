// The members of a cluster as this client sees them: their connections, and which is asked first.

import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodUnary,
  MessageShape,
} from '@bufbuild/protobuf'
import type { Clock } from '../../base/clock.js'
import type { Endpoint } from '../wire/endpoint.js'
import {
  type Metadata,
  type OutgoingStream,
  RpcError,
  Status,
  type StreamSink,
  type Transport,
  type TransportFactory,
  type UnaryOptions,
} from '../wire/transport.js'

/** A connection that was silent for less than this does not count as dead. */
const deadAfterMs = 1_000

/** Stands in for every connection after the client was closed. */
const closedTransport: Transport = {
  unary: () => Promise.reject(new RpcError(Status.cancelled, 'the client is closed')),
  duplex: (_method, _metadata, sink) => {
    queueMicrotask(() => {
      sink.closed(new RpcError(Status.cancelled, 'the client is closed'))
    })
    return { send: () => undefined, cancel: () => undefined }
  },
  close: () => undefined,
}

/** The connection to one member, and when the last message came over it. */
export class Member {
  readonly endpoint: Endpoint
  readonly #connect: TransportFactory
  readonly #clock: Clock
  #transport: Transport | undefined
  #closed = false
  #heardAtMs = -Infinity

  constructor(endpoint: Endpoint, make: TransportFactory, clock: Clock) {
    this.endpoint = endpoint
    this.#connect = make
    this.#clock = clock
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>> {
    const transport = this.#openTransport()
    const sentAtMs = this.#clock.monotonicMs()
    try {
      const answer = await transport.unary(method, request, options)
      this.#markHeard()
      return answer
    } catch (error) {
      if (error instanceof RpcError && error.code === Status.deadlineExceeded) {
        this.giveUpIfSilentSince(sentAtMs)
      }
      throw error
    }
  }

  duplex<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    metadata: Metadata,
    sink: StreamSink<MessageShape<O>>,
  ): OutgoingStream<MessageShape<I>> {
    return this.#openTransport().duplex(method, metadata, {
      message: (message) => {
        this.#markHeard()
        sink.message(message)
      },
      closed: (error) => {
        sink.closed(error)
      },
    })
  }

  /**
   * Closes the connection when a request was sent at that time, `deadAfterMs` ago or more, and no
   * message has come over it since. Its calls and streams fail now and can go elsewhere: TCP takes
   * many seconds to notice a peer that vanished without closing (a pulled cable, a stopped
   * computer).
   */
  giveUpIfSilentSince(askedAtMs: number): void {
    const waitedMs = this.#clock.monotonicMs() - askedAtMs
    if (waitedMs >= deadAfterMs && this.#heardAtMs <= askedAtMs) this.#closeTransport()
  }

  /** Closes it for good: later calls and streams fail at once. */
  close(): void {
    this.#closed = true
    this.#closeTransport()
  }

  #openTransport(): Transport {
    if (this.#closed) return closedTransport
    if (this.#transport === undefined) {
      this.#transport = this.#connect(this.endpoint)
      // The silence of a connection begins when it is made.
      this.#markHeard()
    }
    return this.#transport
  }

  #closeTransport(): void {
    this.#transport?.close()
    this.#transport = undefined
  }

  #markHeard(): void {
    this.#heardAtMs = this.#clock.monotonicMs()
  }
}

/** All members of the cluster, one of them preferred. */
export class Members {
  readonly #members: readonly Member[]
  #preferred: number

  constructor(
    endpoints: readonly Endpoint[],
    make: TransportFactory,
    clock: Clock,
    random: () => number,
  ) {
    this.#members = endpoints.map((endpoint) => new Member(endpoint, make, clock))
    // Clients with the same list of endpoints spread over the members.
    this.#preferred = Math.floor(random() * this.#members.length) % this.#members.length
  }

  get size(): number {
    return this.#members.length
  }

  get preferred(): Member {
    return this.#at(this.#preferred)
  }

  /** The member after this one. */
  after(member: Member): Member {
    return this.#at(this.#members.indexOf(member) + 1)
  }

  /** Prefers the next member, unless another call has moved on from this one already. */
  moveOnFrom(member: Member): void {
    if (this.preferred === member) {
      this.#preferred = (this.#preferred + 1) % this.#members.length
    }
  }

  close(): void {
    for (const member of this.#members) member.close()
  }

  #at(index: number): Member {
    const member = this.#members[index % this.#members.length]
    if (member === undefined) throw new Error('a cluster has at least one endpoint')
    return member
  }
}
