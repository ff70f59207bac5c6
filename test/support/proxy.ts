// A TCP proxy in front of one server, through which a network can be made to fail. It must not know what is sent.

import { createServer, type Server, Socket } from 'node:net'

type Direction = 'both' | 'toServer' | 'toClient'

export class Proxy {
  readonly #server: Server
  readonly #target: number
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>()
  #swallowed: Direction | undefined
  #delayMs = 0

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((client) => {
      this.#connect(client)
    })
  }

  /** In front of what listens on this port of loopback. */
  static async before(port: number): Promise<Proxy> {
    const proxy = new Proxy(port)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get endpoint(): string {
    const address = this.#server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return `http://127.0.0.1:${String(port)}`
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** Takes everything and passes on nothing; connections stay up. */
  blackhole(direction: Direction = 'both'): void {
    this.#swallowed = direction
  }

  /** Passes everything on so much later. */
  delay(ms: number): void {
    this.#delayMs = ms
  }

  /** Ends all connections at once and without a word of HTTP/2. */
  reset(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /** New bytes pass again; those that were swallowed are lost, so connections that had any are broken. */
  heal(): void {
    this.#swallowed = undefined
    this.#delayMs = 0
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.reset()
    await closed
  }

  #connect(client: Socket): void {
    const server = new Socket()
    const pair = [client, server] as const
    this.#pairs.add(pair)
    server.connect(this.#target, '127.0.0.1')
    const end = (): void => {
      this.#pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    this.#pass(client, server, 'toServer')
    this.#pass(server, client, 'toClient')
    for (const socket of pair) {
      socket.on('error', end)
      socket.on('close', end)
    }
  }

  #pass(from: Socket, to: Socket, direction: Direction): void {
    from.on('data', (bytes) => {
      if (this.#swallowed === 'both' || this.#swallowed === direction) return
      const forward = (): void => {
        if (!to.destroyed) to.write(bytes)
      }
      if (this.#delayMs > 0) setTimeout(forward, this.#delayMs)
      else forward()
    })
  }
}
