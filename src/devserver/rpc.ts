// What a service is to the two ways it can be reached by (grpc/ and in-process.ts): methods, who calls them, and the
// server's end of a stream. It must not know any method, nor how bytes travel.

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

/** Who made a call. */
export interface Caller {
  /** Names in lower case. */
  readonly metadata: Metadata
  /** The size of the request of a unary call as it came, in bytes; of a stream, 0. */
  readonly requestBytes: number
  /** Calls back when the caller no longer waits, however that came. What it returns calls that off. */
  onGone(callback: () => void): () => void
}

/** The server's end of a stream, as a handler sees it. */
export interface Outgoing<O> {
  /** Never throws; after the end it does nothing. */
  send(message: O): void
  /** Whether the client does not keep up: what is sent now stays here, in memory. */
  readonly isCongested: boolean
  end(error?: RpcError): void
}

/** What arrives on a stream. */
export interface Incoming<I> {
  message(message: I): void
  /** The client sends no more, but goes on listening. */
  halfClosed?(): void
  /** The client keeps up again. */
  drained?(): void
  /** The stream is over, whoever ended it. Called once; nothing is called after it. */
  gone?(): void
}

export type UnaryHandler<I, O> = (request: I, caller: Caller) => O | Promise<O>
/** Must not end the stream before it has returned. */
export type StreamHandler<I, O> = (out: Outgoing<O>, caller: Caller) => Incoming<I>

export type RpcMethod =
  | {
      readonly kind: 'unary'
      readonly desc: DescMethod
      readonly handle: UnaryHandler<never, MessageShape<DescMessage>>
    }
  | {
      /** The request of a method that streams in one direction only is the first and only message. */
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

/** The methods that are served, by path. */
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

/** Any error as what is answered. */
export function asRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error
  return new RpcError(Status.internal, `the devserver failed: ${String(error)}`, { cause: error })
}
