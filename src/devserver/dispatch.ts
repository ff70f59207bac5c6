// Connects the bytes of a transport (grpc/ and in-process.ts) with the methods of the services:
// decodes requests, calls the handler, encodes responses, and turns errors into gRPC statuses.

import {
  type DescMessage,
  fromBinary,
  type Message,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { type Metadata, RpcError, Status } from '../etcd/wire/transport.js'
import { Call } from './call.js'
import { asRpcError, type RequestSink, type RpcMethod, type ResponseStream } from './rpc.js'

/** @throws RpcError, and no other error. */
export async function callUnary(
  { desc, handle }: RpcMethod & { readonly kind: 'unary' },
  request: Uint8Array,
  call: Call,
): Promise<Uint8Array> {
  try {
    return toBinary(desc.output, await handle(decode(desc.input, request), call))
  } catch (error) {
    throw asRpcError(error)
  }
}

/**
 * Opens a stream. The transport passes incoming messages to the returned sink; responses go out on
 * `wire`.
 */
export function openStream(
  { desc, open }: RpcMethod & { readonly kind: 'stream' },
  wire: ResponseStream<Uint8Array>,
  metadata: Metadata,
): Required<RequestSink<Uint8Array>> {
  const call = new Call(metadata, 0)
  const finish = (): void => {
    call.end()
    sink.closed?.()
  }
  const out: ResponseStream<Message> = {
    send: (message) => {
      if (!call.isOver) wire.send(toBinary(desc.output, message))
    },
    get isCongested() {
      return wire.isCongested
    },
    end: (error) => {
      if (call.isOver) return
      wire.end(error)
      finish()
    },
  }
  const sink = open(out, call)
  return {
    message: (bytes) => {
      if (call.isOver) return
      try {
        sink.message(decode(desc.input, bytes))
      } catch (error) {
        out.end(asRpcError(error))
      }
    },
    halfClosed: () => {
      if (!call.isOver) sink.halfClosed?.()
    },
    drained: () => {
      if (!call.isOver) sink.drained?.()
    },
    closed: () => {
      if (!call.isOver) finish()
    },
  }
}

/** Returns `never` because {@link RpcMethod} has lost the type of its handler's request. */
function decode(desc: DescMessage, bytes: Uint8Array): never {
  try {
    return fromBinary(desc, bytes) satisfies MessageShape<DescMessage> as never
  } catch (error) {
    const reason = `grpc: error unmarshalling request: ${String(error)}`
    throw new RpcError(Status.internal, reason, { cause: error })
  }
}
