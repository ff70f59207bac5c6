// A member of etcd as far as a guardian knows one: an HTTP/2 server on loopback whose answers a
// test chooses.

import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'

export interface MemberRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Answers with a message, framed, and a gRPC status. */
  answer(code: number, message?: string, body?: Buffer): void
  /** Ends the connection without an answer. */
  breakOff(): void
}

export class FakeMember implements AsyncDisposable {
  readonly requests: MemberRequest[] = []
  /** Called with each request; a request that it does not answer waits. */
  onRequest: (request: MemberRequest) => void = () => undefined
  readonly #server = createServer()
  readonly #sessions = new Set<ServerHttp2Session>()
  #connections = 0

  static async start(): Promise<FakeMember> {
    const member = new FakeMember()
    await new Promise<void>((resolve) => {
      member.#server.listen(0, '127.0.0.1', resolve)
    })
    return member
  }

  private constructor() {
    this.#server.on('session', (session) => {
      this.#connections += 1
      this.#sessions.add(session)
      session.on('error', () => undefined)
      session.once('close', () => this.#sessions.delete(session))
    })
    this.#server.on('stream', (stream, headers) => {
      this.#received(stream, headers)
    })
  }

  get target(): string {
    return `127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`
  }

  /** How many connections were made so far. */
  get connections(): number {
    return this.#connections
  }

  /** How many connections are open. */
  get open(): number {
    return this.#sessions.size
  }

  /** Ends all connections, without a word or, gracefully, after GOAWAY. */
  endConnections({ gracefully = false } = {}): void {
    for (const session of this.#sessions) {
      if (gracefully) session.close()
      else session.destroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.endConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #received(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const chunks: Buffer[] = []
    stream.on('error', () => undefined)
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () => {
      const request: MemberRequest = {
        path: headers[':path'] ?? '',
        headers,
        body: Buffer.concat(chunks),
        answer: (code, message = '', body = Buffer.alloc(0)) => {
          answer(stream, code, message, body)
        },
        breakOff: () => stream.session?.destroy(),
      }
      this.requests.push(request)
      this.onRequest(request)
    })
  }
}

function answer(stream: ServerHttp2Stream, code: number, message: string, body: Buffer): void {
  const status = { 'grpc-status': String(code), 'grpc-message': message }
  const head = { ':status': 200, 'content-type': 'application/grpc' }
  // A refusal comes without a message, and its status in the first headers.
  if (code !== 0) {
    stream.respond({ ...head, ...status }, { endStream: true })
    return
  }
  stream.respond(head, { waitForTrailers: true })
  stream.on('wantTrailers', () => {
    stream.sendTrailers(status)
  })
  stream.end(body)
}
