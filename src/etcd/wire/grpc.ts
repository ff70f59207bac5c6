// The transport that users get: one grpc-js channel to one etcd member.

import {
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { type ChannelCredentials, type ChannelOptions, Client, Metadata } from '@grpc/grpc-js'
import type { Endpoint } from './endpoint.js'
import type {
  Metadata as PlainMetadata,
  OutgoingStream,
  StreamSink,
  Transport,
  UnaryOptions,
} from './transport.js'
import { RpcError, Status } from './transport.js'

const channelOptions: ChannelOptions = {
  // A dead connection is closed with its channel, so no other channel may share the connection.
  'grpc.use_local_subchannel_pool': 1,
  // With the default of 120 s a restarted member would go unused for minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // The list of a large election exceeds the default of 4 MB.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // The caller retries: only it knows what may be sent twice.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.enable_http_proxy': 0,
}

interface Codec<I extends DescMessage, O extends DescMessage> {
  readonly path: string
  readonly serialize: (message: MessageShape<I>) => Buffer
  readonly deserialize: (bytes: Buffer) => MessageShape<O>
}

type Method<I extends DescMessage, O extends DescMessage> =
  DescMethodUnary<I, O> | DescMethodBiDiStreaming<I, O>

const codecs = new WeakMap<object, unknown>()

function codecOf<I extends DescMessage, O extends DescMessage>(method: Method<I, O>): Codec<I, O> {
  const known = codecs.get(method) as Codec<I, O> | undefined
  if (known !== undefined) return known
  const codec: Codec<I, O> = {
    path: `/${method.parent.typeName}/${method.name}`,
    serialize(message) {
      const bytes = toBinary(method.input, message)
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    deserialize: (bytes) => fromBinary(method.output, bytes),
  }
  codecs.set(method, codec)
  return codec
}

function toGrpc(metadata: PlainMetadata): Metadata {
  const result = new Metadata()
  for (const [key, value] of Object.entries(metadata)) result.set(key, value)
  return result
}

export class GrpcTransport implements Transport {
  readonly #client: Client
  /** Cancels each call and stream that is under way. */
  readonly #cancels = new Set<() => void>()

  constructor(endpoint: Endpoint, credentials: ChannelCredentials, overrides: ChannelOptions = {}) {
    this.#client = new Client(endpoint.target, credentials, { ...channelOptions, ...overrides })
  }

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageShape<I>,
    options: UnaryOptions,
  ): Promise<MessageShape<O>> {
    const { path, serialize, deserialize } = codecOf(method)
    return new Promise((resolve, reject) => {
      const cleanUp = (): void => {
        this.#cancels.delete(cancel)
        options.signal?.removeEventListener('abort', cancel)
      }
      const call = this.#client.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        request,
        toGrpc(options.metadata),
        { deadline: Date.now() + options.timeoutMs },
        (error, response) => {
          cleanUp()
          if (error !== null) reject(new RpcError(error.code, error.details, { cause: error }))
          else if (response === undefined) reject(new RpcError(Status.internal, 'empty answer'))
          else resolve(response)
        },
      )
      const cancel = (): void => {
        call.cancel()
      }
      this.#cancels.add(cancel)
      if (options.signal?.aborted === true) cancel()
      else options.signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  duplex<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    metadata: PlainMetadata,
    sink: StreamSink<MessageShape<O>>,
  ): OutgoingStream<MessageShape<I>> {
    const { path, serialize, deserialize } = codecOf(method)
    const call = this.#client.makeBidiStreamRequest(path, serialize, deserialize, toGrpc(metadata))
    const cancel = (): void => {
      call.cancel()
    }
    let isOver = false
    this.#cancels.add(cancel)
    call.on('data', (message: MessageShape<O>) => {
      if (!isOver) sink.message(message)
    })
    // Without a listener an error would end the process; 'status' reports the same.
    call.on('error', () => undefined)
    call.on('status', (status) => {
      this.#cancels.delete(cancel)
      if (isOver) return
      isOver = true
      sink.closed(new RpcError(status.code, status.details))
    })
    return {
      send: (message) => {
        if (!isOver) call.write(message)
      },
      cancel: () => {
        isOver = true
        cancel()
      },
    }
  }

  close(): void {
    for (const cancel of [...this.#cancels]) cancel()
    this.#client.close()
  }
}
