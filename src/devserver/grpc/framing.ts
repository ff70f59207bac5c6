// gRPC's framing of messages in a stream of bytes: a flag, a length, the message
// (https://github.com/grpc/grpc/blob/v1.66.0/doc/PROTOCOL-HTTP2.md). It must not know what the messages are.

import { RpcError, Status } from '../../etcd/wire/transport.js'

/** As etcd: the largest request it takes, and 512 KiB for what gRPC adds. */
const mostBytes = 2 * 1024 * 1024

const headBytes = 5

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headBytes + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, headBytes)
  return framed
}

/** Puts messages together from the pieces in which they arrive. */
export class Deframer {
  #pieces: Buffer[] = []
  #bytes = 0
  /** So many bytes have to be there before there is anything to do. */
  #needed = headBytes

  /** Whether a part of a message is there. */
  get isInMessage(): boolean {
    return this.#bytes > 0
  }

  /**
   * Takes a piece, tells each message that is complete with it.
   *
   * @throws RpcError when a message comes that cannot be taken.
   */
  *push(piece: Buffer): Generator<Uint8Array> {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    while (this.#bytes >= this.#needed) {
      const [only] = this.#pieces
      const all =
        this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces)
      const end = headBytes + lengthOf(all)
      const isComplete = all.length >= end
      this.#hold(isComplete ? all.subarray(end) : all, isComplete ? headBytes : end)
      if (isComplete) yield all.subarray(headBytes, end)
    }
  }

  #hold(rest: Buffer, needed: number): void {
    this.#pieces = rest.length > 0 ? [rest] : []
    this.#bytes = rest.length
    this.#needed = needed
  }
}

function lengthOf(framed: Buffer): number {
  if (framed[0] !== 0) {
    throw new RpcError(Status.unimplemented, 'grpc: expected a message that is not compressed')
  }
  const length = framed.readUInt32BE(1)
  if (length > mostBytes) {
    throw new RpcError(
      Status.resourceExhausted,
      `grpc: received message larger than max (${String(length)} vs. ${String(mostBytes)})`,
    )
  }
  return length
}
