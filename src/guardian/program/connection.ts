// One HTTP/2 connection to one member of etcd, opened when it is needed, and requests over it.

import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  type IncomingHttpHeaders,
} from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { GuardianAccess } from '../protocol.js'

/** A member's answer, with its gRPC status and the message of that status. */
export interface MemberAnswer {
  readonly code: number
  readonly message: string
  readonly body: Buffer
}

/**
 * How long a connection may be idle before the kernel probes it. The probes notice a dead
 * connection, and make a gateway keep a live one.
 */
const keepAliveAfterMs = 10_000
const connectTimeoutMs = 5_000
/** gRPC's code for an answer that did not come, for whatever reason. */
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
   * @param onClosed called once when the connection ends, even if it was never open.
   */
  open(onOpen: () => void, onClosed: () => void): void {
    const session = this.#connect()
    if (session.destroyed) onClosed()
    else session.once('close', onClosed)
    const timeout = setTimeout(() => {
      session.destroy()
    }, connectTimeoutMs)
    // A server sends its settings first. They prove that it speaks HTTP/2.
    session.once('remoteSettings', () => {
      clearTimeout(timeout)
      onOpen()
    })
  }

  /** Sends one request. Never rejects: without an answer, the code is {@link unavailable}. */
  send(
    path: string,
    body: Buffer,
    token: string | undefined,
    timeoutMs: number,
  ): Promise<MemberAnswer> {
    return new Promise((resolve) => {
      const fail = (message: string): void => {
        resolve({ code: unavailable, message, body: Buffer.alloc(0) })
      }
      try {
        const session = this.#connect()
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
          fail(error.message)
        })
        stream.on('close', () => {
          const code = status['grpc-status']
          if (code === undefined) fail('the member gave no answer')
          resolve({
            code: Number(code),
            message: String(status['grpc-message'] ?? ''),
            body: Buffer.concat(chunks),
          })
        })
        stream.setTimeout(timeoutMs, () => {
          // The connection may be dead: the next request opens another one.
          session.destroy()
        })
        stream.end(body)
      } catch (error) {
        fail(String(error))
      }
    })
  }

  close(): void {
    this.#session?.destroy()
  }

  #connect(): ClientHttp2Session {
    // 'close' comes a turn after the end.
    if (this.#session?.destroyed === false) return this.#session
    const session = connectHttp2(`${this.#tls ? 'https' : 'http'}://${this.#authority}`, {
      createConnection: () => this.#dial(),
    })
    this.#session = session
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined
    }
    // Without a listener, 'error' would end the process. 'close' follows it.
    session.on('error', forget)
    session.once('goaway', forget)
    session.once('close', forget)
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
    // URL omits the default port of http.
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
