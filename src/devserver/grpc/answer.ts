// What is said on one HTTP/2 stream, from the first header to the trailers that tell how the call ended.
// It must not know what is asked.

import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { type RpcError, Status } from '../../etcd/wire/transport.js'
import type { Outgoing } from '../rpc.js'
import { frame } from './framing.js'

const headers: OutgoingHttpHeaders = { ':status': 200, 'content-type': 'application/grpc' }

export class GrpcAnswer implements Outgoing<Uint8Array> {
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
      this.#dismiss()
      return
    }
    stream.on('wantTrailers', () => {
      stream.sendTrailers(trailers)
      this.#dismiss()
    })
    stream.end()
  }

  /** The client may still be sending, or never say that it sends no more. It is not listened to any longer. */
  #dismiss(): void {
    this.#stream.resume()
    if (!this.#stream.readableEnded) this.#stream.close(constants.NGHTTP2_NO_ERROR)
  }
}

function trailersOf(error: RpcError | undefined): OutgoingHttpHeaders {
  if (error === undefined) return { 'grpc-status': String(Status.ok) }
  return { 'grpc-status': String(error.code), 'grpc-message': percentEncoded(error.message) }
}

/** Of the bytes of the text in UTF-8, those that cannot stand in a header, as gRPC wants it. */
function percentEncoded(text: string): string {
  return text.replace(/[^ -~]|%/gu, (character) =>
    [...Buffer.from(character)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  )
}
