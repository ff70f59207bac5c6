// The port between what we say to an etcd member and how the bytes travel there.
// One transport is one way to reach one member. It knows calls, streams and gRPC status codes; it must not know
// about retries, other members, tokens, leases or elections.

import type {
  DescMessage,
  DescMethodBiDiStreaming,
  DescMethodUnary,
  MessageShape,
} from '@bufbuild/protobuf'
import type { Endpoint } from './endpoint.js'

/** The gRPC status codes that we tell apart (https://grpc.io/docs/guides/status-codes/). */
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

/** How a call or a stream failed, as gRPC tells it. */
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
  /** The call fails with {@link Status.deadlineExceeded} when no answer came for this long. */
  readonly timeoutMs: number
  /** Gives the call up; it then fails with {@link Status.cancelled}. */
  readonly signal?: AbortSignal | undefined
}

/** Where the messages of a stream arrive. After `closed`, or after `cancel()`, nothing is called any more. */
export interface StreamSink<O> {
  message(message: O): void
  /** The stream is over, whoever ended it; a stream that the member ended without an error has the code `ok`. */
  closed(error: RpcError): void
}

/** Our end of a stream. */
export interface OutgoingStream<I> {
  /** Never throws: on a dead stream the message is dropped, and `closed` tells. */
  send(message: I): void
  cancel(): void
}

export interface Transport {
  /** One request, one answer. Rejects with {@link RpcError} and with nothing else. */
  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>>

  /** Opens a stream in both directions. `sink` is never called before this returns. */
  duplex<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    metadata: Metadata,
    sink: StreamSink<MessageShape<O>>,
  ): OutgoingStream<MessageShape<I>>

  /** Ends every call and stream on it with {@link Status.cancelled}. */
  close(): void
}

/** Makes the transport to one member. Called once an endpoint, and again after its connection was given up as dead. */
export type TransportFactory = (endpoint: Endpoint) => Transport
