// Writes the response of one gRPC call to its HTTP/2 stream: headers, messages, and the trailers
// with the status.

import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { type RpcError, Status } from '../../etcd/wire/transport.js'
import type { ResponseStream } from '../rpc.js'
import { frame } from './framing.js'

const headers: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc' }

export class GrpcResponseStream implements ResponseStream<Uint8Array> {
  readonly #stream: ServerHttp2Stream
  #isOver = false

  constructor(stream: ServerHttp2Stream) {
    this.#stream = stream
  }

  get isCongested(): boolean {
    return this.#stream.writableNeedDrain
  }

  send(message: Uint8Array): void {
    const stream = this.#stream
    if (this.#isOver || stream.destroyed) return
    if (!stream.headersSent) stream.respond(headers, { waitForTrailers: true })
    stream.write(frame(message))
  }

  end(error?: RpcError): void {
    const stream = this.#stream
    if (this.#isOver || stream.destroyed) return
    this.#isOver = true
    const trailers = trailersOf(error)
    if (!stream.headersSent) {
      stream.respond({ ...headers, ...trailers }, { endStream: true })
      this.#stopReading()
      return
    }
    stream.on('wantTrailers', () => {
      stream.sendTrailers(trailers)
      this.#stopReading()
    })
    stream.end()
  }

  /** The client may go on sending, and may never end its side: what it sends is discarded. */
  #stopReading(): void {
    this.#stream.resume()
    if (!this.#stream.readableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }
}

function trailersOf(error: RpcError | undefined): OutgoingHttpHeaders {
  if (error === undefined) return { 'grpc-status': String(Status.ok) }
  return { 'grpc-status': String(error.code), 'grpc-message': percentEncoded(error.message) }
}

/** Percent-encodes the UTF-8 bytes that a header cannot hold, as gRPC requires. */
function percentEncoded(text: string): string {
  return text.replace(/[^ -~]|%/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}
