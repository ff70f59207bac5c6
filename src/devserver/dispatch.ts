// Between the bytes that the ways to reach a member carry (grpc/ and in-process.ts) and the methods of its services:
// decodes, calls, encodes, and turns whatever is thrown into what is answered. It must not know how bytes travel.

import {
  type DescMessage,
  fromBinary,
  type Message,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'
import { type Metadata, RpcError, Status } from '../etcd/wire/transport.js'
import { Call } from './call.js'
import { asRpcError, type Incoming, type RpcMethod, type Outgoing } from './rpc.js'

/** @throws RpcError and nothing else. */
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

/** Where the bytes of a stream are handed in as they arrive. What there is to say is said on `wire`. */
export function openStream(
  { desc, open }: RpcMethod & { readonly kind: 'stream' },
  wire: Outgoing<Uint8Array>,
  metadata: Metadata,
): Required<Incoming<Uint8Array>> {
  const call = new Call(metadata, 0)
  const over = (): void => {
    call.end()
    incoming.gone?.()
  }
  const out: Outgoing<Message> = {
    send: (message) => {
      if (!call.isOver) wire.send(toBinary(desc.output, message))
    },
    get isCongested() {
      return wire.isCongested
    },
    end: (error) => {
      if (call.isOver) return
      wire.end(error)
      over()
    },
  }
  const incoming = open(out, call)
  return {
    message: (bytes) => {
      if (call.isOver) return
      try {
        incoming.message(decode(desc.input, bytes))
      } catch (error) {
        out.end(asRpcError(error))
      }
    },
    halfClosed: () => {
      if (!call.isOver) incoming.halfClosed?.()
    },
    drained: () => {
      if (!call.isOver) incoming.drained?.()
    },
    gone: () => {
      if (!call.isOver) over()
    },
  }
}

/** What the method takes, which its type here does not tell. */
function decode(desc: DescMessage, bytes: Uint8Array): never {
  try {
    return fromBinary(desc, bytes) satisfies MessageShape<DescMessage> as never
  } catch (error) {
    const reason = `grpc: error unmarshalling request: ${String(error)}`
    throw new RpcError(Status.internal, reason, { cause: error })
  }
}
