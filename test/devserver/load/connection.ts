// A client whose test decides what it reads and how large its HTTP/2 windows are, and that is cheap
// enough for thousands of calls and streams.

import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
  constants,
} from 'node:http2'
import { connect as connectSocket, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf'

const unlimited = 2 ** 31 - 1

/** gRPC's header of each message: a flag and the length. */
const headerBytes = 5

/** HTTP/2's default. */
const defaultWindowBytes = 65_535

export class Connection {
  readonly #socket: Socket
  readonly #stallableSocket: StallableSocket | undefined
  readonly #session: ClientHttp2Session

  /**
   * @param canStall whether {@link stall} is to work, which makes sending much data slow.
   * @param windowBytes how much the server may send before the client reads.
   */
  constructor(endpoint: string, { canStall = false, windowBytes = defaultWindowBytes } = {}) {
    const { hostname, port } = new URL(endpoint)
    const socket = connectSocket({ host: hostname, port: Number(port) })
    this.#socket = socket
    this.#stallableSocket = canStall ? new StallableSocket(socket) : undefined
    this.#session = connectHttp2(endpoint, {
      createConnection: () => this.#stallableSocket ?? socket,
      maxSessionMemory: unlimited,
      settings: { initialWindowSize: windowBytes, enablePush: false },
    })
    if (windowBytes > defaultWindowBytes) {
      this.#session.once('connect', () => {
        this.#session.setLocalWindowSize(windowBytes)
      })
    }
    this.#session.on('error', () => undefined)
  }

  get isOver(): boolean {
    return this.#session.closed
  }

  /** Stops reading even the socket, until {@link resume}. */
  stall(): void {
    this.#stallableSocket?.stall()
  }

  resume(): void {
    this.#stallableSocket?.resumeReading()
  }

  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    return new Promise((resolve, reject) => {
      const stream = this.#request(method)
      const deframer = new Deframer()
      let answer: MessageShape<O> | undefined
      stream.on('data', (piece: Buffer) => {
        for (const bytes of deframer.push(piece)) answer = fromBinary(method.output, bytes)
      })
      stream.on('close', () => {
        if (answer === undefined) reject(new Error(`${method.name}: no answer`))
        else resolve(answer)
      })
      stream.end(frame(method.input, request))
    })
  }

  /** Opens a stream whose messages are read only by {@link Stream.next}. */
  open<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
  ): Stream<I, O> {
    return new Stream(method, this.#request(method))
  }

  /** Closes the connection without canceling its streams. */
  break(): void {
    this.#session.destroy()
    this.#socket.destroy()
  }

  #request(method: DescMethod): ClientHttp2Stream {
    const stream = this.#session.request(
      {
        ':method': 'POST',
        ':path': `/${method.parent.typeName}/${method.name}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      },
      { endStream: false },
    )
    stream.on('error', () => undefined)
    return stream
  }
}

export class Stream<I extends DescMessage, O extends DescMessage> {
  readonly #method: DescMethodBiDiStreaming<I, O>
  readonly #stream: ClientHttp2Stream
  readonly #deframer = new Deframer()
  readonly #arrived: MessageShape<O>[] = []
  #wake: () => void = () => undefined

  constructor(method: DescMethodBiDiStreaming<I, O>, stream: ClientHttp2Stream) {
    this.#method = method
    this.#stream = stream
    stream.on('data', (piece: Buffer) => {
      for (const bytes of this.#deframer.push(piece)) {
        this.#arrived.push(fromBinary(method.output, bytes))
      }
      this.#wake()
    })
    stream.on('close', () => {
      this.#wake()
    })
    stream.pause()
  }

  send(message: MessageInitShape<I>): void {
    this.#stream.write(frame(this.#method.input, message))
  }

  /** Reads until a message has arrived. */
  async next(): Promise<MessageShape<O>> {
    for (;;) {
      const message = this.#arrived.shift()
      if (message !== undefined) return message
      if (this.#stream.closed) throw new Error('expected a message, the stream ended')
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        this.#stream.resume()
      })
      this.#stream.pause()
    }
  }

  cancel(): void {
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }
}

/** Assembles messages from the pieces in which they arrive. */
class Deframer {
  #bytes = Buffer.alloc(0)
  #pieces: Buffer[] = []
  #missing = headerBytes

  push(piece: Buffer): Buffer[] {
    this.#pieces.push(piece)
    this.#missing -= piece.length
    if (this.#missing > 0) return []
    this.#bytes = Buffer.concat([this.#bytes, ...this.#pieces])
    this.#pieces = []
    const messages: Buffer[] = []
    for (;;) {
      const end =
        this.#bytes.length < headerBytes ? headerBytes : headerBytes + this.#bytes.readUInt32BE(1)
      this.#missing = end - this.#bytes.length
      if (this.#missing > 0) return messages
      messages.push(this.#bytes.subarray(headerBytes, end))
      this.#bytes = this.#bytes.subarray(end)
    }
  }
}

function frame<D extends DescMessage>(desc: D, message: MessageInitShape<D>): Buffer {
  const bytes = toBinary(desc, create(desc, message))
  const head = Buffer.alloc(headerBytes)
  head.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** A socket that can stop reading. One that is passed to HTTP/2 directly cannot. */
class StallableSocket extends Duplex {
  readonly #socket: Socket
  #isStalled = false

  constructor(socket: Socket) {
    super()
    this.#socket = socket
    socket.on('data', (bytes) => {
      if (!this.push(bytes)) socket.pause()
    })
    socket.on('end', () => this.push(null))
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.destroy()
    })
  }

  stall(): void {
    this.#isStalled = true
    this.#socket.pause()
  }

  resumeReading(): void {
    this.#isStalled = false
    this.#socket.resume()
  }

  override _read(): void {
    if (!this.#isStalled) this.#socket.resume()
  }

  override _write(bytes: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.destroy()
    done(error)
  }
}
