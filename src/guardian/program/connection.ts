// One HTTP/2 connection to one member of etcd, opened when it is needed, and requests over it.
// It must not know what is asked, nor of other members.

import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { GuardianAccess } from '../protocol.js'

/** What a member said: a gRPC status, its message, and the answer. */
export interface MemberAnswer {
  readonly code: number
  readonly message: string
  readonly body: Buffer
}

/** The kernel asks an idle peer whether it is there, so that a dead connection is noticed and a gateway keeps a live one. */
const keepAliveAfterMs = 10_000
/** A member that is not connected by then is not waited for. */
const connectMs = 5_000
/** gRPC's code for whatever kept an answer from coming. */
export const unavailable = 14

const { HTTP2_HEADER_METHOD, HTTP2_HEADER_PATH, HTTP2_HEADER_CONTENT_TYPE } = constants

export class GuardianConnection {
  readonly #target: string
  readonly #tls: boolean
  readonly #pem: GuardianAccess['tls']
  #session: ClientHttp2Session | undefined

  constructor({ target, tls }: GuardianAccess['endpoints'][number], pem: GuardianAccess['tls']) {
    this.#target = target
    this.#tls = tls
    this.#pem = pem
  }

  /**
   * Opens the connection and keeps it.
   *
   * @param onClosed called once when it ends, also when it never came up.
   */
  open(onOpen: () => void, onClosed: () => void): void {
    const session = this.#connected()
    if (session.destroyed) onClosed()
    else session.once('close', onClosed)
    const tooLate = setTimeout(() => {
      session.destroy()
    }, connectMs)
    // The first thing that a server says, and the proof that it speaks HTTP/2.
    session.once('remoteSettings', () => {
      clearTimeout(tooLate)
      onOpen()
    })
  }

  /** One request, one answer. Never rejects: what does not come is {@link unavailable}. */
  ask(
    path: string,
    body: Buffer,
    token: string | undefined,
    timeoutMs: number,
  ): Promise<MemberAnswer> {
    return new Promise((resolve) => {
      const failed = (message: string): void => {
        resolve({ code: unavailable, message, body: Buffer.alloc(0) })
      }
      try {
        const session = this.#connected()
        const stream = session.request({
          [HTTP2_HEADER_METHOD]: 'POST',
          [HTTP2_HEADER_PATH]: path,
          [HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
          te: 'trailers',
          ...(token !== undefined && { token }),
        })
        const chunks: Buffer[] = []
        let status: IncomingHttpHeaders = {}
        stream.on('response', (headers) => (status = headers))
        stream.on('trailers', (trailers: IncomingHttpHeaders) => (status = trailers))
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('error', (error: Error) => {
          failed(error.message)
        })
        stream.on('close', () => {
          const code = status['grpc-status']
          if (code === undefined) failed('the member gave no answer')
          resolve({
            code: Number(code),
            message: String(status['grpc-message'] ?? ''),
            body: Buffer.concat(chunks),
          })
        })
        stream.setTimeout(timeoutMs, () => {
          // Whoever is asked next time is asked over a new connection: this one may be dead.
          session.destroy()
        })
        stream.end(body)
      } catch (error) {
        failed(String(error))
      }
    })
  }

  close(): void {
    this.#session?.destroy()
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== undefined) return this.#session
    const session = connectHttp2(`${this.#tls ? 'https' : 'http'}://${this.#authority}`, {
      createConnection: () => this.#dial(),
    })
    this.#session = session
    const gone = (): void => {
      if (this.#session === session) this.#session = undefined
    }
    // Without a listener it would end the process; 'close' follows.
    session.on('error', gone)
    session.once('goaway', gone)
    session.once('close', gone)
    return session
  }

  get #socketPath(): string | undefined {
    return this.#target.startsWith('unix:') ? this.#target.slice('unix:'.length) : undefined
  }

  get #authority(): string {
    return this.#socketPath === undefined ? this.#target : 'localhost'
  }

  #dial(): Socket {
    const path = this.#socketPath
    const { hostname, port } = new URL(`http://${this.#authority}`)
    // 'http' has a port that URL leaves out.
    const tcp = {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port === '' ? 80 : port),
    }
    const where = path === undefined ? tcp : { path }
    const socket = this.#tls
      ? connectTls({
          ...where,
          ...this.#pem,
          ALPNProtocols: ['h2'],
          ...(/[a-z]/i.test(tcp.host) && !tcp.host.includes(':') && { servername: tcp.host }),
        })
      : connectTcp(where)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveAfterMs)
    return socket
  }
}
