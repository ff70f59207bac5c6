// gRPC's framing of messages in a stream of bytes: a flag, a length, the message
// (https://github.com/grpc/grpc/blob/v1.66.0/doc/PROTOCOL-HTTP2.md).

import { RpcError, Status } from '../../etcd/wire/transport.js'

/** As in etcd: the largest request it accepts, and 512 KiB for what gRPC adds. */
const maxMessageBytes = 2 * 1024 * 1024

const headerBytes = 5

export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(headerBytes + message.length)
  framed[0] = 0
  framed.writeUInt32BE(message.length, 1)
  framed.set(message, headerBytes)
  return framed
}

/** Assembles messages from the pieces in which they arrive. */
export class Deframer {
  #pieces: Buffer[] = []
  #bytes = 0
  /** Fewer bytes than this hold no complete header or message. */
  #neededBytes = headerBytes

  /** Whether part of a message has arrived. */
  get isInMessage(): boolean {
    return this.#bytes > 0
  }

  /**
   * Takes the next piece and yields each message that it completes.
   *
   * @throws RpcError when a message is compressed or too large.
   */
  *push(piece: Buffer): Generator<Uint8Array> {
    this.#pieces.push(piece)
    this.#bytes += piece.length
    while (this.#bytes >= this.#neededBytes) {
      const [only] = this.#pieces
      const all =
        this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces)
      const end = headerBytes + lengthOf(all)
      const isComplete = all.length >= end
      this.#keep(isComplete ? all.subarray(end) : all, isComplete ? headerBytes : end)
      if (isComplete) yield all.subarray(headerBytes, end)
    }
  }

  #keep(rest: Buffer, needed: number): void {
    this.#pieces = rest.length > 0 ? [rest] : []
    this.#bytes = rest.length
    this.#neededBytes = needed
  }
}

function lengthOf(framed: Buffer): number {
  if (framed[0] !== 0) {
    throw new RpcError(Status.unimplemented, 'grpc: expected a message that is not compressed')
  }
  const length = framed.readUInt32BE(1)
  if (length > maxMessageBytes) {
    throw new RpcError(
      Status.resourceExhausted,
      `grpc: received message larger than max (${String(length)} vs. ${String(maxMessageBytes)})`,
    )
  }
  return length
}
