// The line between one client and the test's etcd, with all the client's transports on it.

import type { Clock } from '../base/clock.js'
import type { RpcError } from '../etcd/wire/transport.js'
import type { Endpoint } from '../etcd/wire/endpoint.js'
import type { Transport, TransportFactory } from '../etcd/wire/transport.js'
import type { Faults } from './faults.js'
import { FaultyTransport, type LineFaults } from './faulty-transport.js'
import type { LineState } from './lane.js'

export class ClientLine implements LineFaults {
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

  /** Wraps the transports of a factory, so that they are subject to this line's faults. */
  transportFactory(inner: TransportFactory, clock: Clock): TransportFactory {
    return (endpoint: Endpoint): Transport => {
      const transport = new FaultyTransport(inner(endpoint), this, clock, () => {
        this.#transports.delete(transport)
      })
      this.#transports.add(transport)
      return transport
    }
  }

  setState(state: LineState): void {
    this.#state = state
    this.deliverHeld()
  }

  /** Delivers held messages, if the line is up. */
  deliverHeld(): void {
    for (const transport of [...this.#transports]) transport.deliverHeld()
  }

  /** Fails all calls and streams in progress, or only the streams. */
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
