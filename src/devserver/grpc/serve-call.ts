// Serves one gRPC call on one HTTP/2 stream: finds the method and passes it what arrives.

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { type Metadata, RpcError, Status } from '../../etcd/wire/transport.js'
import { Call } from '../call.js'
import { callUnary, openStream } from '../dispatch.js'
import { asRpcError, type RpcMethod, type Router } from '../rpc.js'
import { Deframer } from './framing.js'
import { GrpcResponseStream } from './response-stream.js'

export function serveCall(
  router: Router,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  // 'close' reports a broken stream too, but an 'error' event without a listener ends the process.
  stream.on('error', () => undefined)
  if (!isGrpc(headers)) {
    stream.respond({ ':status': 415, 'content-type': 'text/plain' })
    stream.end('This is an etcd for development and tests. Expected a gRPC call.\n')
    return
  }
  const response = new GrpcResponseStream(stream)
  try {
    const method = router.find(headers[':path'] ?? '')
    const metadata = metadataOf(headers)
    if (method.kind === 'unary') serveUnary(method, stream, response, metadata)
    else serveStream(method, stream, response, metadata)
  } catch (error) {
    response.end(asRpcError(error))
  }
}

function serveUnary(
  method: RpcMethod & { readonly kind: 'unary' },
  stream: ServerHttp2Stream,
  response: GrpcResponseStream,
  metadata: Metadata,
): void {
  let call: Call | undefined
  receive(stream, response, {
    message: (request) => {
      if (call !== undefined) return
      call = new Call(metadata, request.length)
      callUnary(method, request, call).then(
        (message) => {
          response.send(message)
          response.end()
        },
        (error: unknown) => {
          response.end(asRpcError(error))
        },
      )
    },
    halfClosed: () => {
      if (call === undefined)
        response.end(new RpcError(Status.internal, 'grpc: expected a message'))
    },
    closed: () => call?.end(),
  })
}

function serveStream(
  method: RpcMethod & { readonly kind: 'stream' },
  stream: ServerHttp2Stream,
  response: GrpcResponseStream,
  metadata: Metadata,
): void {
  const sink = openStream(method, response, metadata)
  receive(stream, response, {
    message: (message) => {
      sink.message(message)
      // While the client does not read, its requests are not read: so responses do not pile up.
      if (response.isCongested) stream.pause()
    },
    halfClosed: sink.halfClosed,
    closed: sink.closed,
  })
  stream.on('drain', () => {
    stream.resume()
    sink.drained()
  })
}

interface Receiver {
  message(message: Uint8Array): void
  halfClosed(): void
  closed(): void
}

function receive(
  stream: ServerHttp2Stream,
  response: GrpcResponseStream,
  receiver: Receiver,
): void {
  const deframer = new Deframer()
  const read = (piece: Buffer): void => {
    try {
      for (const message of deframer.push(piece)) receiver.message(message)
    } catch (error) {
      stream.off('data', read)
      response.end(asRpcError(error))
    }
  }
  stream.on('data', read)
  stream.on('end', () => {
    if (deframer.isInMessage) response.end(new RpcError(Status.internal, 'unexpected EOF'))
    else receiver.halfClosed()
  })
  stream.on('close', () => {
    receiver.closed()
  })
}

function isGrpc({ ':method': method, 'content-type': type }: IncomingHttpHeaders): boolean {
  return method === 'POST' && type?.startsWith('application/grpc') === true
}

function metadataOf(headers: IncomingHttpHeaders): Metadata {
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string' && !name.startsWith(':')) metadata[name] = value
  }
  return metadata
}
