// Listens on the member's socket: serves HTTP/2, and answers HTTP/1 with an error that names gRPC.

import { createServer as createHttp1Server } from 'node:http'
import { createServer as createHttp2Server, type Http2Session } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Router } from '../rpc.js'
import { serveCall } from './serve-call.js'
import { ResetLimitDetector } from './reset-limit-detector.js'

/** The first bytes of every HTTP/2 connection. */
const preface = Buffer.from('PRI * HTTP/2.0')

const unlimited = 2 ** 31 - 1

/**
 * As in etcd: a client may open any number of streams, and canceling many calls at once is no
 * attack (see {@link ResetLimitDetector}).
 */
const http2Options = {
  settings: { maxConcurrentStreams: unlimited, enablePush: false },
  maxSessionMemory: unlimited,
  streamResetBurst: unlimited,
  streamResetRate: unlimited,
}

export class GrpcServer {
  readonly #router: Router
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Map<Http2Session, ResetLimitDetector>()
  readonly #listener = createServer((socket) => {
    this.#accept(socket)
  })
  readonly #http2 = createHttp2Server(http2Options)
  readonly #http1 = createHttp1Server((_, response) => {
    const text = 'This is an etcd for development and tests. Expected gRPC, which is HTTP/2.\n'
    response.writeHead(505, { connection: 'close', 'content-type': 'text/plain' }).end(text)
  })

  constructor(router: Router) {
    this.#router = router
    this.#http2.on('stream', (stream, headers) => {
      if (stream.session !== undefined) this.#sessions.get(stream.session)?.watch(stream)
      serveCall(this.#router, stream, headers)
    })
    this.#http2.on('session', (session) => {
      this.#sessions.set(session, new ResetLimitDetector(session))
      session.on('close', () => this.#sessions.delete(session))
    })
    // A client that violates the protocol loses its connection; nothing else needs to be done.
    this.#http2.on('sessionError', () => undefined)
  }

  /**
   * @param port 0 for any free port.
   * @returns the port that it listens on.
   */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#listener.once('error', reject)
      this.#listener.listen({ host, port }, () => {
        this.#listener.off('error', reject)
        resolve((this.#listener.address() as AddressInfo).port)
      })
    })
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#sockets.size
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#listener.close(() => {
        resolve()
      })
      for (const session of this.#sessions.keys()) session.destroy()
      for (const socket of this.#sockets) socket.destroy()
    })
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => undefined)
    socket.setNoDelay(true)
    socket.once('readable', () => {
      const start = socket.read() as Buffer | null
      if (start === null) return
      socket.unshift(start)
      const length = Math.min(start.length, preface.length)
      const isHttp2 = preface.subarray(0, length).equals(start.subarray(0, length))
      const server = isHttp2 ? this.#http2 : this.#http1
      server.emit('connection', socket)
    })
  }
}
