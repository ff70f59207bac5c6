// A gRPC client that adds nothing: it sends a case's request and returns the server's response. It
// does not use the library, so that no bug of the library can hide a bug of a server.

import {
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  status,
} from '@grpc/grpc-js'
import { fromPlain, type Plain, toPlain } from './plain.js'
import { RawStream } from './stream.js'

/** The plain form of a request. */
export type Request<D extends DescMessage> = Plain<MessageShape<D>>
export type Response<D extends DescMessage> = Plain<MessageShape<D>>

/**
 * A failed call. Its message is as cases write it: `NOT_FOUND etcdserver: requested lease not
 * found`.
 */
export class RawError extends Error {
  constructor(code: number, details: string) {
    super(`${status[code] ?? String(code)} ${details}`.trim())
    this.name = 'RawError'
  }
}

/** Returns the error of a call in one line; throws if the call succeeds. */
export async function failure(call: Promise<unknown>): Promise<string> {
  let answer: unknown
  try {
    answer = await call
  } catch (error) {
    if (error instanceof RawError) return error.message
    throw error
  }
  const shown = JSON.stringify(answer, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
  throw new Error(`expected the call to fail, it answered ${shown}`)
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

const timeoutMs = 20_000

export class RawClient {
  readonly #grpc: Client
  readonly #metadata: Readonly<Record<string, string>>

  /**
   * @param endpoint a URL.
   * @param metadata sent with every call, for instance a sign-in token.
   */
  constructor(endpoint: string, metadata: Readonly<Record<string, string>> = {}) {
    this.#grpc = new Client(new URL(endpoint).host, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0,
    })
    this.#metadata = metadata
  }

  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: Request<I>,
    signal?: AbortSignal,
  ): Promise<Response<O>> {
    return this.callBytes(
      pathOf(method),
      buffer(toBinary(method.input, fromPlain(method.input, request))),
      signal,
    ).then((answer) => toPlain(method.output, fromBinary(method.output, answer)))
  }

  /** For what descriptors cannot express: methods that do not exist, and invalid messages. */
  callBytes(path: string, request: Buffer, signal?: AbortSignal): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const call = this.#grpc.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        request,
        this.#toGrpc(),
        { deadline: Date.now() + timeoutMs },
        (error, answer) => {
          if (error !== null) reject(new RawError(error.code, error.details))
          else resolve(answer ?? Buffer.alloc(0))
        },
      )
      signal?.addEventListener('abort', () => {
        call.cancel()
      })
    })
  }

  stream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
  ): RawStream<Request<I>, Response<O>> {
    const call: ClientDuplexStream<Request<I>, Response<O>> = this.#grpc.makeBidiStreamRequest(
      pathOf(method),
      (request: Request<I>) => buffer(toBinary(method.input, fromPlain(method.input, request))),
      (bytes: Buffer) => toPlain(method.output, fromBinary(method.output, bytes)),
      this.#toGrpc(),
    )
    return new RawStream(
      call,
      (request) => call.write(request),
      () => {
        call.end()
      },
    )
  }

  serverStream<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    request: Request<I>,
  ): RawStream<never, Response<O>> {
    const call: ClientReadableStream<Response<O>> = this.#grpc.makeServerStreamRequest(
      pathOf(method),
      (plain: Request<I>) => buffer(toBinary(method.input, fromPlain(method.input, plain))),
      (bytes: Buffer) => toPlain(method.output, fromBinary(method.output, bytes)),
      request,
      this.#toGrpc(),
    )
    return new RawStream(call)
  }

  close(): void {
    this.#grpc.close()
  }

  #toGrpc(): Metadata {
    const result = new Metadata()
    for (const [key, value] of Object.entries(this.#metadata)) result.set(key, value)
    return result
  }
}

function pathOf(method: { readonly parent: { readonly typeName: string }; readonly name: string }) {
  return `/${method.parent.typeName}/${method.name}`
}
