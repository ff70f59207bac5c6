// The members of a cluster as this client sees them: one connection each, and which one is asked first.
// It must not know what is asked.

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

/** Nothing shorter than this is taken for the silence of a dead peer. */
const deadAfterMs = 1_000

/** What is left of a connection after its client was closed. */
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

/** The way to one member. It remembers when that member was last heard of, whatever it said. */
export class Member {
  readonly endpoint: Endpoint
  readonly #make: TransportFactory
  readonly #clock: Clock
  #transport: Transport | undefined
  #closed = false
  #heardAtMs = -Infinity

  constructor(endpoint: Endpoint, make: TransportFactory, clock: Clock) {
    this.endpoint = endpoint
    this.#make = make
    this.#clock = clock
  }

  async unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>> {
    const transport = this.#open()
    const sentAtMs = this.#clock.monotonicMs()
    try {
      const answer = await transport.unary(method, request, options)
      this.#heard()
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
    return this.#open().duplex(method, metadata, {
      message: (message) => {
        this.#heard()
        sink.message(message)
      },
      closed: (error) => {
        sink.closed(error)
      },
    })
  }

  /**
   * Drops the connection if not one message came over it since something was asked at that time, and that is long
   * enough ago. A peer that vanished without a word (a pulled cable, a stopped machine) is otherwise noticed by TCP
   * after many seconds only; whatever waits on it fails now and can go elsewhere.
   */
  giveUpIfSilentSince(askedAtMs: number): void {
    const waitedMs = this.#clock.monotonicMs() - askedAtMs
    if (waitedMs >= deadAfterMs && this.#heardAtMs <= askedAtMs) this.#drop()
  }

  /** For good: whatever is asked of it later fails at once. */
  close(): void {
    this.#closed = true
    this.#drop()
  }

  #open(): Transport {
    if (this.#closed) return closedTransport
    if (this.#transport === undefined) {
      this.#transport = this.#make(this.endpoint)
      // A connection that is just being dialled has had no time to be silent.
      this.#heard()
    }
    return this.#transport
  }

  #drop(): void {
    this.#transport?.close()
    this.#transport = undefined
  }

  #heard(): void {
    this.#heardAtMs = this.#clock.monotonicMs()
  }
}

/** All members, one of them preferred. */
export class Members {
  readonly #all: readonly Member[]
  #preferred: number

  constructor(
    endpoints: readonly Endpoint[],
    make: TransportFactory,
    clock: Clock,
    random: () => number,
  ) {
    this.#all = endpoints.map((endpoint) => new Member(endpoint, make, clock))
    // Many clients of one list of endpoints spread over the members.
    this.#preferred = Math.floor(random() * this.#all.length) % this.#all.length
  }

  get size(): number {
    return this.#all.length
  }

  get preferred(): Member {
    return this.#at(this.#preferred)
  }

  /** The member after this one. */
  after(member: Member): Member {
    return this.#at(this.#all.indexOf(member) + 1)
  }

  /** Prefers the next member, unless somebody else has moved on from this one already. */
  moveOnFrom(member: Member): void {
    if (this.preferred === member) {
      this.#preferred = (this.#preferred + 1) % this.#all.length
    }
  }

  close(): void {
    for (const member of this.#all) member.close()
  }

  #at(index: number): Member {
    const member = this.#all[index % this.#all.length]
    if (member === undefined) throw new Error('a cluster has at least one endpoint')
    return member
  }
}
