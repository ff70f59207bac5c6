// A TCP proxy in front of one server, with which a test makes the network fail.

import { createServer, type Server, Socket } from 'node:net'

type Direction = 'both' | 'toServer' | 'toClient'

export class Proxy {
  readonly #server: Server
  readonly #target: { readonly port: number; readonly host: string }
  readonly #pairs = new Set<readonly [client: Socket, server: Socket]>()
  #swallowed: Direction | undefined
  #held: (() => void)[] | undefined
  #delayMs = 0
  #delayed: Direction = 'both'
  #lost: (() => boolean) | undefined
  #refuses = false
  #dialled = 0

  private constructor(target: { port: number; host: string }) {
    this.#target = target
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      this.#connect(client)
    })
  }

  /** Starts a proxy in front of the server on this port. */
  static async before(port: number, host = '127.0.0.1'): Promise<Proxy> {
    const proxy = new Proxy({ port, host })
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get endpoint(): string {
    const address = this.#server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    return `http://127.0.0.1:${String(port)}`
  }

  /** How many connections clients have made. */
  get dialled(): number {
    return this.#dialled
  }

  get connections(): number {
    return this.#pairs.size
  }

  /** Swallows all bytes; connections stay up. */
  blackhole(direction: Direction = 'both'): void {
    this.#swallowed = direction
  }

  /** Holds all bytes back until it is healed, as TCP does when a cut is short. */
  hold(): void {
    this.#held ??= []
  }

  /** Passes all bytes on so much later. */
  delay(ms: number, direction: Direction = 'both'): void {
    this.#delayMs = ms
    this.#delayed = direction
  }

  /**
   * Loses bytes when `lost` says so. Then nothing more passes in that direction on that connection,
   * as TCP delivers nothing that comes after a gap.
   */
  drop(lost: () => boolean): void {
    this.#lost = lost
  }

  /** Resets all connections, and new ones as soon as they are made. */
  refuse(): void {
    this.#refuses = true
    this.reset()
  }

  /** Resets all connections at once, without any HTTP/2 message. */
  reset(): void {
    for (const [client, server] of this.#pairs) {
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
  }

  /** Half-closes all connections: the client reads the end, and may go on sending. */
  halfClose(): void {
    for (const [client] of this.#pairs) client.end()
  }

  /**
   * Lets new bytes pass again. Swallowed bytes are lost, so connections that had any are broken.
   */
  heal(): void {
    this.#swallowed = undefined
    this.#delayMs = 0
    this.#lost = undefined
    this.#refuses = false
    const held = this.#held ?? []
    this.#held = undefined
    for (const forward of held) forward()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.reset()
    await closed
  }

  #connect(client: Socket): void {
    this.#dialled += 1
    if (this.#refuses) {
      client.on('error', () => undefined)
      client.resetAndDestroy()
      return
    }
    const server = new Socket()
    const pair = [client, server] as const
    this.#pairs.add(pair)
    server.connect(this.#target)
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
    client.on('end', end)
    server.on('end', end)
  }

  #pass(from: Socket, to: Socket, direction: 'toServer' | 'toClient'): void {
    let gap = false
    from.on('data', (bytes) => {
      gap ||= this.#lost?.() === true
      if (gap) return
      if (this.#swallowed === 'both' || this.#swallowed === direction) return
      const forward = (): void => {
        if (!to.destroyed) to.write(bytes)
      }
      if (this.#held !== undefined) this.#held.push(forward)
      else if (this.#delayMs > 0 && this.#delayed !== opposite(direction)) {
        setTimeout(forward, this.#delayMs)
      } else forward()
    })
  }
}

function opposite(direction: 'toServer' | 'toClient'): Direction {
  return direction === 'toServer' ? 'toClient' : 'toServer'
}
