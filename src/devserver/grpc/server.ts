// The socket that a member is reached by: HTTP/2 is served, anything else is told that it is in the wrong place.
// It must not know any method.

import { createServer as createHttp1Server } from 'node:http'
import { createServer as createHttp2Server, type Http2Session } from 'node:http2'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Router } from '../rpc.js'
import { serve } from './exchange.js'
import { ResetLimit } from './reset-limit.js'

/** What a client of HTTP/2 begins with. */
const preface = Buffer.from('PRI * HTTP/2.0')

const unlimited = 2 ** 31 - 1

/** As etcd: what a client may open is not limited, and canceling many calls at once is no attack (see ResetLimit). */
const limits = {
  settings: { maxConcurrentStreams: unlimited, enablePush: false },
  maxSessionMemory: unlimited,
  streamResetBurst: unlimited,
  streamResetRate: unlimited,
}

export class GrpcServer {
  readonly #router: Router
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Map<Http2Session, ResetLimit>()
  readonly #listener = createServer((socket) => {
    this.#accept(socket)
  })
  readonly #http2 = createHttp2Server(limits)
  readonly #http1 = createHttp1Server((_, response) => {
    const text = 'This is an etcd for development and tests. Expected gRPC, which is HTTP/2.\n'
    response.writeHead(505, { connection: 'close', 'content-type': 'text/plain' }).end(text)
  })

  constructor(router: Router) {
    this.#router = router
    this.#http2.on('stream', (stream, headers) => {
      if (stream.session !== undefined) this.#sessions.get(stream.session)?.watch(stream)
      serve(this.#router, stream, headers)
    })
    this.#http2.on('session', (session) => {
      this.#sessions.set(session, new ResetLimit(session))
      session.on('close', () => this.#sessions.delete(session))
    })
    // A client that breaks the protocol loses its connection, which is all there is to do.
    this.#http2.on('sessionError', () => undefined)
  }

  /**
   * @param port 0 for any free one.
   * @returns the port.
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
