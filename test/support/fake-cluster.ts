// etcd members that a test plays itself: it sees every call and stream, and chooses every answer.

import {
  create,
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf'
import { type Clock, systemClock } from '../../src/base/clock.js'
import type { Endpoint } from '../../src/etcd/wire/endpoint.js'
import {
  type Metadata,
  type OutgoingStream,
  RpcError,
  Status,
  type StreamSink,
  type Transport,
  type TransportFactory,
  type UnaryOptions,
} from '../../src/etcd/wire/transport.js'

/** A call that waits for its answer. */
export class FakeCall<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage> {
  readonly method: DescMethodUnary<I, O>
  readonly url: string
  readonly request: MessageShape<I>
  readonly options: UnaryOptions
  readonly #settle: (outcome: MessageShape<O> | RpcError) => void

  constructor(
    method: DescMethodUnary<I, O>,
    url: string,
    request: MessageShape<I>,
    options: UnaryOptions,
    settle: (outcome: MessageShape<O> | RpcError) => void,
  ) {
    this.method = method
    this.url = url
    this.request = request
    this.options = options
    this.#settle = settle
  }

  answer(response: MessageInitShape<O>): void {
    this.#settle(create(this.method.output, response))
  }

  fail(code: number, message = 'refused by the test'): void {
    this.#settle(new RpcError(code, message))
  }
}

/** The member's end of a stream. */
export class FakeStream<I extends DescMessage = DescMessage, O extends DescMessage = DescMessage> {
  readonly method: DescMethodBiDiStreaming<I, O>
  readonly url: string
  readonly metadata: Metadata
  /** What the client has sent so far. */
  readonly sent: MessageShape<I>[] = []
  readonly #sink: StreamSink<MessageShape<O>>
  #open = true

  constructor(
    method: DescMethodBiDiStreaming<I, O>,
    url: string,
    metadata: Metadata,
    sink: StreamSink<MessageShape<O>>,
  ) {
    this.method = method
    this.url = url
    this.metadata = metadata
    this.#sink = sink
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** Sends a message to the client. */
  message(response: MessageInitShape<O>): void {
    if (this.#open) this.#sink.message(create(this.method.output, response))
  }

  end(code: number = Status.unavailable, message = 'ended by the test'): void {
    if (!this.#open) return
    this.#open = false
    this.#sink.closed(new RpcError(code, message))
  }

  /** The client's end of the stream. */
  get client(): OutgoingStream<MessageShape<I>> {
    return {
      send: (message) => {
        if (this.#open) this.sent.push(message)
      },
      cancel: () => {
        this.#open = false
      },
    }
  }
}

export class FakeCluster {
  /** The endpoints that clients have connected to, in order. */
  readonly connected: string[] = []
  /** Called with each call; a call that it does not answer waits. */
  onCall: (call: FakeCall) => void = () => undefined
  readonly #clock: Clock
  readonly #calls: FakeCall[] = []
  readonly #streams: FakeStream[] = []

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** The `transport` option of a client. */
  readonly connect: TransportFactory = (endpoint) => {
    this.connected.push(endpoint.url)
    return this.#transport(endpoint)
  }

  /** All calls of this method, oldest first. */
  calls<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
  ): FakeCall<I, O>[] {
    return this.#calls.filter((call) => call.method === (method as unknown)) as never
  }

  /** All streams of this method, oldest first. */
  streams<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
  ): FakeStream<I, O>[] {
    return this.#streams.filter((stream) => stream.method === (method as unknown)) as never
  }

  /** The latest stream of this method. */
  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
  ): FakeStream<I, O> {
    const stream = this.streams(method).at(-1)
    if (stream === undefined) throw new Error(`no stream of ${method.name} was opened`)
    return stream
  }

  /** The latest call of this method. */
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
  ): FakeCall<I, O> {
    const call = this.calls(method).at(-1)
    if (call === undefined) throw new Error(`${method.name} was not called`)
    return call
  }

  #transport({ url }: Endpoint): Transport {
    const open = new Set<() => void>()
    return {
      unary: (method, request, options) =>
        new Promise((resolve, reject) => {
          const settle = (outcome: MessageShape<typeof method.output> | RpcError): void => {
            open.delete(cancel)
            cancelTimer()
            options.signal?.removeEventListener('abort', cancel)
            if (outcome instanceof RpcError) reject(outcome)
            else resolve(outcome)
          }
          const cancel = (): void => {
            settle(new RpcError(Status.cancelled, 'the call was given up'))
          }
          const cancelTimer = this.#clock.setTimer(options.timeoutMs, () => {
            settle(new RpcError(Status.deadlineExceeded, 'no answer in time'))
          })
          open.add(cancel)
          options.signal?.addEventListener('abort', cancel, { once: true })
          const call = new FakeCall(method, url, request, options, settle)
          this.#calls.push(call)
          this.onCall(call)
        }),
      duplex: (method, metadata, sink) => {
        const stream = new FakeStream(method, url, metadata, sink)
        this.#streams.push(stream)
        open.add(() => {
          stream.end(Status.cancelled, 'the connection was closed')
        })
        return stream.client
      },
      close: () => {
        for (const cancel of [...open]) cancel()
      },
    }
  }
}
