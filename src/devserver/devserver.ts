// The devserver that users start: a member, and the socket it is reached by. It must not know any service.

import { isIPv6 } from 'node:net'
import { noteLastRevision } from './first-revision.js'
import { GrpcServer } from './grpc/server.js'
import { DevMember } from './member.js'
import { type DevServerOptions, resolveDevServerOptions } from './options.js'
import { routerOf } from './router.js'

/**
 * An etcd for development and tests. It keeps everything in memory: what was put is gone when it is closed.
 *
 * ```ts
 * await using server = await DevServer.start()
 * const etcd = new Etcd({ endpoints: server.endpoint })
 * ```
 */
export class DevServer implements AsyncDisposable {
  /** Where clients find it, as a URL. */
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
   * Starts one. When the promise resolves, clients can connect.
   *
   * @throws {@link InvalidArgumentError} naming the first option that is not what it has to be.
   * @throws Error of Node.js when it cannot listen there (`code` is `EADDRINUSE`, `EACCES`, …).
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

  /** Ends all connections, and forgets everything. */
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
  // What listens everywhere listens on loopback too, and nobody can dial "everywhere".
  const dialed = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${isIPv6(dialed) ? `[${dialed}]` : dialed}:${String(port)}`
}
