// The public DevServer: an etcd member behind a socket.

import { isIPv6 } from 'node:net'
import { noteLastRevision } from './first-revision.js'
import { GrpcServer } from './grpc/server.js'
import { DevMember } from './member.js'
import { type DevServerOptions, resolveDevServerOptions } from './options.js'
import { routerOf } from './router.js'

/**
 * An etcd for development and tests. It keeps everything in memory: closing it loses all data.
 *
 * ```ts
 * await using server = await DevServer.start()
 * const etcd = new Etcd({ endpoints: server.endpoint })
 * ```
 */
export class DevServer implements AsyncDisposable {
  /** The URL that clients connect to. */
  readonly endpoint: string
  readonly #member: DevMember
  readonly #server: GrpcServer
  #closed: Promise<void> | undefined

  private constructor(endpoint: string, member: DevMember, server: GrpcServer) {
    this.endpoint = endpoint
    this.#member = member
    this.#server = server
  }

  /**
   * Starts a devserver. When the promise resolves, clients can connect.
   *
   * @throws {@link InvalidArgumentError} naming the first invalid option.
   * @throws Error of Node.js when it cannot listen on `host` and `port` (`code` is `EADDRINUSE`,
   *   `EACCES`, …).
   */
  static async start(options: DevServerOptions = {}): Promise<DevServer> {
    const { host, port, log, ...settings } = resolveDevServerOptions(options)
    const member = new DevMember(settings)
    const server = new GrpcServer(routerOf(member))
    const endpoint = urlOf(host, await server.listen(host, port))
    member.clientUrls = [endpoint]
    log(
      `etcd-elect devserver on ${endpoint}: keeps everything in memory, is for development and tests only`,
    )
    return new DevServer(endpoint, member, server)
  }

  /** Closes all connections and discards all data. May be called more than once. */
  close(): Promise<void> {
    this.#closed ??= this.#server.close()
    this.#member.close()
    noteLastRevision(this.#member.store.revision)
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function urlOf(host: string, port: number): string {
  // A server on the wildcard address listens on loopback too, and clients cannot dial the wildcard.
  const dialed = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${isIPv6(dialed) ? `[${dialed}]` : dialed}:${String(port)}`
}
