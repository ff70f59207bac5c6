// The line between one client and the test's etcd, and all connections that the client has over it.
// It must not know what the etcd is doing, beyond whether it answers.

import type { Clock } from '../base/clock.js'
import type { RpcError } from '../etcd/wire/transport.js'
import type { Endpoint } from '../etcd/wire/endpoint.js'
import type { Transport, TransportFactory } from '../etcd/wire/transport.js'
import type { Faults } from './faults.js'
import { FaultyTransport, type Trouble } from './faulty-transport.js'
import type { LineState } from './line.js'

export class ClientLine implements Trouble {
  readonly #faults: Faults<ClientLine>
  readonly #isServerPaused: () => boolean
  readonly #transports = new Set<FaultyTransport>()
  #state: LineState

  constructor(faults: Faults<ClientLine>, isServerPaused: () => boolean, state: LineState) {
    this.#faults = faults
    this.#isServerPaused = isServerPaused
    this.#state = state
  }

  get state(): LineState {
    return this.#state === 'up' && this.#isServerPaused() ? 'held' : this.#state
  }

  /** How a client reaches the etcd over this line, given how it is reached without anything going wrong. */
  factory(inner: TransportFactory, clock: Clock): TransportFactory {
    return (endpoint: Endpoint): Transport => {
      const transport = new FaultyTransport(inner(endpoint), this, clock, () => {
        this.#transports.delete(transport)
      })
      this.#transports.add(transport)
      return transport
    }
  }

  set(state: LineState): void {
    this.#state = state
    this.pump()
  }

  /** What was held goes on its way, if the line is up. */
  pump(): void {
    for (const transport of [...this.#transports]) transport.resume()
  }

  /** Ends all that is under way on it, or the streams only. */
  fail(error: RpcError, { streamsOnly = false } = {}): void {
    for (const transport of [...this.#transports]) {
      transport.fail(({ isStream }) => isStream || !streamsOnly, error)
    }
  }

  failure(method: string): RpcError | undefined {
    return this.#faults.failure(this, method)
  }

  drops(kind: 'dropRequest' | 'dropAnswer', method: string): boolean {
    return this.#faults.drops(kind, this, method)
  }

  delayMs(method: string): number {
    return this.#faults.delayMs(this, method)
  }
}
