// The interface between the services and the two transports that reach them (grpc/ and
// in-process.ts): methods, their callers, and the server's end of a stream.

import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageShape,
} from '@bufbuild/protobuf'
import { type Metadata, RpcError, Status } from '../etcd/wire/transport.js'

/** The client that made a call. */
export interface Caller {
  /** Names in lower case. */
  readonly metadata: Metadata
  /** The encoded size of a unary call's request, in bytes; 0 for a stream. */
  readonly requestBytes: number
  /**
   * Calls back when the caller no longer waits, for whatever reason.
   *
   * @returns a function that removes the callback.
   */
  onEnd(callback: () => void): () => void
}

/** How a handler sends on a stream. */
export interface ResponseStream<O> {
  /** Never throws; does nothing after the end. */
  send(message: O): void
  /** Whether the client reads too slowly: messages sent now stay in memory. */
  readonly isCongested: boolean
  end(error?: RpcError): void
}

/** How a handler receives from a stream. */
export interface RequestSink<I> {
  message(message: I): void
  /** The client sends no more, but still receives. */
  halfClosed?(): void
  /** The stream is no longer congested. */
  drained?(): void
  /** The stream is over, whichever side ended it. Called once, and last. */
  closed?(): void
}

export type UnaryHandler<I, O> = (request: I, caller: Caller) => O | Promise<O>
/** Must not end the stream before it returns. */
export type StreamHandler<I, O> = (out: ResponseStream<O>, caller: Caller) => RequestSink<I>

export type RpcMethod =
  | {
      readonly kind: 'unary'
      readonly desc: DescMethod
      readonly handle: UnaryHandler<never, MessageShape<DescMessage>>
    }
  | {
      /** Also for methods that stream from the server only: their request is the only message. */
      readonly kind: 'stream'
      readonly desc: DescMethod
      readonly open: StreamHandler<never, MessageShape<DescMessage>>
    }

export type Handlers<S extends DescService> = {
  readonly [K in keyof S['method']]: HandlerOf<S['method'][K]>
}

type HandlerOf<D extends DescMethod> =
  D extends DescMethodUnary<infer I, infer O>
    ? UnaryHandler<MessageShape<I>, MessageShape<O>>
    : D extends DescMethodBiDiStreaming<infer I, infer O>
      ? StreamHandler<MessageShape<I>, MessageShape<O>>
      : D extends DescMethodServerStreaming<infer I, infer O>
        ? StreamHandler<MessageShape<I>, MessageShape<O>>
        : never

/** Finds the method for a path. */
export class Router {
  readonly #methods = new Map<string, RpcMethod>()
  readonly #services = new Set<string>()

  add<S extends DescService>(service: S, handlers: Handlers<S>): this {
    this.#services.add(service.typeName)
    for (const desc of service.methods) {
      const handler = handlers[desc.localName as keyof S['method']] as never
      this.#methods.set(pathOf(desc), methodOf(desc, handler))
    }
    return this
  }

  /**
   * @param path `/package.Service/Method`
   * @throws RpcError when there is no such method.
   */
  find(path: string): RpcMethod {
    const method = this.#methods.get(path)
    if (method !== undefined) return method
    const [, service, name] = /^\/(.*)\/([^/]*)$/.exec(path) ?? []
    const reason =
      service === undefined
        ? `malformed method name: "${path}"`
        : this.#services.has(service)
          ? `unknown method ${name ?? ''} for service ${service}`
          : `unknown service ${service}`
    throw new RpcError(Status.unimplemented, reason)
  }
}

export function pathOf(desc: DescMethod): string {
  return `/${desc.parent.typeName}/${desc.name}`
}

function methodOf(desc: DescMethod, handler: never): RpcMethod {
  switch (desc.methodKind) {
    case 'unary':
      return { kind: 'unary', desc, handle: handler }
    case 'bidi_streaming':
    case 'server_streaming':
      return { kind: 'stream', desc, open: handler }
    case 'client_streaming':
      throw new Error(`${pathOf(desc)}: no service of etcd streams from the client only`)
    default:
      return desc.methodKind satisfies never
  }
}

/** Turns any error into the one that the client gets. */
export function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  return new RpcError(Status.internal, `the devserver failed: ${String(error)}`, { cause: error })
}
