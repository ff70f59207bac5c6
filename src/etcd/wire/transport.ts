// The library's one port: calls and streams to one etcd member, however the bytes travel. grpc.ts
// implements it on grpc-js, the devserver and the tests implement it in memory.
// A transport must not retry: only its callers know what may be sent twice.

import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodUnary,
  MessageShape,
} from '@bufbuild/protobuf'
import type { Endpoint } from './endpoint.js'

/** The gRPC status codes (https://grpc.io/docs/guides/status-codes/). */
export const Status = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const

/** How a call or a stream failed, in gRPC's terms. */
export class RpcError extends Error {
  /** A gRPC status code, see {@link Status}. */
  readonly code: number

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'RpcError'
    this.code = code
  }
}

export type Metadata = Readonly<Record<string, string>>

export interface UnaryOptions {
  readonly metadata: Metadata
  /** After this long without an answer the call fails with {@link Status.deadlineExceeded}. */
  readonly timeoutMs: number
  /** Cancels the call, which then fails with {@link Status.cancelled}. */
  readonly signal?: AbortSignal | undefined
}

/** Receives the messages of a stream. Nothing is called after `closed`, or after `cancel()`. */
export interface StreamSink<O> {
  message(message: O): void
  /**
   * The stream has ended, on either side. The code is `ok` when the member ended it in good order.
   */
  closed(error: RpcError): void
}

/** The client's end of a stream. */
export interface OutgoingStream<I> {
  /**
   * Never throws: on a dead stream the message is lost, and the sink's `closed` reports the end.
   */
  send(message: I): void
  cancel(): void
}

export interface Transport {
  /** One request, one answer. Rejects only with {@link RpcError}. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>>

  /** Opens a stream in both directions. The sink is never called before this returns. */
  duplex<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    metadata: Metadata,
    sink: StreamSink<MessageShape<O>>,
  ): OutgoingStream<MessageShape<I>>

  /** Ends every call and stream on it with {@link Status.cancelled}. */
  close(): void
}

/**
 * Makes the transport to one member. Called once per endpoint, and again after its connection was
 * given up as dead.
 */
export type TransportFactory = (endpoint: Endpoint) => Transport
