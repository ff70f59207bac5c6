// One gRPC call on one HTTP/2 stream: which method is called, and what arrives for it.
// It must not know sockets, nor what any method does.

import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { type Metadata, RpcError, Status } from '../../etcd/wire/transport.js'
import { Call } from '../call.js'
import { callUnary, openStream } from '../dispatch.js'
import { asRpcError, type RpcMethod, type Router } from '../rpc.js'
import { GrpcAnswer } from './answer.js'
import { Deframer } from './framing.js'

/** Serves what came in on a new stream. */
export function serve(
  router: Router,
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
): void {
  // That a stream broke is told by 'close' too; but without a listener it would end the process.
  stream.on('error', () => undefined)
  if (!isGrpc(headers)) {
    stream.respond({ ':status': 415, 'content-type': 'text/plain' })
    stream.end('This is an etcd for development and tests. Expected a gRPC call.\n')
    return
  }
  const answer = new GrpcAnswer(stream)
  try {
    const method = router.find(headers[':path'] ?? '')
    const metadata = metadataOf(headers)
    if (method.kind === 'unary') serveUnary(method, stream, answer, metadata)
    else serveStream(method, stream, answer, metadata)
  } catch (error) {
    answer.end(asRpcError(error))
  }
}

function serveUnary(
  method: RpcMethod & { readonly kind: 'unary' },
  stream: ServerHttp2Stream,
  answer: GrpcAnswer,
  metadata: Metadata,
): void {
  let call: Call | undefined
  receive(stream, answer, {
    message: (request) => {
      if (call !== undefined) return
      call = new Call(metadata, request.length)
      callUnary(method, request, call).then(
        (response) => {
          answer.send(response)
          answer.end()
        },
        (error: unknown) => {
          answer.end(asRpcError(error))
        },
      )
    },
    halfClosed: () => {
      if (call === undefined) answer.end(new RpcError(Status.internal, 'grpc: expected a message'))
    },
    gone: () => call?.end(),
  })
}

function serveStream(
  method: RpcMethod & { readonly kind: 'stream' },
  stream: ServerHttp2Stream,
  answer: GrpcAnswer,
  metadata: Metadata,
): void {
  const incoming = openStream(method, answer, metadata)
  receive(stream, answer, {
    message: (message) => {
      incoming.message(message)
      // Who does not listen is not listened to, so that answers do not pile up.
      if (answer.isCongested) stream.pause()
    },
    halfClosed: incoming.halfClosed,
    gone: incoming.gone,
  })
  stream.on('drain', () => {
    stream.resume()
    incoming.drained()
  })
}

interface Receiver {
  message(message: Uint8Array): void
  halfClosed(): void
  gone(): void
}

function receive(stream: ServerHttp2Stream, answer: GrpcAnswer, receiver: Receiver): void {
  const deframer = new Deframer()
  const read = (piece: Buffer): void => {
    try {
      for (const message of deframer.push(piece)) receiver.message(message)
    } catch (error) {
      stream.off('data', read)
      answer.end(asRpcError(error))
    }
  }
  stream.on('data', read)
  stream.on('end', () => {
    if (deframer.isInMessage) answer.end(new RpcError(Status.internal, 'unexpected EOF'))
    else receiver.halfClosed()
  })
  stream.on('close', () => {
    receiver.gone()
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
